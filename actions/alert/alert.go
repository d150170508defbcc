package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules"
)

// Alert is one alert as it is kept: the instances of one rule that are alike in the labels by which
// the rule merges them. It holds all that is needed to end it after its rule is gone.
type Alert struct {
	ID       string         `json:"id"`
	Rule     string         `json:"rule"`
	Severity rules.Severity `json:"severity"`
	Mode     rules.Mode     `json:"mode,omitempty"`
	// Group are the labels that name it within the rule; Labels adds the rule's own.
	Group       map[string]string `json:"group"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Summary     string            `json:"summary,omitempty"`
	// Reason and Values say why it fires, or why it ended.
	Reason   string            `json:"reason,omitempty"`
	Values   map[string]Number `json:"values,omitempty"`
	Because  []string          `json:"because,omitempty"`
	DedupFor time.Duration     `json:"dedup_for,omitempty"`
	Notify   []string          `json:"notify,omitempty"`
	StartsAt time.Time         `json:"starts_at"`
	// EndsAt is zero while it fires.
	EndsAt    time.Time           `json:"ends_at,omitzero"`
	Instances map[string]Instance `json:"instances,omitempty"`
	Told      Told                `json:"told"`
	Ack       *Acknowledgement    `json:"ack,omitempty"`
}

// Instance is one firing instance of an alert's rule.
type Instance struct {
	Labels  map[string]string `json:"labels"`
	Since   time.Time         `json:"since"`
	Reason  string            `json:"reason,omitempty"`
	Unknown bool              `json:"unknown,omitempty"`
}

// Told is what people were told last.
type Told struct {
	// Open: they were told that it fires, and not yet that it ended.
	Open bool `json:"open,omitempty"`
	// At is when they were last told that it fires, and Severity and Instances how bad it was then.
	At        time.Time      `json:"at,omitzero"`
	Severity  rules.Severity `json:"severity,omitempty"`
	Instances int            `json:"instances,omitempty"`
}

// Firing reports that the alert has not ended.
func (a *Alert) Firing() bool { return a.EndsAt.IsZero() }

// alertID names an alert by its rule and group.
func alertID(rule string, group map[string]string) string {
	h := sha256.New()
	h.Write([]byte(rule))
	for _, name := range slices.Sorted(maps.Keys(group)) {
		h.Write([]byte("\x00" + name + "\x00" + group[name]))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// group are the labels of an instance by which its rule merges.
func group(info *rules.RuleInfo, l labels.Labels) map[string]string {
	all := l.Map()
	if info.DedupBy == nil {
		return all
	}
	out := make(map[string]string, len(info.DedupBy))
	for _, name := range info.DedupBy {
		if value, ok := all[name]; ok {
			out[name] = value
		}
	}
	return out
}

// fire takes a firing instance into the alert.
func (a *Alert) fire(t rules.Transition, now time.Time) {
	if !a.Firing() || len(a.Instances) == 0 {
		a.StartsAt, a.EndsAt, a.Ack = now, time.Time{}, nil
		a.Instances = map[string]Instance{}
	}
	info := t.Rule
	a.Severity, a.Mode, a.Because, a.DedupFor, a.Notify = info.Severity, info.Mode, info.Because, info.DedupFor, info.Notify
	a.Annotations, a.Summary, a.Reason = t.Annotations, t.Summary, t.Reason
	a.Labels = maps.Clone(a.Group)
	maps.Copy(a.Labels, t.AlertLabels)
	a.Values = values(t.Terms)
	a.Instances[t.Labels.String()] = Instance{Labels: t.Labels.Map(), Since: t.Since, Reason: t.Reason}
}

// values are the known terms by their texts.
func values(terms []rules.Term) map[string]Number {
	out := make(map[string]Number, len(terms))
	for _, term := range terms {
		if term.Known {
			out[term.Text] = Number(term.Value)
		}
	}
	return out
}

// worse reports whether the alert is graver than what people were told: a higher severity, or at
// least twice the instances.
func (a *Alert) worse() bool {
	return a.Severity > a.Told.Severity || len(a.Instances) >= 2*max(a.Told.Instances, 1)
}

// set are the labels that matchers are held against.
func (a *Alert) set() map[string]string {
	set := maps.Clone(a.Labels)
	if set == nil {
		set = map[string]string{}
	}
	set[labels.AlertName], set["severity"] = a.Rule, SeverityName(a.Severity)
	return set
}

// shares reports whether two alerts have the same values for the labels that both carry.
func (a *Alert) shares(b *Alert) bool {
	for name, value := range a.Group {
		if other, ok := b.Group[name]; ok && other != value {
			return false
		}
	}
	return true
}

// before orders alerts by start, then by name.
func before(a, b *Alert) int {
	if c := a.StartsAt.Compare(b.StartsAt); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}
