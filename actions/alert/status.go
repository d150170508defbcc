// Package alert holds the alerts: which are firing, which of them people are told of and when. It
// is pure: time is an argument, and what it decides is handed back for others to do.
package alert

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules"
)

// Status is an alert as people see it.
type Status struct {
	// ID names the alert's rule and labels; it is the same when the alert fires again.
	ID       string `json:"id"`
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	// State is "firing" or "resolved".
	State       string            `json:"state"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Summary     string            `json:"summary"`
	// Reason and Values say why it fires, or why it ended.
	Reason   string            `json:"reason,omitempty"`
	Values   map[string]Number `json:"values"`
	StartsAt time.Time         `json:"starts_at"`
	// EndsAt is null while the alert fires.
	EndsAt *time.Time `json:"ends_at"`
	// Instances are the rule's instances that this alert merges, at most maxListed of them.
	Instances []InstanceStatus `json:"instances,omitempty"`
	// Symptoms are the alerts that this one explains, at most maxListed of them.
	Symptoms []Symptom `json:"symptoms"`
	// Muted says why nobody is told: "silence ID", "symptom of RULE", "dedup until TIME", "mode shadow".
	Muted        string           `json:"muted,omitempty"`
	Acknowledged *Acknowledgement `json:"acknowledged,omitempty"`
	// Receivers are those who are told.
	Receivers []string `json:"receivers,omitempty"`
}

// InstanceStatus is one instance of an alert.
type InstanceStatus struct {
	Labels map[string]string `json:"labels"`
	Since  time.Time         `json:"since"`
	Reason string            `json:"reason,omitempty"`
	// Unknown reports that the condition has had no value for some time: the state is the last known.
	Unknown bool `json:"unknown,omitempty"`
}

// Symptom is an alert that another one explains.
type Symptom struct {
	ID      string            `json:"id"`
	Rule    string            `json:"rule"`
	Labels  map[string]string `json:"labels"`
	Summary string            `json:"summary"`
}

// Acknowledgement says who has taken an alert on; it ends with the alert.
type Acknowledgement struct {
	By   string    `json:"by"`
	Why  string    `json:"why,omitempty"`
	Time time.Time `json:"time"`
}

// Filter selects alerts; its zero value selects those that fire.
type Filter struct {
	// Resolved adds the alerts that ended lately.
	Resolved bool
	Rule     string
	// Matchers are held against the alert's labels, `alertname` and `severity` included.
	Matchers []*labels.Matcher
}

// Silence mutes alerts for a time.
type Silence struct {
	ID       string    `json:"id"`
	Matchers []Matcher `json:"matchers"`
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
	By       string    `json:"created_by"`
	Why      string    `json:"comment"`
	// SuspendActions also keeps what it matches from moving a route.
	SuspendActions bool `json:"suspend_actions,omitempty"`
}

// Matcher is one condition of a silence, in the form of Alertmanager's API.
type Matcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual bool   `json:"isEqual"`
}

// SeverityName gives a severity as people write it.
func SeverityName(s rules.Severity) string {
	switch s {
	case rules.Info:
		return "info"
	case rules.Critical:
		return "critical"
	}
	return "warning"
}
