package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// InstanceStatus is one instance as a person or the API sees it.
type InstanceStatus struct {
	Rule   *RuleInfo
	Labels labels.Labels
	State  State
	// Unknown reports that the condition has no value at present, since UnknownSince.
	Unknown      bool
	UnknownSince time.Time
	// Held reports a fresh start: the windows are not covered yet, so it cannot fire.
	Held bool
	// Since is when State began, FiringSince when the instance last began to fire (zero: never).
	Since, FiringSince time.Time
	// SampleTime is the time of the newest sample behind the instance.
	SampleTime time.Time
	// Reason is one line for people, Terms the values behind it in the order of the condition.
	Reason string
	Terms  []Term
}

// Instances returns all instances, sorted by rule and labels.
func (e *Engine) Instances() []InstanceStatus {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []InstanceStatus
	for i := range e.force.instances {
		list = append(list, i.status(e.facts(i.subject)))
	}
	slices.SortFunc(list, func(a, b InstanceStatus) int {
		return cmp.Or(cmp.Compare(a.Rule.Name, b.Rule.Name), labels.Compare(a.Labels, b.Labels))
	})
	return list
}

func (i *instance) status(f *facts) InstanceStatus {
	s := InstanceStatus{
		Rule: i.rule.info, Labels: i.subject.labels, State: i.life.state,
		Unknown: i.life.unknown, UnknownSince: i.life.unknownSince, Held: !i.covered,
		Since: i.life.since, FiringSince: i.life.firingSince, Reason: i.reason(f), Terms: i.terms(f),
	}
	if i.subject.newest != 0 {
		s.SampleTime = time.UnixMilli(i.subject.newest).UTC()
	}
	return s
}
