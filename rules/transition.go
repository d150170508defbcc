package rules

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// State is where one instance of a rule is in its life.
type State uint8

// The states of an instance: inactive → pending → firing → recovering → inactive.
const (
	Inactive State = iota
	Pending
	Firing
	Recovering
)

// Severity is how bad it is when a rule fires.
type Severity uint8

// The severities, from mild to grave, so that they can be compared.
const (
	Info Severity = iota
	Warning
	Critical
)

// Mode says how far a rule may act on its own.
type Mode uint8

// The modes: shadow records what it would do, approve asks a person, auto acts.
const (
	Auto Mode = iota
	Approve
	Shadow
)

// Transition is one change of one instance: of its state, or of whether its condition is known.
// It carries all that the action layer needs, so that nobody has to ask back.
type Transition struct {
	// Rule is the rule as it was when this was decided.
	Rule *RuleInfo
	// Labels are the values of the rule's `on` labels: they name the instance within the rule.
	Labels labels.Labels
	// From and To are the states before and after; equal when only Unknown changed.
	From, To State
	// Unknown reports that the condition has no value at present (a blind instance): its state is
	// kept, and it counts neither as fit nor as recovered.
	Unknown bool
	// Removed reports that the rule, or the instance, is gone: To is Inactive, and nobody recovered.
	Removed bool
	// Time is the server's clock when this was decided.
	Time time.Time
	// SampleTime is the time of the newest sample that the decision rests on.
	SampleTime time.Time
	// Arrived is when the request that caused this reached the server; zero where a timer did.
	Arrived time.Time
	// Since is when the state To began on the server's clock.
	Since time.Time
	// Reason is one line for people: "p95(latency, 1m) = 3.2 > 2".
	Reason string
	// Summary, AlertLabels and Annotations are the rule's texts with their expressions filled in.
	Summary     string
	AlertLabels map[string]string
	Annotations map[string]string
	// Terms are the values behind the decision, in the order of the condition.
	Terms []Term
}

// Term is one window function of a condition with its value.
type Term struct {
	// Text is the term as written: "p95(latency, 1m)".
	Text string `json:"text"`
	// Value is its number; meaningless unless Known.
	Value float64 `json:"value"`
	Known bool    `json:"known"`
	// Samples is how many samples the value rests on.
	Samples int `json:"samples"`
	// Op and Threshold are the comparison that the term stands in, if it is a plain one ("> 2").
	Op        string  `json:"op,omitempty"`
	Threshold float64 `json:"threshold,omitempty"`
}

// RuleInfo is what the action layer has to know of a rule.
type RuleInfo struct {
	Name string
	// Hash is the SHA-256 of the rule's canonical text, in hex.
	Hash string
	// Text is the rule's canonical text, and Position where it stands ("chat.rules:14").
	Text, Position string
	On             []string
	Severity       Severity
	Mode           Mode
	// DedupBy are the labels by which alerts are merged (nil: each instance is its own alert), and
	// DedupFor how long a merged alert is not sent again unless it grows worse.
	DedupBy  []string
	DedupFor time.Duration
	// Because names the rules of which this one is only a symptom.
	Because []string
	// Switch names the routes for which a model is unfit while this rule fires for it. The model is
	// the value of the label `model`.
	Switch []string
	// Notify names receivers.
	Notify []string
}

// Route is the policy of one route as the rule file states it.
type Route struct {
	Name string
	// Models in order of preference; the first is the primary.
	Models []string
	// Apply names connectors in the order they are to be applied; empty: all that are configured.
	Apply []string
	Mode  Mode
	// Dwell is the shortest time between two switches; 0: none.
	Dwell time.Duration
	// MaxSwitches within MaxPer; 0: no limit.
	MaxSwitches int
	MaxPer      time.Duration
	// ReturnAfter is how long a more preferred model must be known to be fit, without a break,
	// before traffic returns to it; ReturnNever turns returns off.
	ReturnAfter time.Duration
	ReturnNever bool
	// ProbePass of ProbeTries probes must pass before a return; 0: no probes.
	ProbePass, ProbeTries int
	// ShiftPercents are the steps of a gradual switch and ShiftEvery the time between them.
	ShiftPercents []float64
	ShiftEvery    time.Duration
	// Prefer names the score by which candidates are ranked; empty: the order of Models.
	Prefer string
}

// InstanceState is what has to survive a restart of one instance.
type InstanceState struct {
	Rule   string
	Labels labels.Labels
	State  State
	// Since is when State began; FiringSince when the instance last began to fire (zero: never).
	Since, FiringSince time.Time
}

// Router is the action layer as tests and replays of rules see it: told the same transitions on a
// given clock, it says what the routes would do. The action layer provides one without effects.
type Router interface {
	// Handle takes the transitions decided at now.
	Handle(now time.Time, transitions []Transition) []RouteEvent
	// Tick does what is due at now without a transition (dwell over, a return that matured).
	Tick(now time.Time) []RouteEvent
	// NextTick is when Tick has something to do; zero: nothing is due.
	NextTick() time.Time
	// Serving is the model that a route serves; false for a route that does not exist.
	Serving(route string) (model string, ok bool)
}

// RouteEvent is one move of a route in a test or replay.
type RouteEvent struct {
	Time  time.Time
	Route string
	// Action is "switch", "rollback" or "manual".
	Action, From, To, Reason string
}
