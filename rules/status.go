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

// Selection says which instances List describes.
type Selection struct {
	// Rule is the name of a rule; empty: of any. Matchers hold for the labels of an instance.
	Rule     string
	Matchers []*labels.Matcher
	// Wanted chooses among these; nil: all. The engine waits for it.
	Wanted func(rule *RuleInfo, state State, unknown bool) bool
	// Skip and Limit are a page of what is chosen, in the order of rule and labels; Limit 0: all.
	Skip, Limit int
}

// Instances returns all instances, sorted by rule and labels.
func (e *Engine) Instances() []InstanceStatus {
	list, _ := e.List(Selection{})
	return list
}

// List describes a page of the chosen instances, and says how many are chosen. It does not keep the engine
// from deciding for long, however many there are.
func (e *Engine) List(s Selection) (page []InstanceStatus, chosen int) {
	instances, chosen := e.choose(s)
	page = make([]InstanceStatus, 0, len(instances))
	e.inTurns(instances, func(i *instance) { page = append(page, i.status(e.facts(i.subject))) })
	return page, chosen
}

// choose returns a page of the chosen instances, and how many are chosen.
func (e *Engine) choose(s Selection) (page []*instance, chosen int) {
	e.mu.Lock()
	for i := range e.force.instances {
		if (s.Rule == "" || i.rule.info.Name == s.Rule) && matches(s.Matchers, i.subject.labels) &&
			(s.Wanted == nil || s.Wanted(i.rule.info, i.life.state, i.life.unknown)) {
			page = append(page, i)
		}
	}
	e.mu.Unlock()
	// Names and labels never change.
	slices.SortFunc(page, func(a, b *instance) int {
		return cmp.Or(cmp.Compare(a.rule.info.Name, b.rule.info.Name), labels.Compare(a.subject.labels, b.subject.labels))
	})
	chosen = len(page)
	page = page[min(max(s.Skip, 0), chosen):]
	if s.Limit > 0 {
		page = page[:min(s.Limit, len(page))]
	}
	return page, chosen
}

func matches(matchers []*labels.Matcher, set labels.Labels) bool {
	for _, m := range matchers {
		if !m.Matches(set.Get(m.Name)) {
			return false
		}
	}
	return true
}

// turnInstances is how many instances are described before the engine may decide again: well below a
// millisecond.
const turnInstances = 100

// inTurns calls a function for each instance, and lets the engine go on in between.
func (e *Engine) inTurns(list []*instance, describe func(*instance)) {
	for turn := range slices.Chunk(list, turnInstances) {
		e.mu.Lock()
		for _, i := range turn {
			describe(i)
		}
		e.mu.Unlock()
	}
}

func (i *instance) status(f *facts) InstanceStatus {
	s := InstanceStatus{
		Rule: i.rule.info, Labels: i.subject.labels, State: i.life.state,
		Unknown: i.life.unknown, UnknownSince: i.life.unknownSince, Held: !i.covered,
		Since: i.life.since, FiringSince: i.life.firingSince, Reason: i.reason(f, false), Terms: i.terms(f),
	}
	if i.subject.newest != 0 {
		s.SampleTime = time.UnixMilli(i.subject.newest).UTC()
	}
	return s
}
