package route

import (
	"maps"
	"slices"
	"strings"

	"github.com/neuroweaver/heddle/rules"
)

// Evidence is what all rules said last. It is not safe for concurrent use.
type Evidence struct {
	instances map[string]*Instance
	// byModel holds those that bear on a route: route → model → instances in the order of their keys.
	byModel map[string]map[string][]keyed
	inForce map[string]bool
}

// keyed is an instance with its key.
type keyed struct {
	key string
	*Instance
}

func (k keyed) compare(key string) int { return strings.Compare(k.key, key) }

// NewEvidence knows nothing yet.
func NewEvidence() *Evidence {
	return &Evidence{
		instances: map[string]*Instance{},
		byModel:   map[string]map[string][]keyed{},
		inForce:   map[string]bool{},
	}
}

// Restore takes back an instance as it was kept. Its state counts, but nobody vouches for it until
// its rule speaks again: what happened meanwhile is not known.
func (e *Evidence) Restore(i *Instance) {
	i.Unknown = true
	e.set(i)
}

// SetRules puts rules in force. Instances of rules that are gone are dropped and returned: no rule
// speaks of them any more.
func (e *Evidence) SetRules(infos []*rules.RuleInfo) (dropped []*Instance) {
	e.inForce = make(map[string]bool, len(infos))
	byName := make(map[string]*rules.RuleInfo, len(infos))
	for _, info := range infos {
		e.inForce[info.Name], byName[info.Name] = true, info
	}
	for _, key := range slices.Sorted(maps.Keys(e.instances)) {
		i := e.instances[key]
		info := byName[i.Rule]
		if i.Rule == rules.BlindRule && byName[i.Labels.Get("rule")] != nil {
			continue // in no file, but as long in force as the rule that it is about
		}
		if info == nil {
			e.remove(i)
			dropped = append(dropped, i)
			continue
		}
		e.remove(i)
		i.Mode, i.Routes = info.Mode, info.Switch
		e.set(i)
	}
	return dropped
}

// Apply takes a transition. It returns the instance as it now is; kept is false where it was dropped.
//
// A change of state is the rule's decision even where its condition has no value (a `missing` clause
// decides without one), so it is known; Unknown counts where the state stays. An instance that is
// gone while its rule is in force is kept where it bears on a route: that nobody follows a model any
// more does not make it fit.
func (e *Evidence) Apply(t rules.Transition) (i *Instance, kept bool) {
	key := InstanceKey(t.Rule.Name, t.Labels)
	i = &Instance{
		Rule: t.Rule.Name, Hash: t.Rule.Hash, Mode: t.Rule.Mode, Routes: t.Rule.Switch, Labels: t.Labels,
		State: t.To, Since: t.Since, Reason: t.Reason, Terms: t.Terms,
		Unknown: t.Unknown && t.From == t.To,
	}
	old := e.instances[key]
	if old != nil {
		e.remove(old)
		i.FiringSince, i.Suspended = old.FiringSince, old.Suspended
	}
	if t.To == rules.Firing && t.From != rules.Recovering {
		i.FiringSince = t.Since
	}
	if t.Removed {
		if !e.inForce[i.Rule] || len(i.Routes) == 0 || i.Model() == "" {
			return i, false
		}
		if old != nil {
			i.State, i.Since, i.Reason, i.Terms = old.State, old.Since, old.Reason, old.Terms
		}
		i.Gone = true
	}
	e.set(i)
	return i, true
}

// Overrule marks what blind rules say of a model as outdated, and returns what changed.
func (e *Evidence) Overrule(route, model string) []*Instance {
	var changed []*Instance
	for _, i := range e.about(route, model) {
		if i.Blind() && !i.Overruled {
			i.Overruled = true
			changed = append(changed, i)
		}
	}
	return changed
}

// All are the instances in the order of their keys.
func (e *Evidence) All() []*Instance {
	all := make([]*Instance, 0, len(e.instances))
	for _, key := range slices.Sorted(maps.Keys(e.instances)) {
		all = append(all, e.instances[key])
	}
	return all
}

// Len is how many there are.
func (e *Evidence) Len() int { return len(e.instances) }

// about are the instances that bear on the model for the route, in the order of their keys.
func (e *Evidence) about(route, model string) []*Instance {
	of := e.byModel[route][model]
	out := make([]*Instance, len(of))
	for n, i := range of {
		out[n] = i.Instance
	}
	return out
}

func (e *Evidence) set(i *Instance) {
	key, model := i.Key(), i.Model()
	e.instances[key] = i
	if model == "" {
		return
	}
	for _, route := range i.Routes {
		models := e.byModel[route]
		if models == nil {
			models = map[string][]keyed{}
			e.byModel[route] = models
		}
		at, there := slices.BinarySearchFunc(models[model], key, keyed.compare)
		if there {
			models[model][at] = keyed{key, i}
		} else {
			models[model] = slices.Insert(models[model], at, keyed{key, i})
		}
	}
}

func (e *Evidence) remove(i *Instance) {
	key, model := i.Key(), i.Model()
	delete(e.instances, key)
	for _, route := range i.Routes {
		of := e.byModel[route][model]
		if at, there := slices.BinarySearchFunc(of, key, keyed.compare); there {
			of = slices.Delete(of, at, at+1)
			e.byModel[route][model] = of
		}
		if len(of) == 0 {
			delete(e.byModel[route], model)
		}
	}
}
