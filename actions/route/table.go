package route

import (
	"maps"
	"slices"
	"time"

	"github.com/neuroweaver/heddle/rules"
)

// Table is all routes with the evidence they share. It is not safe for concurrent use.
type Table struct {
	Evidence *Evidence
	// Paused holds back all automatic moves of all routes.
	Paused bool

	routes map[string]*Route
	kept   map[string]State // of routes that no policy names at present
}

// NewTable has no routes.
func NewTable() *Table {
	return &Table{Evidence: NewEvidence(), routes: map[string]*Route{}, kept: map[string]State{}}
}

// Restore takes back the state of a route; it comes into force with its policy.
func (t *Table) Restore(s State) { t.kept[s.Name] = s }

// SetRules puts policies and rules in force. A route keeps its state over a change of its policy, and
// while no policy names it. It returns the routes that are new and the instances that were dropped.
func (t *Table) SetRules(now time.Time, policies []Policy, infos []*rules.RuleInfo) (fresh []string, dropped []*Instance) {
	dropped = t.Evidence.SetRules(infos)
	before := t.routes
	t.routes = make(map[string]*Route, len(policies))
	for _, p := range policies {
		if old := before[p.Name]; old != nil {
			old.Policy = p
			t.routes[p.Name] = old
		} else if state, ok := t.kept[p.Name]; ok {
			t.routes[p.Name] = Resume(p, state)
			delete(t.kept, p.Name)
		} else {
			t.routes[p.Name] = New(p, now)
			fresh = append(fresh, p.Name)
		}
		delete(before, p.Name)
	}
	for name, r := range before {
		t.kept[name] = r.State
	}
	return fresh, dropped
}

// Route is the route of this name, or nil.
func (t *Table) Route(name string) *Route { return t.routes[name] }

// Names lists the routes in order.
func (t *Table) Names() []string { return slices.Sorted(maps.Keys(t.routes)) }

// Concerns reports whether what is said of an instance may move a route.
func (t *Table) Concerns(tr rules.Transition) bool {
	model := tr.Labels.Get(ModelLabel)
	return slices.ContainsFunc(tr.Rule.Switch, func(name string) bool {
		r := t.routes[name]
		return r != nil && (model == r.State.Model || slices.Contains(r.Policy.Models, model))
	})
}

// Decide brings every route to what the evidence asks for at now.
func (t *Table) Decide(now time.Time) []Outcome {
	var out []Outcome
	for _, name := range t.Names() {
		out = append(out, t.routes[name].Decide(now, t.Evidence, t.Paused)...)
	}
	return out
}

// NextTick is when Decide has something to do without news; zero: never.
func (t *Table) NextTick(now time.Time) time.Time {
	var next time.Time
	for _, r := range t.routes {
		if at := r.NextTick(now, t.Evidence); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}
