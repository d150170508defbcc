package route

import (
	"time"

	"github.com/neuroweaver/heddle/rules"
)

// Policy is what the rule file says of a route, and what its connectors can do about it.
type Policy struct {
	rules.Route
	// CanWeigh: every connector of the route can split traffic, so shift steps are possible.
	CanWeigh bool
	// CanProbe: some connector of the route can try a model.
	CanProbe bool
}

// State is what a route remembers. It survives a restart as it is, except that nobody vouches for
// the fitness of models while the process was down.
type State struct {
	Name string `json:"name"`
	// Epoch numbers what the route told its targets: it rises with every change and never falls.
	Epoch uint64 `json:"epoch"`
	// Model is what the present epoch directs to; From is what the switch to it left.
	Model string `json:"model"`
	From  string `json:"from,omitempty"`
	// Action, Reason and Decided are those of the present switch.
	Action  string    `json:"action"`
	Reason  string    `json:"reason"`
	Decided time.Time `json:"decided"`
	// Step counts the shift steps taken; Steps is how many there are (0: the switch is not gradual).
	// Rest serves what share the step leaves; StepAt is when the next step is due.
	Step   int       `json:"step,omitempty"`
	Steps  []float64 `json:"steps,omitempty"`
	Rest   string    `json:"rest,omitempty"`
	StepAt time.Time `json:"step_at,omitzero"`
	// Applied is the newest assignment that every target holds.
	Applied Applied `json:"applied"`
	// ByHand: a person chose Model, so traffic does not return from it by itself.
	ByHand bool `json:"by_hand,omitempty"`
	// Shadow is what a route in mode shadow would serve; empty: what it serves.
	Shadow string `json:"shadow,omitempty"`

	Pin      *Hold           `json:"pin,omitempty"`
	Excluded map[string]Hold `json:"excluded,omitempty"`
	Barred   map[string]Bar  `json:"barred,omitempty"`
	// ManualMode: too many switches; only people move the route until one of them ends it.
	ManualMode bool `json:"manual_mode,omitempty"`
	// Proposal waits for a person; Rejected is the last one that a person refused.
	Proposal *Proposal `json:"proposal,omitempty"`
	Rejected string    `json:"rejected,omitempty"`

	// LastSwitch is when Model last changed other than to undo a switch; Switches are the automatic
	// ones within the guard's period.
	LastSwitch time.Time   `json:"last_switch,omitzero"`
	Switches   []time.Time `json:"switches,omitempty"`
	// FitSince is since when a model has been known to be fit without a break, DarkSince since when
	// nothing has been known of it. They end with the process, like what Trial counts.
	FitSince  map[string]time.Time `json:"-"`
	DarkSince map[string]time.Time `json:"-"`
	// Returned is when traffic came back to Model by itself; zero: it did not, or has proved itself.
	Returned time.Time `json:"returned,omitzero"`
	// Doublings is how many returns failed: dwell and return-after are doubled so often.
	Doublings int `json:"doublings,omitempty"`
	// Trial counts the probes of a return.
	Trial *Trial `json:"-"`

	// Held says why a change that is wanted does not happen; NoBackup that it is for want of a model,
	// or of knowledge; SwitchFailed what went wrong with the last switch that was undone.
	Held         string `json:"held,omitempty"`
	NoBackup     string `json:"no_backup,omitempty"`
	SwitchFailed string `json:"switch_failed,omitempty"`
	// QuietSince is since when the served model has been unfit and its telemetry quiet.
	QuietSince time.Time `json:"-"`
	// ShadowNoted is the last thing that a shadow rule would have done.
	ShadowNoted string `json:"shadow_noted,omitempty"`
}

// Applied is an assignment that every target holds.
type Applied struct {
	Epoch uint64    `json:"epoch"`
	Model string    `json:"model"`
	Time  time.Time `json:"time,omitzero"`
}

// Hold is what a person said about a model of the route.
type Hold struct {
	Model string    `json:"model"`
	By    string    `json:"by"`
	Why   string    `json:"why,omitempty"`
	Time  time.Time `json:"time"`
}

// line is the hold in words: "pinned by alice: maintenance".
func (h Hold) line(what string) string {
	text := what + " by " + h.By
	if h.Why != "" {
		text += ": " + h.Why
	}
	return text
}

// Bar keeps a model from being chosen after a switch to it failed.
type Bar struct {
	Until time.Time `json:"until"`
	Why   string    `json:"why"`
	// Times is how often in a row; the bar is doubled each time.
	Times int `json:"times"`
	// Over: the time has passed, and the next failure still counts as one in a row.
	Over bool `json:"over,omitempty"`
}

// Proposal is a switch that waits for a person's word.
type Proposal struct {
	Action string    `json:"action"`
	From   string    `json:"from"`
	To     string    `json:"to"`
	Reason string    `json:"reason"`
	Time   time.Time `json:"time"`
	// Key tells one proposal from the next.
	Key string `json:"key"`
}

// Trial counts probes.
type Trial struct {
	Model          string `json:"model"`
	Tried, Passed  int
	Asked, Cleared bool
}

// Route is one route with its state. It is not safe for concurrent use.
type Route struct {
	Policy Policy
	State  State
}

// New is a route that serves its primary from epoch 1 on.
func New(p Policy, now time.Time) *Route {
	r := &Route{Policy: p, State: State{
		Name: p.Name, Epoch: 1, Model: p.Models[0], Action: ActionInitial,
		Reason: "the route's primary", Decided: now,
	}}
	r.State.Applied = Applied{Epoch: 1, Model: p.Models[0], Time: now}
	return r
}

// Resume is a route as it was kept. The clocks of fitness begin anew: what happened while nobody
// looked is not known.
func Resume(p Policy, s State) *Route {
	s.FitSince, s.DarkSince, s.Trial, s.QuietSince = nil, nil, nil, time.Time{}
	return &Route{Policy: p, State: s}
}

// Weights are the shares of traffic that the present epoch directs.
func (s *State) Weights() map[string]float64 {
	share := 1.0
	if s.Step < len(s.Steps) {
		share = s.Steps[s.Step]
	}
	if share >= 1 || s.Rest == "" || s.Rest == s.Model {
		return map[string]float64{s.Model: 1}
	}
	return map[string]float64{s.Model: share, s.Rest: 1 - share}
}

// Shifting reports that a gradual switch has not reached its last step.
func (s *State) Shifting() bool { return s.Step+1 < len(s.Steps) }

// current is the model that decisions start from.
func (r *Route) current() string {
	if r.Policy.Mode == rules.Shadow && r.State.Shadow != "" {
		return r.State.Shadow
	}
	return r.State.Model
}
