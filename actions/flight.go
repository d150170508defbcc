package actions

import (
	"maps"
	"slices"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/route"
)

// The phases of an epoch on its way to the targets.
//
//	planned → applying → verifying → applied
//	             └→ compensating → reverted | failed
//
// Planned is what has been decided and is not durable yet: the journal's decision is its only trace.
const (
	phaseApplying     = "applying"     // durable; some target has not taken it
	phaseVerifying    = "verifying"    // all have taken it; some have not acknowledged
	phaseApplied      = "applied"      // all hold it, as far as they can be asked
	phaseCompensating = "compensating" // a target refused: the model before is being restored
	phaseReverted     = "reverted"     // it has been
	phaseFailed       = "failed"       // a target refused that as well; it is tried again
)

// flight is an epoch on its way to the targets of its route. It is kept with the route.
type flight struct {
	Epoch uint64 `json:"epoch"`
	Phase string `json:"phase"`
	// Serving is the model that every target which can be told serves.
	Serving string `json:"serving"`
	// Announced: the switch that Epoch belongs to is in the journal as done.
	Announced bool `json:"announced,omitempty"`
	// Cause, From and Decided are those of the switch; its last shift step has a later epoch.
	Cause   *causeEvent `json:"cause,omitempty"`
	From    string      `json:"from,omitempty"`
	Decided time.Time   `json:"decided"`
	// Targets by the names of their connectors.
	Targets map[string]*targetState `json:"targets,omitempty"`
}

// targetState is what is known of one target.
type targetState struct {
	// Epoch is the newest that it holds, and Confirmed whether it was read back.
	Epoch     uint64 `json:"epoch"`
	Confirmed bool   `json:"confirmed,omitempty"`
	// Pending: it was offered the flight's epoch and has not acknowledged.
	Pending  bool   `json:"pending,omitempty"`
	Disabled bool   `json:"disabled,omitempty"`
	Refused  bool   `json:"refused,omitempty"`
	Attempts int    `json:"attempts,omitempty"`
	Error    string `json:"error,omitempty"`
	// Unverified counts how often in a row it took the epoch and held something else.
	Unverified int `json:"unverified,omitempty"`
}

// assignment is what the targets are to hold now.
func (f *flight) assignment(s *route.State) connector.Assignment {
	return connector.Assignment{
		Route: s.Name, Epoch: s.Epoch, Action: s.Action, From: s.From, To: s.Model,
		Weights: s.Weights(), Reason: s.Reason, Decided: s.Decided,
	}
}

// launch begins the flight of a new epoch. A route without targets is applied at once, which it
// reports.
func (t *turn) launch(o route.Outcome) (confirmed bool) {
	f := t.m.flights[o.Route]
	f.Epoch, f.Phase = o.Epoch, phaseApplying
	switch o.Kind {
	case route.Decided:
		if !f.Announced && f.Cause != nil {
			t.batch.Event(t.now, "superseded", supersededEvent{Route: o.Route, To: o.From, Epoch: o.Epoch - 1, By: o.Epoch})
		}
		f.Cause, f.From, f.Decided, f.Announced = cause(o), o.From, t.now, false
		t.m.metrics.decisions.WithLabelValues(o.Route, o.Action).Inc()
	case route.Restored:
		f.Phase, f.Announced = phaseCompensating, true
	}
	for _, target := range f.Targets {
		target.Attempts, target.Error, target.Refused, target.Pending, target.Unverified = 0, "", false, false, 0
	}
	return t.progress(o.Route)
}

// progress moves the flight on after a change of its targets. It reports whether the epoch has just
// been applied.
func (t *turn) progress(name string) (confirmed bool) {
	r, f := t.m.table.Route(name), t.m.flights[name]
	t.routes[name] = true
	taken, held := true, true
	for _, target := range f.Targets {
		if target.Disabled {
			continue
		}
		taken = taken && (target.Pending || target.Epoch >= f.Epoch)
		held = held && target.Epoch >= f.Epoch
	}
	if len(f.Targets) > 0 && f.allDisabled() {
		taken, held = false, false
	}
	if taken {
		if f.Phase == phaseApplying {
			f.Phase = phaseVerifying
		}
		f.Serving = most(r.State.Weights(), r.State.Model)
	}
	if !held || !r.Confirm(t.now, f.Epoch) {
		return false
	}
	t.landed(r, f)
	return true
}

// landed ends a flight: every target holds its epoch.
func (t *turn) landed(r *route.Route, f *flight) {
	s := &r.State
	undone := f.Phase == phaseCompensating || f.Phase == phaseFailed
	f.Phase = phaseApplied
	kind := "switch"
	switch {
	case undone:
		f.Phase, kind = phaseReverted, "reverted"
	case f.Announced:
		return // only the epoch is new
	case s.Shifting():
		kind = "shift_applied"
	default:
		f.Announced = true
		t.m.metrics.switched(s.Name, s.Action, t.now.Sub(f.Decided))
	}
	event := switchEvent{
		Route: s.Name, From: f.From, To: s.Model, Epoch: f.Epoch, Action: s.Action, Reason: s.Reason, Cause: f.Cause,
		Weights: s.Weights(), DecidedAt: f.Decided, AppliedAt: t.now, TookMS: milliseconds(t.now.Sub(f.Decided)), Targets: f.guarantees(),
	}
	t.batch.Event(t.now, kind, event)
	t.logLanded(kind, event)
}

// guarantees says for each target how sure it is: "read_back", "taken" or "disabled".
func (f *flight) guarantees() map[string]string {
	out := map[string]string{}
	for name, target := range f.Targets {
		switch {
		case target.Disabled:
			out[name] = "disabled"
		case target.Confirmed:
			out[name] = "read_back"
		default:
			out[name] = "taken"
		}
	}
	return out
}

func (f *flight) allDisabled() bool {
	for _, target := range f.Targets {
		if !target.Disabled {
			return false
		}
	}
	return true
}

// most is the model with the largest share; at equal shares the one that traffic moves to.
func most(weights map[string]float64, to string) string {
	return connector.Assignment{To: to, Weights: weights}.Serving()
}

// equip gives the flight the targets of its route's connectors. What is known of a target that stays
// is kept; a new one holds nothing yet, unless it is only told of changes: then it is told of the
// next.
func (f *flight) equip(names []string, connectors map[string]connector.Connector) {
	old := f.Targets
	f.Targets = make(map[string]*targetState, len(names))
	for _, name := range names {
		target := old[name]
		if target == nil {
			target = &targetState{}
			if !connectors[name].Capabilities().Document {
				target.Epoch = f.Epoch
			}
		}
		f.Targets[name] = target
	}
}

// targetNames lists the targets in order.
func (f *flight) targetNames() []string { return slices.Sorted(maps.Keys(f.Targets)) }
