package actions

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/actions/alert"
	"github.com/neuroweaver/heddle/actions/route"
	"github.com/neuroweaver/heddle/rules"
)

// The payloads of the journal's events; docs/actions.md lists the kinds.

// termEvent is one window function behind a decision.
type termEvent struct {
	Text      string       `json:"text"`
	Value     alert.Number `json:"value"`
	Known     bool         `json:"known"`
	Samples   int          `json:"samples"`
	Op        string       `json:"op,omitempty"`
	Threshold alert.Number `json:"threshold,omitempty"`
}

func termEvents(terms []rules.Term) []termEvent {
	out := make([]termEvent, len(terms))
	for i, t := range terms {
		out[i] = termEvent{t.Text, alert.Number(t.Value), t.Known, t.Samples, t.Op, alert.Number(t.Threshold)}
	}
	return out
}

type transitionPayload struct {
	Rule       string            `json:"rule"`
	RuleHash   string            `json:"rule_hash"`
	Position   string            `json:"position,omitempty"`
	Model      string            `json:"model,omitempty"`
	Labels     labels.Labels     `json:"labels"`
	From       string            `json:"from"`
	To         string            `json:"to"`
	Unknown    bool              `json:"unknown,omitempty"`
	Removed    bool              `json:"removed,omitempty"`
	Severity   string            `json:"severity"`
	Reason     string            `json:"reason,omitempty"`
	Summary    string            `json:"summary,omitempty"`
	Terms      []termEvent       `json:"terms,omitempty"`
	Annotation map[string]string `json:"annotations,omitempty"`
	DecidedAt  time.Time         `json:"decided_at"`
	Since      time.Time         `json:"since"`
	SampleTime time.Time         `json:"sample_time,omitzero"`
	Arrived    time.Time         `json:"arrived,omitzero"`
}

func transitionEvent(t rules.Transition) transitionPayload {
	return transitionPayload{
		Rule: t.Rule.Name, RuleHash: t.Rule.Hash, Position: t.Rule.Position, Model: t.Labels.Get(route.ModelLabel),
		Labels: t.Labels, From: stateName(t.From), To: stateName(t.To), Unknown: t.Unknown, Removed: t.Removed,
		Severity: alert.SeverityName(t.Rule.Severity), Reason: t.Reason, Summary: t.Summary, Terms: termEvents(t.Terms),
		Annotation: t.Annotations, DecidedAt: t.Time, Since: t.Since, SampleTime: t.SampleTime, Arrived: t.Arrived,
	}
}

func stateName(s rules.State) string {
	switch s {
	case rules.Pending:
		return "pending"
	case rules.Firing:
		return "firing"
	case rules.Recovering:
		return "recovering"
	}
	return "inactive"
}

// causeEvent is one instance behind a decision, or a person.
type causeEvent struct {
	Rule     string        `json:"rule,omitempty"`
	RuleHash string        `json:"rule_hash,omitempty"`
	Labels   labels.Labels `json:"labels,omitzero"`
	State    string        `json:"state,omitempty"`
	Since    time.Time     `json:"since,omitzero"`
	Reason   string        `json:"reason,omitempty"`
	Terms    []termEvent   `json:"terms,omitempty"`
	Who      string        `json:"who,omitempty"`
	Why      string        `json:"why,omitempty"`
}

func causeOf(i *route.Instance) causeEvent {
	return causeEvent{
		Rule: i.Rule, RuleHash: i.Hash, Labels: i.Labels, State: stateName(i.State), Since: i.Since,
		Reason: i.Reason, Terms: termEvents(i.Terms),
	}
}

// cause is the first cause of a decision.
func cause(o route.Outcome) *causeEvent {
	c := causeEvent{Reason: o.Reason, Who: o.Who, Why: o.Why}
	if o.Who == "" && len(o.Causes) > 0 {
		c = causeOf(o.Causes[0])
	}
	return &c
}

// outcomePayload explains a decision: what a person needs a year later.
type outcomePayload struct {
	Route      string             `json:"route"`
	Epoch      uint64             `json:"epoch"`
	Verb       string             `json:"verb,omitempty"`
	Action     string             `json:"action,omitempty"`
	From       string             `json:"from,omitempty"`
	To         string             `json:"to,omitempty"`
	Reason     string             `json:"reason,omitempty"`
	Who        string             `json:"who,omitempty"`
	Why        string             `json:"why,omitempty"`
	Causes     []causeEvent       `json:"causes,omitempty"`
	MoreCauses int                `json:"more_causes,omitempty"` // how many are not listed
	Candidates []route.Candidate  `json:"candidates,omitempty"`
	Weights    map[string]float64 `json:"weights,omitempty"`
	Until      time.Time          `json:"until,omitzero"`
	DecidedAt  time.Time          `json:"decided_at"`
}

// maxCauses bounds the causes that one event lists: what a person can read. In a storm thousands of
// instances may speak against one model, and an event has at most 1 MiB.
const maxCauses = 100

