package rules

import (
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/detect"
	"github.com/neuroweaver/heddle/rules/window"
)

// subject is one set of values of the labels of a scope: usually one model. It owns the series that
// carry these values, and holds one instance of each rule of the scope that has series there.
type subject struct {
	group  *subjects
	labels labels.Labels
	// inputs are parallel to the scope's metrics, values to its terms.
	inputs    []input
	values    []window.Result
	instances []*instance
	// detectors are parallel to the scope's shifts.
	detectors []*detect.Detector
	// unlearned: the detectors have not been given their past, and are unknown; reading is where that is being
	// read, else nil.
	unlearned bool
	reading   *reading
	// pasts are parallel to the scope's baselines; mark and endMS are when they were last kept, on the
	// subject's own clock.
	pasts       []*past
	mark, endMS int64
	// members are the series behind the inputs.
	members []*tracked
	// newest is the time of the newest sample, in milliseconds; heard is the server's clock when a
	// sample last came, in nanoseconds since the epoch.
	newest, heard int64
	// queued: it is on the engine's list of subjects to decide on; sampled: because of a sample.
	queued, sampled bool
	// wake is when something may change without a sample, alarm the time of its entry in the
	// timers; nanoseconds since the epoch, 0: never, none.
	wake, alarm int64
}

// subjects are those of one scope.
type subjects struct {
	scope *scope
	byKey map[string]*subject
	// budget is what their detectors share.
	budget *detect.Budget
	// recalls says that the store may have a past for new subjects, and learns that it may for their
	// detectors, too: those that are met later have none. waiting are the subjects that have not been given
	// it yet.
	recalls bool
	learns  bool
	waiting []*subject
}

// instance is one rule for one subject.
type instance struct {
	rule    *rule
	subject *subject
	life    life
	// covered: the windows have been covered once since the instance was first seen; until then it
	// cannot begin to fire.
	covered bool
	// announced: the notify function has heard whether the instance is unknown.
	announced bool
	// seen: it counts as known in the sight of its rule.
	seen bool
}

// keyOf names a subject within its scope; ok is false where a label is missing.
func keyOf(on []string, series labels.Labels) (key string, ok bool) {
	if len(on) == 1 {
		key = series.Get(on[0])
		return key, key != ""
	}
	var b []byte
	for _, name := range on {
		value := series.Get(name)
		if value == "" {
			return "", false
		}
		b = append(append(b, value...), 0xff) // no UTF-8 text contains it
	}
	return string(b), true
}

// subject returns the subject of a series, which it makes when it is new; nil where the series lacks
// a label of the scope.
func (g *subjects) subject(series labels.Labels) *subject {
	key, ok := keyOf(g.scope.on, series)
	if !ok {
		return nil
	}
	if s, ok := g.byKey[key]; ok {
		return s
	}
	builder := labels.NewScratchBuilder(len(g.scope.on))
	for _, name := range g.scope.on {
		builder.Add(name, series.Get(name))
	}
	builder.Sort()
	s := &subject{
		group: g, labels: builder.Labels(),
		inputs: make([]input, len(g.scope.metrics)), values: make([]window.Result, len(g.scope.terms)),
	}
	s.watch()
	s.awaitPast()
	key, _ = keyOf(g.scope.on, s.labels) // lets go of the series' labels
	g.byKey[key] = s
	return s
}

// find returns the place of a rule's instance, or the one where it belongs. They have the order of the
// scope's rules.
func (s *subject) find(r *rule) (at int, found bool) {
	return slices.BinarySearchFunc(s.instances, r.order, func(i *instance, order int) int { return i.rule.order - order })
}

// instance returns the rule's instance, nil where there is none.
func (s *subject) instance(r *rule) *instance {
	if at, found := s.find(r); found {
		return s.instances[at]
	}
	return nil
}

// add returns the instance of a rule, which it makes when it is new.
func (s *subject) add(r *rule, now time.Time) *instance {
	at, found := s.find(r)
	if !found {
		made := &instance{rule: r, subject: s, life: life{state: Inactive, since: now}}
		s.instances = slices.Insert(slices.Clip(s.instances), at, made)
	}
	return s.instances[at]
}

// measure moves the subject's windows to now, in milliseconds of the server's clock, and evaluates
// its functions.
func (s *subject) measure(now int64) {
	s.remember(now)
	for i := range s.inputs {
		s.inputs[i].slide(now)
	}
	for i := range s.values {
		s.values[i] = s.group.scope.terms[i].evaluate(s.inputs, now)
	}
	s.look(now)
	s.lookBack()
}

func (in *input) slide(now int64) {
	for _, series := range in.series {
		series.Slide(series.Clock.End(now))
	}
	h := in.histogram
	if h == nil {
		return
	}
	for _, series := range h.native {
		series.Slide(series.Clock.End(now))
	}
	for _, bucket := range h.classic.Buckets {
		for _, series := range bucket.Series {
			series.Slide(series.Clock.End(now))
		}
	}
	for _, series := range h.classic.Counts {
		series.Slide(series.Clock.End(now))
	}
	for _, series := range h.classic.Sums {
		series.Slide(series.Clock.End(now))
	}
	for series := range h.summary.Each {
		series.Slide(series.Clock.End(now))
	}
}

// clocks gives the clock of each series of the input.
func (in *input) clocks(yield func(*window.Clock) bool) {
	each := func(list []*window.Series) bool {
		for _, series := range list {
			if !yield(series.Clock) {
				return false
			}
		}
		return true
	}
	if !each(in.series) || in.histogram == nil {
		return
	}
	for _, series := range in.histogram.native {
		if !yield(series.Clock) {
			return
		}
	}
	if !each(in.histogram.classic.Counts) {
		return
	}
	for _, bucket := range in.histogram.classic.Buckets {
		if !each(bucket.Series) {
			return
		}
	}
	for series := range in.histogram.summary.Each {
		if !yield(series.Clock) {
			return
		}
	}
}

// clock is that of one of the subject's groups, nil while it has no series.
func (s *subject) clock() *window.Clock {
	for i := range s.inputs {
		for clock := range s.inputs[i].clocks {
			return clock
		}
	}
	return nil
}

// known reports whether any function has a value, so that time alone can change something.
func (s *subject) known() bool {
	for _, v := range s.values {
		if v.Known || v.Samples > 0 {
			return true
		}
	}
	return false
}

// enoughCoverage is how much of a window must hold samples before a fresh start may fire on it,
// where the rule does not say itself with `require coverage(…)`: half, so that a new model is watched
// after half a window, and a handful of requests is no evidence.
const enoughCoverage = 0.5

// isCovered reports whether, for each width of the rule's windows, some window holds enough samples.
// One is enough, because a counter of failures first appears with the first failure.
func (i *instance) isCovered() bool {
	for _, group := range i.rule.waits {
		most := 0.0
		for _, t := range group {
			most = max(most, i.rule.scope.terms[t].coverage(i.subject.inputs))
		}
		if most < enoughCoverage {
			return false
		}
	}
	return true
}
