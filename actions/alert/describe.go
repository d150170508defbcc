package alert

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// List gives the alerts that f selects, oldest first.
func (b *Book) List(now time.Time, f Filter) []Status {
	out := []Status{}
	for _, a := range b.sorted() {
		if (a.Firing() || f.Resolved) && (f.Rule == "" || f.Rule == a.Rule) && matches(f.Matchers, a.set()) {
			out = append(out, b.Describe(a, now))
		}
	}
	return out
}

// Describe gives an alert as people see it.
func (b *Book) Describe(a *Alert, now time.Time) Status {
	s := Status{
		ID: a.ID, Rule: a.Rule, Severity: SeverityName(a.Severity), State: "firing",
		Labels: orEmpty(a.Labels), Annotations: a.Annotations, Summary: a.Summary, Reason: a.Reason,
		Values: a.Values, StartsAt: a.StartsAt, Acknowledged: a.Ack, Receivers: a.Notify,
		Symptoms: b.symptoms(a),
	}
	if s.Values == nil {
		s.Values = map[string]Number{}
	}
	if !a.Firing() {
		ended := a.EndsAt
		s.State, s.EndsAt = "resolved", &ended
	} else {
		s.Muted = b.muted(a, now)
	}
	for _, key := range slices.Sorted(maps.Keys(a.Instances)) {
		if len(s.Instances) == maxListed {
			break
		}
		i := a.Instances[key]
		s.Instances = append(s.Instances, InstanceStatus(i))
	}
	return s
}

// symptoms are the firing alerts that a explains.
func (b *Book) symptoms(a *Alert) []Symptom {
	out := []Symptom{}
	if !a.Firing() || !b.explains(a.Rule) {
		return out
	}
	var explained []*Alert
	for _, of := range b.firing {
		for _, other := range of.near(a) {
			if slices.Contains(other.Because, a.Rule) && b.cause(other) == a {
				explained = append(explained, other)
			}
		}
	}
	slices.SortFunc(explained, before)
	for _, other := range explained[:min(len(explained), maxListed)] {
		out = append(out, Symptom{ID: other.ID, Rule: other.Rule, Labels: orEmpty(other.Labels), Summary: other.Summary})
	}
	return out
}

// notification is what people are told of a.
func (b *Book) notification(a *Alert, state string, now time.Time) Notification {
	s := b.Describe(a, now)
	data, err := json.Marshal(struct {
		ID          string            `json:"id"`
		Rule        string            `json:"rule"`
		Severity    string            `json:"severity"`
		State       string            `json:"state"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations,omitempty"`
		Summary     string            `json:"summary"`
		Reason      string            `json:"reason,omitempty"`
		Values      map[string]Number `json:"values"`
		StartsAt    time.Time         `json:"starts_at"`
		EndsAt      *time.Time        `json:"ends_at"`
		Instances   int               `json:"instances"`
		Symptoms    []Symptom         `json:"symptoms"`
	}{s.ID, s.Rule, s.Severity, state, s.Labels, s.Annotations, s.Summary, s.Reason, s.Values, s.StartsAt, s.EndsAt, len(a.Instances), s.Symptoms})
	if err != nil {
		panic("alert: strings, times and numbers always marshal: " + err.Error())
	}
	return Notification{Alert: a, State: state, Data: data}
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
