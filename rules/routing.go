package rules

import (
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/detect"
	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/rules/window"
)

// force is a program in force: its series, subjects and instances.
type force struct {
	program *Program
	roles   map[string][]role // by series name
	plans   map[*metric]*window.Plan
	groups  []*subjects // parallel to program.scopes
	ruleOf  map[string]*rule
	// askers are the rules whose conditions ask for the firing of a rule, by its name.
	askers map[string][]*rule
	// series are by SeriesID: nil is not met yet, &ignored concerns no rule.
	series []*tracked
	// rebuilt are series read from the store whose SeriesID is not known yet, by hash of labels.
	rebuilt map[uint64][]rebuiltSeries
	// budget is what the detectors of shifted share.
	budget *detect.Budget
}

// tracked is a series that some rule looks at.
type tracked struct {
	clock   *window.Clock
	hash    uint64 // of its labels
	id      uint64 // its SeriesID, 0 while that is not known
	targets []target
	// subjects are those of all targets.
	subjects []*subject
	// Most series have one of each, which then lie beside the rest.
	oneTarget  [1]target
	oneSubject [1]*subject
}

// target is what a series is to one metric.
type target struct {
	floats *window.Series
	native *window.NativeSeries
	// feed is what detectors take of the series, nil where none does.
	feed *feed
}

// ignored stands for all series that concern no rule.
var ignored = new(tracked)

type rebuiltSeries struct {
	labels labels.Labels
	*tracked
}

// newForce makes a program's force; recalls says that there is a store that may know more of the past.
func newForce(p *Program, grace time.Duration, recalls bool) *force {
	f := &force{
		program: p, roles: map[string][]role{}, plans: map[*metric]*window.Plan{}, ruleOf: map[string]*rule{},
		askers: map[string][]*rule{}, rebuilt: map[uint64][]rebuiltSeries{},
		budget: &detect.Budget{PerMS: p.alarmsPerMS},
	}
	for _, m := range p.metrics {
		f.plans[m] = &window.Plan{Specs: m.specs, Grace: grace.Milliseconds()}
		for name, r := range m.roles {
			f.roles[name] = append(f.roles[name], r)
		}
	}
	for _, s := range p.scopes {
		f.groups = append(f.groups, &subjects{scope: s, byKey: map[string]*subject{}, budget: f.budget, recalls: recalls, learns: recalls})
	}
	for _, r := range p.rules {
		f.ruleOf[r.info.Name] = r
		for _, name := range r.asks {
			f.askers[name] = append(f.askers[name], r)
		}
	}
	return f
}

// track finds out whom a series concerns, and joins it to their inputs.
func (f *force) track(series labels.Labels, clock *window.Clock, native bool, now time.Time) *tracked {
	var made *tracked
	for _, role := range f.roles[series.Get(labels.MetricName)] {
		if !role.metric.takes(series) {
			continue
		}
		t, concerned := f.target(series, role, clock, native, now)
		if len(concerned) == 0 {
			continue
		}
		if made == nil {
			made = &tracked{clock: clock, hash: series.Hash()}
			made.targets, made.subjects = made.oneTarget[:0], made.oneSubject[:0]
		}
		made.targets = append(made.targets, t)
		for _, s := range concerned {
			if !slices.Contains(made.subjects, s) {
				made.subjects = append(made.subjects, s)
			}
		}
	}
	if made == nil {
		return ignored
	}
	for _, s := range made.subjects {
		s.heard = now.UnixNano()
		s.members = append(s.members, made)
	}
	return made
}

