package route

import "time"

// The actions of a switch, as they go out.
const (
	ActionInitial  = "initial"  // the state a route starts with; never sent as news
	ActionSwitch   = "switch"   // to another model, by rule
	ActionRollback = "rollback" // back to the primary after recovery
	ActionManual   = "manual"   // by a person
)

// Kind says what a decision came to.
type Kind string

// The kinds of outcome. Each is the kind of an event in the journal.
const (
	// Decided: a switch with a new epoch.
	Decided Kind = "decision"
	// Stepped: the next share of a gradual switch, with a new epoch.
	Stepped Kind = "shift"
	// Restored: a switch that failed is undone, with a new epoch.
	Restored Kind = "compensation"
	// Raised: the same assignment with a new epoch, because a target knew a higher one.
	Raised Kind = "epoch_raised"
	// Proposed: a switch waits for a person. Withdrawn: it is not wanted any more.
	Proposed  Kind = "proposal"
	Withdrawn Kind = "proposal_withdrawn"
	// ShadowDecided: what would have been done in mode shadow.
	ShadowDecided Kind = "shadow"
	// HeldBack: a change is wanted and does not happen. Released: it is no longer so.
	HeldBack Kind = "held"
	Released Kind = "released"
	// WentManual: the guard's limit was reached.
	WentManual Kind = "manual_mode"
	// ReturnFailed: a model to which traffic had returned became unfit soon.
	ReturnFailed Kind = "return_failed"
	// Said: a person's word on the route.
	Said Kind = "operator"
)

// Outcome is one thing that was decided about a route, with all that explains it.
type Outcome struct {
	Kind             Kind
	Route            string
	Epoch            uint64
	Action, From, To string
	Reason           string
	// Causes are the instances behind it, Candidates all models as they stood, best first.
	Causes     []*Instance
	Candidates []Candidate
	Weights    map[string]float64
	// Who and Why are a person's; Verb is what the person did.
	Who, Why, Verb string
	// Until is when a change that is held back may happen; zero: not by itself.
	Until time.Time
}

// NewEpoch reports that targets have to be told.
func (o Outcome) NewEpoch() bool {
	switch o.Kind {
	case Decided, Stepped, Restored, Raised:
		return true
	}
	return false
}