func outcomeEvent(o route.Outcome, now time.Time) outcomePayload {
	p := outcomePayload{
		Route: o.Route, Epoch: o.Epoch, Verb: o.Verb, Action: o.Action, From: o.From, To: o.To, Reason: o.Reason,
		Who: o.Who, Why: o.Why, Candidates: o.Candidates, Weights: o.Weights, Until: o.Until, DecidedAt: now,
	}
	for _, i := range o.Causes[:min(len(o.Causes), maxCauses)] {
		p.Causes = append(p.Causes, causeOf(i))
	}
	p.MoreCauses = len(o.Causes) - len(p.Causes)
	return p
}

// switchEvent is a switch, a shift step or an undone switch that every target holds.
type switchEvent struct {
	Route     string             `json:"route"`
	From      string             `json:"from"`
	To        string             `json:"to"`
	Epoch     uint64             `json:"epoch"`
	Action    string             `json:"action"`
	Reason    string             `json:"reason"`
	Cause     *causeEvent        `json:"cause"`
	Weights   map[string]float64 `json:"weights"`
	DecidedAt time.Time          `json:"decided_at"`
	AppliedAt time.Time          `json:"applied_at"`
	TookMS    float64            `json:"took_ms"`
	// Targets says for each connector how sure it is: read_back, taken or disabled.
	Targets map[string]string `json:"targets"`
}

type supersededEvent struct {
	Route string `json:"route"`
	To    string `json:"to"`
	Epoch uint64 `json:"epoch"`
	By    uint64 `json:"by_epoch"`
}

type attemptEvent struct {
	Route     string  `json:"route"`
	Connector string  `json:"connector"`
	Epoch     uint64  `json:"epoch"`
	Attempt   int     `json:"attempt"`
	Outcome   string  `json:"outcome,omitempty"`
	Error     string  `json:"error,omitempty"`
	TookMS    float64 `json:"took_ms"`
}

type adoptedEvent struct {
	Route     string `json:"route"`
	Epoch     uint64 `json:"epoch"`
	Model     string `json:"model"`
	Connector string `json:"connector"`
}

type driftEvent struct {
	Route     string `json:"route"`
	Connector string `json:"connector"`
	Epoch     uint64 `json:"epoch"`
	Holds     uint64 `json:"holds_epoch"`
	Model     string `json:"holds_model,omitempty"`
}

type probeEvent struct {
	Route  string `json:"route"`
	Model  string `json:"model"`
	Passed bool   `json:"passed"`
	Error  string `json:"error,omitempty"`
}

type ackEvent struct {
	Route string `json:"route"`
	Epoch uint64 `json:"epoch"`
	Who   string `json:"who"`
}

type silenceEvent struct {
	Silence alert.Silence `json:"silence"`
	Who     string        `json:"who,omitempty"`
	Reason  string        `json:"reason,omitempty"`
}

// alertPayload is an alert that began, ended, or was told to people.
type alertPayload struct {
	Alert        string                  `json:"alert"`
	Rule         string                  `json:"rule"`
	State        string                  `json:"state"`
	Severity     string                  `json:"severity"`
	Model        string                  `json:"model,omitempty"`
	Labels       map[string]string       `json:"labels"`
	Summary      string                  `json:"summary,omitempty"`
	Reason       string                  `json:"reason,omitempty"`
	Values       map[string]alert.Number `json:"values"`
	StartsAt     time.Time               `json:"starts_at"`
	EndsAt       *time.Time              `json:"ends_at"`
	Symptoms     []alert.Symptom         `json:"symptoms,omitempty"`
	Muted        string                  `json:"muted,omitempty"`
	Acknowledged *alert.Acknowledgement  `json:"acknowledged,omitempty"`
	// Told is "firing" or "resolved" where people are told; Notified has the message for each receiver.
	Told     string            `json:"told,omitempty"`
	Notified map[string]string `json:"notified,omitempty"`
}

func alertEvent(s alert.Status, c *alertChange) alertPayload {
	return alertPayload{
		Alert: s.ID, Rule: s.Rule, State: s.State, Severity: s.Severity, Model: s.Labels[route.ModelLabel], Labels: s.Labels,
		Summary: s.Summary, Reason: s.Reason, Values: s.Values, StartsAt: s.StartsAt, EndsAt: s.EndsAt, Symptoms: s.Symptoms,
		Muted: s.Muted, Acknowledged: s.Acknowledged, Told: c.told, Notified: c.notified,
	}
}

type deliveryEvent struct {
	Message  string  `json:"message"`
	Receiver string  `json:"receiver"`
	Alert    string  `json:"alert"`
	Rule     string  `json:"rule"`
	Type     string  `json:"type"`
	Outcome  string  `json:"outcome"`
	Attempt  int     `json:"attempt"`
	Error    string  `json:"error,omitempty"`
	TookMS   float64 `json:"took_ms"`
}

type rulesEvent struct {
	Routes []string          `json:"routes"`
	Rules  map[string]string `json:"rules"` // name → hash
}

type automationEvent struct {
	On  bool   `json:"on"`
	Who string `json:"who"`
	Why string `json:"why,omitempty"`
}
