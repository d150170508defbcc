package actions

import (
	"context"
	"errors"
	"time"

	"github.com/neuroweaver/heddle/actions/journal"
	"github.com/neuroweaver/heddle/rules"
)

// Handle takes what the rules decided: it journals the transitions and all that follows from them in
// one transaction, and returns when that is durable. Of a storm, what may move a route comes first, in
// a transaction of its own. While the journal cannot be written it returns
// at once; what was decided then waits in memory, and is neither seen nor acted upon before it is
// durable.
func (m *Manager) Handle(now time.Time, transitions []rules.Transition) {
	if len(transitions) == 0 {
		return
	}
	ticket, _ := m.turn(now, func(t *turn) error {
		t.take(transitions)
		return nil
	})
	if err := ticket.Wait(context.Background()); err != nil && !errors.As(err, new(*journal.StalledError)) {
		m.log.Error("a decision of the rules was not journalled", "error", err, "transitions", len(transitions))
	}
}

// stormSize is how many transitions are not waited for by those that may move a route: one call with
// fewer takes a few milliseconds, about what a second transaction would.
const stormSize = 100

// take takes what the rules decided: at once all that may move a route, and the rest too unless it is
// a storm. What is said of one instance stays in order, because it is all of one kind.
func (t *turn) take(transitions []rules.Transition) {
	moves := t.m.table.Concerns
	urgent := 0
	for _, transition := range transitions {
		if moves(transition) {
			urgent++
		}
	}
	storm := urgent > 0 && len(transitions)-urgent > stormSize
	for _, transition := range transitions {
		if storm && !moves(transition) {
			t.later = append(t.later, transition)
		} else {
			t.transition(transition)
		}
	}
}

// transition takes one change of one instance into routes and alerts.
func (t *turn) transition(tr rules.Transition) {
	m := t.m
	t.batch.Event(t.now, "transition", transitionEvent(tr))
	instance, kept := m.table.Evidence.Apply(tr)
	key := instance.Key()
	if kept {
		t.batch.Put(bucketInstance, key, instance)
		t.instances[key] = instance
	} else {
		t.batch.Delete(bucketInstance, key)
		delete(t.instances, key)
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
