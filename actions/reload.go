package actions

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/route"
	"github.com/neuroweaver/heddle/rules"
)

// SetRules puts a load of rules in force. Routes keep their model and epoch; a route that is new
// serves its primary. It changes nothing and returns an error where a route or a rule names a
// connector or a receiver that is not configured.
func (m *Manager) SetRules(routes []rules.Route, infos []*rules.RuleInfo) error {
	if err := m.CheckRules(routes, infos); err != nil {
		return err
	}
	ticket, err := m.turn(m.o.Now(), func(t *turn) error {
		t.setRules(routes, infos)
		return nil
	})
	if err != nil {
		return err
	}
	return m.durable(ticket)
}

func (t *turn) setRules(routes []rules.Route, infos []*rules.RuleInfo) {
	m := t.m
	policies := make([]route.Policy, len(routes))
	targets := make(map[string][]string, len(routes))
	var names []string
	for i, r := range routes {
		names = append(names, r.Name)
		targets[r.Name] = m.targetsOf(r)
		policies[i] = m.policy(r, targets[r.Name])
	}
	before := m.table.Names()
	fresh, dropped := m.table.SetRules(t.now, policies, infos)
	m.book.SetRules(infos)
	m.infos = infos
	gone := map[string]map[string]bool{}
	for _, i := range dropped {
		t.batch.Delete(bucketInstance, i.Key())
		if gone[i.Rule] == nil {
			gone[i.Rule] = map[string]bool{}
		}
		gone[i.Rule][i.Labels.String()] = true
	}
	for rule, instances := range gone {
		for _, a := range m.book.Drop(t.now, rule, instances) {
			t.touch(a, true)
		}
	}
	for _, name := range fresh {
		s := &m.table.Route(name).State
		m.flights[name] = &flight{Epoch: s.Epoch, Phase: phaseApplied, Serving: s.Model, Announced: true, Decided: t.now}
	}
	for _, name := range names {
		m.flights[name].equip(targets[name], m.o.Connectors)
		t.routes[name] = true
		if s := &m.table.Route(name).State; s.Applied.Epoch < s.Epoch {
			t.progress(name) // a target that it waited for may be gone
		}
	}
	t.batch.After(func() {
		m.view.keep(names)
		for _, name := range before {
			if !slices.Contains(names, name) {
				m.fleet.equip(name, nil)
			}
		}
		for _, name := range names {
			m.fleet.equip(name, targets[name])
		}
	})
	t.noteRules(names, infos)
}

// noteRules journals which rules are in force, where that is news.
func (t *turn) noteRules(routes []string, infos []*rules.RuleInfo) {
	event := rulesEvent{Routes: routes, Rules: map[string]string{}}
	for _, info := range infos {
		event.Rules[info.Name] = info.Hash
	}
	encoded, err := json.Marshal(event)
	sum := sha256.Sum256(encoded)
	fingerprint := hex.EncodeToString(sum[:])
	if err != nil || fingerprint == t.m.rules {
		return
	}
	t.m.rules = fingerprint
	t.batch.Event(t.now, "rules", event)
	t.keepMeta()
}

func (t *turn) keepMeta() {
	t.batch.Put(bucketMeta, metaKey, metaRow{Paused: t.m.table.Paused, Rules: t.m.rules})
}

// targetsOf are the names of a route's connectors: those it names, else all.
func (m *Manager) targetsOf(r rules.Route) []string {
	if len(r.Apply) > 0 {
		return r.Apply
	}
	return slices.Sorted(maps.Keys(m.o.Connectors))
}

// policy adds to a route what its connectors can do.
func (m *Manager) policy(r rules.Route, targets []string) route.Policy {
	p := route.Policy{Route: r, CanWeigh: true}
	for _, name := range targets {
		c := m.o.Connectors[name]
		p.CanWeigh = p.CanWeigh && c.Capabilities().Weights
		if prober, ok := c.(connector.Prober); ok && prober.CanProbe() {
			p.CanProbe = true
		}
	}
	return p
}

// CheckRules reports every connector and receiver that is named and not configured: what SetRules
// would refuse.
func (m *Manager) CheckRules(routes []rules.Route, infos []*rules.RuleInfo) error {
	var errs []error
	for _, r := range routes {
		if len(r.Models) == 0 {
			errs = append(errs, fmt.Errorf("%w: route %s has no models", ErrInvalid, r.Name))
		}
		for _, name := range r.Apply {
			if m.o.Connectors[name] == nil {
				errs = append(errs, fmt.Errorf("%w: route %s: apply %s: no such connector; %s", ErrInvalid, r.Name, name, configured(m.o.Connectors)))
			}
		}
	}
	for _, info := range infos {
		for _, name := range info.Notify {
			if m.o.Receivers[name] == nil {
				errs = append(errs, fmt.Errorf("%w: rule %s (%s): notify %s: no such receiver; %s", ErrInvalid, info.Name, info.Position, name, configured(m.o.Receivers)))
			}
		}
	}
	return errors.Join(errs...)
}

func configured[T any](parts map[string]T) string {
	if len(parts) == 0 {
		return "the configuration has none"
	}
	return "the configuration has " + strings.Join(slices.Sorted(maps.Keys(parts)), ", ")
}
