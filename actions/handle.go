package actions

import (
	"context"
	"errors"
	"time"

	"github.com/neuroweaver/heddle/actions/journal"
	"github.com/neuroweaver/heddle/rules"
)

// Handle takes what the rules decided: it journals the transitions and all that follows from them in
// one transaction, and returns when that is durable. While the journal cannot be written it returns
// at once; what was decided then waits in memory, and is neither seen nor acted upon before it is
// durable.
func (m *Manager) Handle(now time.Time, transitions []rules.Transition) {
	if len(transitions) == 0 {
		return
	}
	ticket, _ := m.turn(now, func(t *turn) error {
		for _, transition := range transitions {
			t.transition(transition)
		}
		return nil
	})
	if err := ticket.Wait(context.Background()); err != nil && !errors.As(err, new(*journal.StalledError)) {
		m.log.Error("a decision of the rules was not journalled", "error", err, "transitions", len(transitions))
	}
}

// transition takes one change of one instance into routes and alerts.
func (t *turn) transition(tr rules.Transition) {
	m := t.m
	t.batch.Event(t.now, "transition", transitionEvent(tr))
	instance, kept := m.table.Evidence.Apply(tr)
	if kept {
		t.batch.Put(bucketInstance, instance.Key(), instance)
	} else {
		t.batch.Delete(bucketInstance, instance.Key())
	}
	t.alert(tr)
}

// alert takes a transition into the alert that it belongs to.
func (t *turn) alert(tr rules.Transition) {
	was := t.m.book.IsFiring(tr)
	t.touch(t.m.book.Apply(t.now, tr), was)
}

// Instances are the states of rule instances as the journal has them, for the rule engine to go on
// from after a restart.
func (m *Manager) Instances() []rules.InstanceState {
	m.mu.Lock()
	defer m.mu.Unlock()
	var states []rules.InstanceState
	for _, i := range m.table.Evidence.All() {
		if !i.Gone {
			states = append(states, rules.InstanceState{
				Rule: i.Rule, Labels: i.Labels, State: i.State, Since: i.Since, FiringSince: i.FiringSince,
			})
		}
	}
	return states
}
