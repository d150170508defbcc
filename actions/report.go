package actions

import (
	"errors"
	"fmt"
	"math/bits"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroweaver/heddle/actions/connector"
)

// verdict is what an attempt on a target comes to.
type verdict bool

const (
	tryAgain   verdict = false
	settledNow verdict = true // until another epoch is wanted, or the target acknowledges
)

// maxUnverified is how often in a row a target may take an epoch and hold something else before that
// counts as a refusal: caches in front of a gateway are given a moment.
const maxUnverified = 3

// report takes the outcome of an attempt: it journals it, and what follows from it. It does not wait
// for the disk: what follows is done by others once it is durable.
func (m *Manager) report(tg *target, a connector.Assignment, receipt connector.Receipt, err error, took time.Duration, attempt int) (v verdict) {
	if errors.Is(err, errHeld) {
		return settledNow
	}
	now := m.o.Now()
	m.metrics.attempt(tg.name, receipt, err)
	tg.trouble.log(m.log, a, tg.name, err, now)
	m.turn(now, func(t *turn) error {
		f := m.flights[tg.route]
		if f == nil || f.Targets[tg.name] == nil {
			v = settledNow // the route is gone
			return nil
		}
		v = t.attempted(f, tg, a, receipt, err, took, attempt)
		return nil
	})
	return v
}

// attempted takes the outcome of an attempt into the flight.
func (t *turn) attempted(f *flight, tg *target, a connector.Assignment, receipt connector.Receipt, err error, took time.Duration, attempt int) verdict {
	state := f.Targets[tg.name]
	event := attemptEvent{Route: tg.route, Connector: tg.name, Epoch: a.Epoch, Attempt: attempt, TookMS: milliseconds(took)}
	current := a.Epoch == f.Epoch
	var fenced *connector.FencedError
	var refused *connector.RefusedError
	var unverified *connector.UnverifiedError
	switch {
	case err == nil && receipt.Pending:
		if current && !state.Pending && state.Epoch < a.Epoch {
			state.Pending, state.Error = true, ""
			t.batch.Event(t.now, "offered", event)
		}
	case err == nil:
		if a.Epoch <= state.Epoch && (state.Confirmed || !receipt.Confirmed) {
			return settledNow // it held the epoch all along
		}
		*state = targetState{Epoch: a.Epoch, Confirmed: receipt.Confirmed}
		event.Outcome = "taken"
		if receipt.Confirmed {
			event.Outcome = "read_back"
		}
		t.batch.Event(t.now, "read_back", event)
	case errors.As(err, &fenced):
		t.fenced(a, fenced, event)
		return tryAgain
	case errors.As(err, &refused) && refused.Gone:
		state.Disabled, state.Error = true, err.Error()
		event.Outcome, event.Error = "gone", err.Error()
		t.batch.Event(t.now, "target_disabled", event)
	case errors.As(err, &refused), errors.As(err, &unverified) && state.Unverified+1 >= maxUnverified:
		return t.refused(f, tg, state, a, err, event)
	default:
		if unverified != nil {
			state.Unverified++
		}
		t.failed(state, event, err)
		return tryAgain
	}
	if current {
		t.progress(tg.route)
	}
	return settledNow
}

// failed notes an attempt that may succeed when it is repeated.
func (t *turn) failed(state *targetState, event attemptEvent, err error) {
	state.Attempts, state.Error = event.Attempt, err.Error()
	t.routes[event.Route] = true
	if noteworthy(event.Attempt) {
		event.Outcome, event.Error = "failed", err.Error()
		t.batch.Event(t.now, "attempt_failed", event)
	}
}

// noteworthy picks the attempts that are journalled: the first five and then the powers of two, so
// that a peer that is dead for a month does not fill the journal.
func noteworthy(attempt int) bool { return attempt <= 5 || bits.OnesCount(uint(attempt)) == 1 }

// refused takes a target's final no: the switch is undone.
func (t *turn) refused(f *flight, tg *target, state *targetState, a connector.Assignment, err error, event attemptEvent) verdict {
	first := !state.Refused
	state.Refused, state.Attempts, state.Error, state.Unverified = true, event.Attempt, err.Error(), 0
	t.routes[tg.route] = true
	if first || noteworthy(event.Attempt) {
		event.Outcome, event.Error = "refused", err.Error()
		t.batch.Event(t.now, "attempt_failed", event)
	}
	if a.Epoch != f.Epoch {
		return settledNow
	}
	outcomes := t.m.table.Route(tg.route).Refused(t.now, a.Epoch, fmt.Sprintf("%s refused: %v", tg.name, err))
	for _, o := range outcomes {
		t.outcome(o)
	}
	if len(outcomes) > 0 {
		return settledNow // the epoch before it was undone needs no more work
	}
	if f.Phase == phaseCompensating {
		f.Phase = phaseFailed
	}
	return tryAgain
}

// fenced takes a target's word that it holds something newer: a route that has not moved yet takes it
// over, another one goes above it.
func (t *turn) fenced(a connector.Assignment, err *connector.FencedError, event attemptEvent) {
	r := t.m.table.Route(a.Route)
	t.routes[a.Route] = true
	event.Outcome, event.Error = "fenced", err.Error()
	t.batch.Event(t.now, "attempt_failed", event)
	if r.Adopt(t.now, err.Holds.Epoch, err.Holds.Model) {
		f := t.m.flights[a.Route]
		f.Epoch, f.Serving = r.State.Epoch, r.State.Model
		t.batch.Event(t.now, "adopted", adoptedEvent{Route: a.Route, Epoch: f.Epoch, Model: f.Serving, Connector: event.Connector})
		return
	}
	for _, o := range r.Raise(t.now, err.Holds.Epoch) {
		t.outcome(o)
	}
}

// drifted notes that a target has lost what it held; it is told again.
func (m *Manager) drifted(tg *target, a connector.Assignment, holds connector.Reading) {
	m.turn(m.o.Now(), func(t *turn) error {
		t.batch.Event(t.now, "target_drifted", driftEvent{Route: tg.route, Connector: tg.name, Epoch: a.Epoch, Holds: holds.Epoch, Model: holds.Model})
		return nil
	})
}

// holds reports whether the journal knows that the target holds the epoch.
func (m *Manager) holds(route, name string, epoch uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.flights[route]
	return f != nil && f.Targets[name] != nil && f.Targets[name].Epoch >= epoch
}

// probe has the route's connectors try a model, and takes the answer.
func (m *Manager) probe(route, model string) {
	m.crew.do(probing{m, route, model}.run)
}

// hash spreads the seeds of workers.
func hash(text string) uint64 { return xxhash.Sum64String(text) }

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
