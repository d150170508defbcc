package actions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/journal"
	"github.com/neuroweaver/heddle/actions/route"
)

// Switch moves a route by hand. Traffic does not return from there by itself, but leaves when the
// model becomes unfit. Unpin gives the route back to the rules.
func (m *Manager) Switch(name, model, who, why string) (RouteStatus, error) {
	return m.people(name, who, func(r *route.Route, now time.Time) ([]route.Outcome, error) {
		return r.Switch(now, model, who, why, m.table.Evidence)
	})
}

// Pin has a route serve the model, fit or not, until Unpin.
func (m *Manager) Pin(name, model, who, why string) (RouteStatus, error) {
	return m.people(name, who, func(r *route.Route, now time.Time) ([]route.Outcome, error) {
		return r.Pin(now, model, who, why, m.table.Evidence)
	})
}

// Unpin gives a route back to the rules: it ends a pin, manual mode and the hold of a switch by hand.
func (m *Manager) Unpin(name, who, why string) (RouteStatus, error) {
	return m.people(name, who, func(r *route.Route, now time.Time) ([]route.Outcome, error) {
		return r.Unpin(now, who, why, m.table.Evidence, m.table.Paused)
	})
}

// Exclude keeps a model from serving a route until Include.
func (m *Manager) Exclude(name, model, who, why string) (RouteStatus, error) {
	return m.people(name, who, func(r *route.Route, now time.Time) ([]route.Outcome, error) {
		return r.Exclude(now, model, who, why, m.table.Evidence, m.table.Paused)
	})
}

// Include ends an exclusion.
func (m *Manager) Include(name, model, who, why string) (RouteStatus, error) {
	return m.people(name, who, func(r *route.Route, now time.Time) ([]route.Outcome, error) {
		return r.Include(now, model, who, why, m.table.Evidence, m.table.Paused)
	})
}

// Approve does what a route proposes; in manual mode it also ends that.
func (m *Manager) Approve(name, who, why string) (RouteStatus, error) {
	return m.people(name, who, func(r *route.Route, now time.Time) ([]route.Outcome, error) {
		return r.Approve(now, who, why, m.table.Evidence)
	})
}

// Reject refuses what a route proposes.
func (m *Manager) Reject(name, who, why string) (RouteStatus, error) {
	return m.people(name, who, func(r *route.Route, now time.Time) ([]route.Outcome, error) {
		return r.Reject(now, who, why, m.table.Evidence, m.table.Paused)
	})
}

// maxWords bounds who and why: they stand in the journal for good.
const maxWords = 1000

// people takes a person's word on a route, and returns the route once that is durable.
func (m *Manager) people(name, who string, say func(*route.Route, time.Time) ([]route.Outcome, error)) (RouteStatus, error) {
	if who == "" || len(who) > maxWords {
		return RouteStatus{}, fmt.Errorf("%w: say who you are, in 1 to %d characters", ErrInvalid, maxWords)
	}
	err := m.commit(m.o.Now(), func(t *turn) error {
		r := m.table.Route(name)
		if r == nil {
			return noRoute(name)
		}
		outcomes, err := say(r, t.now)
		if err != nil {
			return asError(err)
		}
		for _, o := range outcomes {
			t.outcome(o)
		}
		return nil
	})
	status, _ := m.Route(name)
	return status, err
}

// asError sorts the errors of package route.
func asError(err error) error {
	if errors.Is(err, route.ErrUnknownModel) {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return fmt.Errorf("%w: %w", ErrConflict, err)
}

func noRoute(name string) error { return fmt.Errorf("%w: route %q", ErrNotFound, name) }

// maxGateways bounds whose acknowledgements of one route are remembered.
const maxGateways = 1000

// Ack is the word of a gateway that it holds the epoch of a route.
func (m *Manager) Ack(name string, epoch uint64, who string) (RouteStatus, error) {
	if who == "" || len(who) > maxWords {
		return RouteStatus{}, fmt.Errorf("%w: say who acknowledges, in 1 to %d characters", ErrInvalid, maxWords)
	}
	shown, ok := m.Route(name)
	if !ok {
		return RouteStatus{}, noRoute(name)
	}
	if epoch == 0 || epoch > shown.Epoch {
		return shown, fmt.Errorf("%w: epoch %d of route %s has never been offered; the newest is %d", ErrInvalid, epoch, name, shown.Epoch)
	}
	err := m.commit(m.o.Now(), func(t *turn) error {
		if m.acks[name] == nil {
			m.acks[name] = map[string]uint64{}
		}
		known, seen := m.acks[name][who]
		if known == epoch {
			return nil // gateways acknowledge with every poll
		}
		if !seen && len(m.acks[name]) >= maxGateways {
			return fmt.Errorf("%w: more than %d gateways acknowledge this route", ErrConflict, maxGateways)
		}
		m.acks[name][who] = epoch
		t.batch.Event(t.now, "ack", ackEvent{Route: name, Epoch: epoch, Who: who})
		return nil
	})
	if err != nil && !errors.As(err, new(*journal.StalledError)) {
		return shown, err
	}
	for _, tg := range m.fleet.of(name) {
		if a, ok := tg.connector.(connector.Acknowledger); ok {
			tg.acknowledge(a, epoch, who)
		}
	}
	status, _ := m.Route(name)
	return status, err
}

// acknowledge passes a gateway's word to the connector. What the gateway saw may be newer than what
// the worker has offered, so it is offered first.
func (t *target) acknowledge(a connector.Acknowledger, epoch uint64, who string) {
	t.mu.Lock()
	wanted := t.wanted
	t.mu.Unlock()
	if wanted == nil {
		return
	}
	if _, err := t.connector.Apply(context.Background(), *wanted); err != nil {
		return // the worker meets the same error, and reports it
	}
	if a.Acknowledge(t.route, epoch, who) == nil {
		t.ask()
	}
}

// SetAutomation turns all automatic switches off or on; people can always switch.
func (m *Manager) SetAutomation(on bool, who, why string) error {
	if who == "" || len(who) > maxWords {
		return fmt.Errorf("%w: say who you are, in 1 to %d characters", ErrInvalid, maxWords)
	}
	return m.commit(m.o.Now(), func(t *turn) error {
		m.table.Paused = !on
		t.batch.Event(t.now, "automation", automationEvent{On: on, Who: who, Why: why})
		t.keepMeta()
		return nil
	})
}

// Automation reports whether automatic switches are on.
func (m *Manager) Automation() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.table.Paused
}
