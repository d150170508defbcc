package rules

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/window"
)

// moment is when, and why, the engine decides.
type moment struct {
	// now is the server's clock; ms and ns the same in milliseconds and nanoseconds since the epoch.
	now    time.Time
	ms, ns int64
	// arrived is when the request arrived that brought the samples; zero for a timer.
	arrived time.Time
}

// decide moves the instances of a subject whose windows may have moved, and returns what changed.
func (e *Engine) decide(s *subject, m moment, changed []Transition) []Transition {
	sampled := s.sampled
	s.queued, s.sampled = false, false
	s.measure(m.ms)
	for _, i := range s.instances {
		before := i.life
		known := e.facts(s)
		if !i.covered {
			i.covered = i.isCovered()
		}
		verdict := i.rule.judge(known)
		e.options.coverage.note(i.rule, known)
		verdict.uncovered, verdict.sampled = !i.covered, sampled
		i.life = i.rule.policy.next(before, verdict, m.now)
		e.saw(i, m.now)
		if t, ok := i.transition(before, known, m); ok {
			i.announced = true
			changed = append(changed, t)
			e.metrics.transition(t)
		}
		if i.life.fires() != before.fires() || i.life.unknown != before.unknown {
			e.metrics.count(before, i.life)
			e.wakeAskers(i)
		}
	}
	changed, gone := e.forget(s, m, changed)
	if s.wake = 0; !gone {
		s.wake = s.nextWake(m, sampled)
		e.timers.set(s)
	}
	return changed
}

// fires reports whether the state counts as firing to others.
func (l *life) fires() bool { return l.state == Firing || l.state == Recovering }

// judge evaluates the conditions of a rule.
func (r *rule) judge(f *facts) (v verdict) {
	v.when = r.when.truth(f)
	if r.recover != nil {
		v.recovered = r.recover.truth(f)
	} else {
		v.recovered = v.when.not()
	}
	if r.require != nil && r.require.truth(f) != True {
		v.when, v.recovered = Unknown, Unknown
	}
	return v
}

// transition describes what became of an instance; ok is false where nobody has to know. For rules
// that switch, whether the condition is known matters as well, and is told once at first.
func (i *instance) transition(before life, f *facts, m moment) (t Transition, ok bool) {
	after := &i.life
	if after.state == before.state {
		if len(i.rule.info.Switch) == 0 || after.unknown == before.unknown && i.announced {
			return t, false
		}
	}
	t = Transition{
		Rule: i.rule.info, Labels: i.subject.labels, From: before.state, To: after.state, Unknown: after.unknown,
		Time: m.now, Arrived: m.arrived, Since: after.since,
		Reason: i.reason(f, before.fires() && !after.fires()), Terms: i.terms(f),
		Summary: i.rule.summary.fill(f, i.subject.labels),
	}
	if i.subject.newest != 0 {
		t.SampleTime = time.UnixMilli(i.subject.newest).UTC()
	}
	t.AlertLabels = fillAll(i.rule.labels, f, i.subject.labels)
	t.Annotations = fillAll(i.rule.annotations, f, i.subject.labels)
	return t, true
}

func fillAll(templates []keyedTemplate, f *facts, instance labels.Labels) map[string]string {
	if len(templates) == 0 {
		return nil
	}
	texts := make(map[string]string, len(templates))
	for _, t := range templates {
		texts[t.key] = t.template.fill(f, instance)
	}
	return texts
}

// facts returns what the conditions of the subject's rules are evaluated on.
func (e *Engine) facts(s *subject) *facts {
	e.known.values, e.known.detectors, e.known.pasts, e.known.labels = s.values, s.detectors, s.pasts, s.labels
	e.known.unlearned = s.unlearned
	return &e.known
}

// nextWake is when time alone may change something; 0: never.
func (s *subject) nextWake(m moment, sampled bool) int64 {
	wake := int64(0)
	at := func(t int64) {
		if t != 0 && (wake == 0 || t < wake) {
			wake = t
		}
	}
	for _, i := range s.instances {
		if due := i.rule.policy.due(i.life); !due.IsZero() {
			at(max(due.UnixNano(), m.now.UnixNano()+int64(finestStep)))
		}
	}
	if clock := s.clock(); clock != nil && s.known() {
		at(s.slideAt(clock, m, sampled))
	}
	at(s.forgetAt())
	return wake
}

// slideAt is when the windows are to be looked at again without a sample: once the group is silent,
// and then about as often as it used to speak.
func (s *subject) slideAt(clock *window.Clock, m moment, sampled bool) int64 {
	silent := clock.SilentAt()
	if sampled && silent > m.ms {
		return silent * int64(time.Millisecond)
	}
	step := min(max(time.Duration(clock.Gap())*time.Millisecond, leastStep), longestStep)
	return m.now.UnixNano() + int64(step)
}

const (
	// finestStep is as soon as a timer may follow another for the same subject.
	finestStep = time.Millisecond
	// leastStep bounds the work for silent groups; a person does not notice a second.
	leastStep = time.Second
	// longestStep keeps a silent group's windows within a quarter of the shortest usual one.
	longestStep = 15 * time.Second
)
