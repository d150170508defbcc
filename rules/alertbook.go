package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// alertBook follows the alerts of a test: which were sent, and which were kept back as symptoms of a
// cause or as repeats.
type alertBook struct {
	alerts []alert
	firing map[string][]labels.Labels // by rule
}

// alert is one alert of one instance.
type alert struct {
	rule       *RuleInfo
	labels     labels.Labels
	at         time.Time
	held       bool
	isResolved bool
}

// take enters what a decision changed.
func (b *alertBook) take(now time.Time, ts []Transition) {
	for i := range ts {
		if e, ok := alertEvent(&ts[i]); ok && e.Type == "alert" {
			b.setFiring(&ts[i], true)
		} else if ok {
			b.setFiring(&ts[i], false)
		}
	}
	for i := range ts {
		t := &ts[i]
		e, ok := alertEvent(t)
		switch {
		case !ok:
		case e.Type == "alert":
			b.alerts = append(b.alerts, alert{rule: t.Rule, labels: t.Labels, at: now, held: b.isSymptom(t) || b.isRepeat(t, now)})
		default:
			if a := b.latest(t.Rule.Name, func(l labels.Labels) bool { return labels.Equal(l, t.Labels) }); a != nil {
				a.isResolved = true
			}
		}
	}
}

func (b *alertBook) setFiring(t *Transition, is bool) {
	if b.firing == nil {
		b.firing = map[string][]labels.Labels{}
	}
	name := t.Rule.Name
	b.firing[name] = slices.DeleteFunc(b.firing[name], func(l labels.Labels) bool { return labels.Equal(l, t.Labels) })
	if is {
		b.firing[name] = append(b.firing[name], t.Labels)
	}
}

// isSymptom reports whether a cause fires for an instance with the same shared labels.
func (b *alertBook) isSymptom(t *Transition) bool {
	for _, cause := range t.Rule.Because {
		if slices.ContainsFunc(b.firing[cause], func(l labels.Labels) bool { return agree(l, t.Labels) }) {
			return true
		}
	}
	return false
}

// isRepeat reports whether an alert that is alike in the `dedup` labels is open, or was sent within
// the `dedup` time.
func (b *alertBook) isRepeat(t *Transition, now time.Time) bool {
	if t.Rule.DedupBy == nil {
		return false
	}
	for i := range b.alerts {
		a := &b.alerts[i]
		if a.rule.Name == t.Rule.Name && !a.held && dedupKey(t.Rule, a.labels) == dedupKey(t.Rule, t.Labels) &&
			(!a.isResolved || now.Sub(a.at) < t.Rule.DedupFor) {
			return true
		}
	}
	return false
}

func dedupKey(r *RuleInfo, instance labels.Labels) string {
	values := make([]string, len(r.DedupBy))
	for i, name := range r.DedupBy {
		values[i] = instance.Get(name)
	}
	return strings.Join(values, "\xff")
}

// latest returns the newest alert of a rule whose labels are wanted, nil when there was none.
func (b *alertBook) latest(rule string, wanted func(labels.Labels) bool) *alert {
	for i := len(b.alerts) - 1; i >= 0; i-- {
		if a := &b.alerts[i]; a.rule.Name == rule && wanted(a.labels) {
			return a
		}
	}
	return nil
}
