package rules

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/window"
	"github.com/neuroweaver/heddle/tsdb"
)

// Load puts a program in force, all at once. Rules whose text did not change keep their instances
// with states and clocks; the instances of the others are removed, with a transition that says so.
// The states of restored are taken over where their rule exists. Windows are rebuilt from the store,
// while the rules in force go on deciding; without a store they start empty. What goes further back than
// windows is left to Recall. When Load fails, nothing has changed.
func (e *Engine) Load(ctx context.Context, p *Program, restored []InstanceState, now time.Time) error {
	e.loading.Lock()
	defer e.loading.Unlock()
	next := newForce(p, e.options.Grace, e.options.Store != nil)
	clocks := e.startMissing()
	err := e.rebuild(ctx, next, clocks, now)
	if err == nil {
		err = e.meetPast(ctx, next, clocks, now)
	}

	e.turn.Lock()
	defer e.turn.Unlock()
	e.mu.Lock()
	late := e.missed
	e.missed = nil
	if err != nil {
		e.mu.Unlock()
		e.metrics.loads.WithLabelValues("failed").Inc()
		return err
	}
	changed := e.swap(next, late, restored, now)
	e.mu.Unlock()
	e.notify(now, changed)
	e.metrics.loads.WithLabelValues("loaded").Inc()
	return nil
}

// startMissing has Observe keep what is committed from here on, and returns copies of the clocks in
// force, by hash of the labels of their series: a reload keeps what they know of their senders.
func (e *Engine) startMissing() map[uint64]*window.Clock {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.missed = &missed{names: map[tsdb.SeriesID]labels.Labels{}}
	copies, byHash := map[*window.Clock]*window.Clock{}, map[uint64]*window.Clock{}
	for tr := range e.force.tracked {
		if copies[tr.clock] == nil {
			copies[tr.clock] = tr.clock.Copy()
		}
		byHash[tr.hash] = copies[tr.clock]
	}
	return byHash
}

// swap replaces the program in force, and brings the new one up to date with what was committed
// while it was being built.
func (e *Engine) swap(next *force, late *missed, restored []InstanceState, now time.Time) (changed []Transition) {
	sights := newSights(next.program, now)
	for _, state := range restored {
		if state.Rule == BlindRule {
			if s := sights[next.ruleOf[state.Labels.Get("rule")]]; s != nil {
				s.alerted = state.State == Firing
			}
			continue
		}
		if r := next.ruleOf[state.Rule]; r != nil {
			if i := next.instance(r, state.Labels, now); i != nil {
				i.restore(state)
				i.subject.heard = now.UnixNano()
			}
		}
	}
	for i := range e.force.instances {
		r := next.ruleOf[i.rule.info.Name]
		if r == nil || r.info.Hash != i.rule.info.Hash {
			if i.life.state != Inactive || i.announced {
				changed = append(changed, i.removed(now))
			}
			continue
		}
		if kept := next.instance(r, i.subject.labels, now); kept != nil {
			kept.life, kept.covered, kept.announced = i.life, i.covered, i.announced
			kept.subject.newest = max(kept.subject.newest, i.subject.newest)
			kept.subject.heard = max(kept.subject.heard, i.subject.heard)
		}
	}
	e.keepPasts(next)
	for r, s := range e.sights {
		if kept := sights[next.ruleOf[r.info.Name]]; kept != nil {
			kept.alerted, kept.since = s.alerted, s.since
		} else if s.alerted {
			changed = append(changed, Transition{
				Rule: s.info, Labels: labels.FromStrings("rule", r.info.Name), From: Firing, To: Inactive, Removed: true,
				Time: now, Since: now, Reason: "the rule was removed",
			})
		}
	}
	old := e.force
	e.force, e.timers, e.sights, e.sightDue = next, timers{}, sights, time.Time{}
	e.metrics.blind.Reset()
	for r, s := range sights {
		e.sightDue = earliest(e.sightDue, s.due())
		if s.alerted {
			e.metrics.blind.WithLabelValues(r.info.Name).Set(1)
		}
	}
	for _, g := range next.groups {
		g.learns = false
	}
	for i := range late.rows {
		e.row(&late.rows[i].Row, late.rows[i].at, late.name)
	}
	next.carryDetectors(old)
	e.metrics.instances.Reset()
	for i := range next.instances {
		e.metrics.count(life{}, i.life)
		e.queue(i.subject)
	}
	cost := next.program.cost
	e.metrics.cost.WithLabelValues("samples").Set(float64(cost.Samples))
	e.metrics.cost.WithLabelValues("steps").Set(float64(cost.Steps))
	return append(changed, e.settle(momentOf(now))...)
}

// instances gives all instances.
func (f *force) instances(yield func(*instance) bool) {
	for _, g := range f.groups {
		for _, s := range g.byKey {
			for _, i := range s.instances {
				if !yield(i) {
					return
				}
			}
		}
	}
}

// instance returns the rule's instance for labels, which it makes; nil where a label is missing.
func (f *force) instance(r *rule, instance labels.Labels, now time.Time) *instance {
	for _, g := range f.groups {
		if g.scope == r.scope {
			if s := g.subject(instance); s != nil {
				return s.add(r, now)
			}
		}
	}
	return nil
}

// restore takes over a state from before a restart. A hold goes on from when it began.
func (i *instance) restore(s InstanceState) {
	i.life = life{state: s.State, since: s.Since, firingSince: s.FiringSince}
	if s.State == Pending || s.State == Recovering {
		i.life.counting = s.Since
	}
}

// removed tells that the instance is gone with its rule.
func (i *instance) removed(now time.Time) Transition {
	return Transition{
		Rule: i.rule.info, Labels: i.subject.labels, From: i.life.state, To: Inactive, Removed: true,
		Time: now, Since: now, Reason: "the rule was changed or removed",
	}
}