// target joins a series to the subjects that it concerns in a role, and returns these.
func (f *force) target(series labels.Labels, r role, clock *window.Clock, native bool, now time.Time) (t target, concerned []*subject) {
	place, ok := r.takes(series, native)
	if !ok {
		return t, nil
	}
	for _, g := range f.groups {
		slot := slices.Index(g.scope.metrics, r.metric)
		if slot < 0 {
			continue
		}
		s := g.subject(series)
		if s == nil {
			continue
		}
		if t.floats == nil && t.native == nil {
			t.make(f.plans[r.metric], clock, native)
		}
		s.inputs[slot].join(r, t, place)
		t.feed = t.feed.join(s, slot, r, native, place)
		concerned = append(concerned, s)
		for _, rule := range g.scope.rules {
			if slices.Contains(rule.needs, slot) {
				s.add(rule, now)
			}
		}
	}
	return t, concerned
}

// takes reports whether a series with a name of the role is of the form that the role has, and gives the
// place of a bucket or of a summary's quantile among its like.
func (r role) takes(series labels.Labels, native bool) (place float64, ok bool) {
	switch {
	case r.metric.kind != syntax.Histogram:
		return 0, !native
	case native:
		return 0, r.part == partValue
	case r.part == partBucket:
		return upperBound(series)
	case r.part == partValue:
		return quantileOf(series)
	}
	return 0, true
}

func (t *target) make(plan *window.Plan, clock *window.Clock, native bool) {
	if native {
		t.native = window.NewNativeSeries(plan, clock)
	} else {
		t.floats = window.NewSeries(plan, clock)
	}
}

// join adds a series to an input; place is the upper bound of a bucket, or the quantile of a summary.
func (in *input) join(r role, t target, place float64) {
	if r.metric.kind != syntax.Histogram {
		in.series = append(in.series, t.floats)
		return
	}
	if in.histogram == nil {
		in.histogram = new(histogramInput)
	}
	h := in.histogram
	switch r.part {
	case partValue:
		if t.native != nil {
			h.native = append(h.native, t.native)
		} else {
			h.summary.Add(place, t.floats)
		}
	case partBucket:
		h.classic.AddBucket(place, t.floats)
	case partCount:
		h.classic.Counts = append(h.classic.Counts, t.floats)
	case partSum:
		h.classic.Sums = append(h.classic.Sums, t.floats)
	}
}

// add gives a sample to all that the series concerns; it returns the worst outcome.
func (tr *tracked) add(t int64, v float64, h *histogram.FloatHistogram) (outcome window.Outcome) {
	for i := range tr.targets {
		to := &tr.targets[i]
		got := window.Added
		switch {
		case to.native != nil && h != nil:
			got = to.native.Add(t, h)
		case to.floats != nil && h == nil:
			got = to.floats.Add(t, v)
		}
		outcome = max(outcome, got)
	}
	return outcome
}

// at returns the series with a SeriesID, nil where it has not been met.
func (f *force) at(id uint64) *tracked {
	if id < uint64(len(f.series)) {
		return f.series[id]
	}
	return nil
}

// set enters a series that was met.
func (f *force) set(id uint64, tr *tracked) {
	if id >= uint64(len(f.series)) {
		f.series = slices.Grow(f.series, int(id)+1-len(f.series))[:id+1]
	}
	f.series[id] = tr
	if tr != ignored {
		tr.id = id
	}
}

// claim returns what was read from the store of a series, nil where there is nothing.
func (f *force) claim(series labels.Labels) *tracked {
	hash := series.Hash()
	for i, r := range f.rebuilt[hash] {
		if labels.Equal(r.labels, series) {
			f.rebuilt[hash] = slices.Delete(f.rebuilt[hash], i, i+1)
			if len(f.rebuilt[hash]) == 0 {
				delete(f.rebuilt, hash)
			}
			return r.tracked
		}
	}
	return nil
}

// join puts a series under the clock of its group.
func (tr *tracked) join(clock *window.Clock) {
	if tr == ignored {
		return
	}
	tr.clock = clock
	for i := range tr.targets {
		if t := &tr.targets[i]; t.native != nil {
			t.native.Clock = clock
		} else {
			t.floats.Join(clock)
		}
	}
}
