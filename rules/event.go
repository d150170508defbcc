package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// Event is one thing that happens in a replay: an alert fires, an alert is resolved, a route moves.
type Event struct {
	Time time.Time
	// Type is alert, resolve or switch.
	Type string
	// Rule, Severity and Labels belong to alerts: Labels are those of the instance and of the rule's
	// `label` clauses.
	Rule     string
	Severity Severity
	Labels   map[string]string
	Summary  string
	// Route, Action (switch, rollback or manual), From and To belong to routes.
	Route, Action, From, To string
	Reason                  string
}

// String gives the severity as rule files write it.
func (s Severity) String() string { return [...]string{"info", "warning", "critical"}[s] }

// String gives the state as rule files write it.
func (s State) String() string { return stateNames[s] }

// alertEvent makes an event of a transition that begins or ends an alert.
func alertEvent(t *Transition) (e Event, ok bool) {
	was, is := (&life{state: t.From}).fires(), (&life{state: t.To}).fires()
	if was == is {
		return e, false
	}
	e = Event{
		Time: t.Time, Type: "resolve", Rule: t.Rule.Name, Severity: t.Rule.Severity, Summary: t.Summary, Reason: t.Reason,
		Labels: map[string]string{},
	}
	if is {
		e.Type = "alert"
	}
	t.Labels.Range(func(l labels.Label) { e.Labels[l.Name] = l.Value })
	for name, value := range t.AlertLabels {
		e.Labels[name] = value
	}
	return e, true
}

func routeEvent(move RouteEvent) Event {
	return Event{Time: move.Time, Type: "switch", Route: move.Route, Action: move.Action, From: move.From, To: move.To, Reason: move.Reason}
}

// MarshalJSON gives the line that `heddle replay --json` prints.
func (e Event) MarshalJSON() ([]byte, error) {
	type alert struct {
		TimeMS   int64             `json:"ts_ms"`
		Type     string            `json:"type"`
		Rule     string            `json:"rule"`
		Severity string            `json:"severity,omitempty"`
		Labels   map[string]string `json:"labels"`
		Reason   string            `json:"reason,omitempty"`
	}
	type move struct {
		TimeMS int64  `json:"ts_ms"`
		Type   string `json:"type"`
		Route  string `json:"route"`
		Action string `json:"action"`
		From   string `json:"from"`
		To     string `json:"to"`
		Reason string `json:"reason"`
	}
	if e.Type == "switch" {
		return marshalPlain(move{e.Time.UnixMilli(), e.Type, e.Route, e.Action, e.From, e.To, e.Reason})
	}
	line := alert{TimeMS: e.Time.UnixMilli(), Type: e.Type, Rule: e.Rule, Labels: e.Labels, Reason: e.Reason}
	if e.Type == "alert" {
		line.Severity = e.Severity.String()
	}
	return marshalPlain(line)
}

// marshalPlain leaves < and > as they are: a reason is for people.
func marshalPlain(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return b.Bytes(), err
}

// String gives the line of a timeline, without its time.
func (e Event) String() string {
	switch e.Type {
	case "switch":
		return fmt.Sprintf("route %s: %s → %s (%s): %s", e.Route, e.From, e.To, e.Action, e.Reason)
	case "alert":
		return fmt.Sprintf("%s %s%s fires: %s", e.Severity, e.Rule, labels.FromMap(e.Labels), e.Reason)
	}
	return fmt.Sprintf("%s%s is resolved: %s", e.Rule, labels.FromMap(e.Labels), e.Reason)
}
