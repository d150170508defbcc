package rules

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/rules/window"
)

// Recall gives the baselines of instances that are new to the engine, and the detectors of those that a Load has found,
// what the store has of their past; after a start these are all. Until then baselines and shifted are unknown. For each
// series it takes some ten milliseconds for the 28 days, raw or rolled up, of a baseline and some for
// the four days of shifted. Decisions go on meanwhile, and it returns when no instance waits. After an error,
// call it again later: the instance goes on waiting.
func (e *Engine) Recall(ctx context.Context, now time.Time) error {
	for {
		f, s := e.nextWaiting()
		if s == nil {
			return nil
		}
		err := e.recall(ctx, f, s, now)
		if err == nil {
			err = e.learn(ctx, f, s, now)
		}
		if err != nil {
			e.mu.Lock()
			s.group.waiting = append(s.group.waiting, s)
			e.mu.Unlock()
			return fmt.Errorf("reading the past of %s: %w", s.labels, err)
		}
	}
}

// nextWaiting takes out a subject that waits, nil when there is none, with the force that it belongs to.
func (e *Engine) nextWaiting() (*force, *subject) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, g := range e.force.groups {
		for n := len(g.waiting); n > 0; n-- {
			s := g.waiting[n-1]
			g.waiting = g.waiting[:n-1]
			if s.unlearned || !s.remembers() {
				return e.force, s
			}
		}
	}
	return nil, nil
}

// remembers reports whether the baselines have been given their past.
func (s *subject) remembers() bool {
	return !slices.ContainsFunc(s.pasts, func(p *past) bool { return !p.complete })
}

// recall gives the baselines of a subject their past.
func (e *Engine) recall(ctx context.Context, f *force, s *subject, now time.Time) error {
	e.mu.Lock()
	done := s.remembers()
	e.mu.Unlock()
	if done {
		return nil
	}
	pasts, err := s.recall(ctx, e.options.Store, now)
	if err != nil {
		return err
	}
	e.enter(f, now, func() []*subject {
		last := floorDiv(now.UnixMilli(), markMS)
		for i, p := range s.pasts {
			for at, v := range pasts[i] {
				if v == v {
					p.set(last-int64(len(pasts[i])-1-at), v)
				}
			}
			p.complete, p.changed = true, true
		}
		return []*subject{s}
	})
	return nil
}

// enter has give put what was read of the past in force, and decides on the subjects that it returns. Under
// another program than that for which it was read it does nothing: there they wait, too.
func (e *Engine) enter(f *force, now time.Time, give func() []*subject) {
	e.turn.Lock()
	defer e.turn.Unlock()
	e.mu.Lock()
	if e.force != f {
		e.mu.Unlock()
		return
	}
	for _, s := range give() {
		e.queue(s)
	}
	now = later(now, time.UnixMilli(e.latestMS)) // it may have taken long to read
	changed := e.settle(momentOf(now))
	e.mu.Unlock()
	e.notify(now, changed)
}

// keepPasts takes over what the baselines in force know, where the next program asks the same.
func (e *Engine) keepPasts(next *force) {
	for _, old := range e.force.groups {
		for _, g := range next.groups {
			if len(old.scope.baselines) == 0 || len(g.scope.baselines) == 0 || !slices.Equal(old.scope.on, g.scope.on) {
				continue
			}
			for key, s := range g.byKey {
				if before := old.byKey[key]; before != nil {
					s.takeOver(before)
				}
			}
		}
	}
}

// recall returns, for each baseline of the subject, what its expression was at each mark up to now, the
// oldest first, NaN where it is unknown. It takes no lock: what it reads of the subject never changes.
func (s *subject) recall(ctx context.Context, store storage.Queryable, now time.Time) ([][]float64, error) {
	scope := s.group.scope
	last := floorDiv(now.UnixMilli(), markMS)
	terms := map[int][]window.Result{} // by place in the scope
	reach := int64(0)
	for _, b := range scope.baselines {
		reach = max(reach, b.recalled())
	}
	pasts := make([][]float64, len(scope.baselines))
	for i, b := range scope.baselines {
		for n := range b.expression.terms {
			if _, done := terms[n]; !done {
				t, err := s.recallTerm(ctx, store, n, last-reach, last)
				if err != nil {
					return nil, err
				}
				terms[n] = t
			}
		}
		f := facts{values: make([]window.Result, len(scope.terms)), labels: s.labels}
		for at := reach - b.recalled(); at <= reach; at++ {
			for n, values := range terms {
				f.values[n] = values[at]
			}
			v, known := b.expression.value(&f)
			if !known {
				v = math.NaN()
			}
			pasts[i] = append(pasts[i], v)
		}
	}
	return pasts, nil
}

// terms gives the places of the window functions in an expression.
func (n *node) terms(yield func(int) bool) {
	on := true
	n.walk(func(n *node) {
		if on && n.kind == nodeTerm {
			on = yield(n.term)
		}
	})
}

// recallTerm evaluates one window function at the marks from first to last, as the engine would have
// done right before: on windows that hold the samples before, in its own engine's way.
func (s *subject) recallTerm(ctx context.Context, store storage.Queryable, n int, first, last int64) ([]window.Result, error) {
	alone := s.group.scope.alone(n)
	f := newForce(&Program{scopes: []*scope{alone}, metrics: alone.metrics}, defaultGrace, false)
	r := recaller{
		store: store, force: f, labels: s.labels, series: map[string]*recalled{},
		function: rangeFunction(alone.metrics[0], alone.terms[0].function),
	}
	var results []window.Result
	from := first*markMS - f.plans[alone.metrics[0]].Reach()
	for at := first; at <= last; {
		day := min(last, at+marksPerDay-1) // so much is decoded at once
		if err := r.read(ctx, from, day*markMS-1); err != nil {
			return nil, err
		}
		for ; at <= day; at++ {
			results = append(results, r.evaluate(at*markMS-1))
		}
		if err := r.finish(); err != nil {
			return nil, err
		}
		from = day * markMS
	}
	return results, nil
}

// alone returns a scope with one of the terms, on windows of its own.
func (s *scope) alone(n int) *scope {
	t := s.terms[n]
	only := func(slot, spec int) *metric {
		m := *s.metrics[slot]
		if m.specs = nil; t.function != functionAge {
			m.specs = s.metrics[slot].specs[spec : spec+1]
		}
		return &m
	}
	made := &scope{on: s.on, metrics: []*metric{only(t.slot, t.spec)}}
	if t.function == functionRatio {
		made.metrics = append(made.metrics, only(t.divisor, t.divisorSpec))
		t.divisor, t.divisorSpec = 1, 0
	}
	t.slot, t.spec = 0, 0
	made.terms = []term{t}
	return made
}

// rangeFunction is the function of PromQL that looks at samples as a window function does. Where raw samples
// are gone, the store gives some that are right for it.
func rangeFunction(m *metric, f function) string {
	switch f.family(m.kind) {
	case window.Increases:
		return "increase"
	case window.Means:
		return "avg_over_time"
	case window.Spreads:
		return "stddev_over_time"
	case window.Minima:
		return "min_over_time"
	case window.Maxima:
		return "max_over_time"
	case window.Ranks:
		return "quantile_over_time"
	}
	if f == functionCount || f == functionCoverage || f == functionEwma {
		return "avg_over_time" // as many as there were
	}
	return "last_over_time"
}

// recaller reads the series of one subject for one term, one stretch of time after another.
type recaller struct {
	store    storage.Queryable
	function string
	labels   labels.Labels
	force    *force
	series   map[string]*recalled // by labels
	querier  []storage.Querier    // of the stretch that is read
}

// recalled is one series as it is read.
type recalled struct {
	labels  labels.Labels
	samples chunkenc.Iterator
	kind    chunkenc.ValueType // of the sample that comes next
	tracked *tracked           // nil until there was a sample
}

// read opens the series for a stretch of time.
func (r *recaller) read(ctx context.Context, from, to int64) error {
	var on []*labels.Matcher
	r.labels.Range(func(l labels.Label) { on = append(on, labels.MustNewMatcher(labels.MatchEqual, l.Name, l.Value)) })
	for name := range r.force.roles {
		querier, err := r.store.Querier(from, to)
		if err != nil {
			return err
		}
		r.querier = append(r.querier, querier)
		hints := &storage.SelectHints{Start: from, End: to, Func: r.function, Range: markMS}
		set := querier.Select(ctx, false, hints, append(on, labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, name))...)
		for set.Next() {
			found := set.At()
			key := found.Labels().String()
			s := r.series[key]
			if s == nil {
				s = &recalled{labels: found.Labels()}
				r.series[key] = s
			}
			s.samples = found.Iterator(nil)
			s.kind = s.samples.Next()
		}
		if err := set.Err(); err != nil {
			return err
		}
	}
	return nil
}

// finish closes what read opened.
func (r *recaller) finish() (err error) {
	for _, s := range r.series {
		if s.samples != nil && err == nil {
			err = s.samples.Err()
		}
		s.samples, s.kind = nil, chunkenc.ValNone
	}
	for _, q := range r.querier {
		if e := q.Close(); err == nil {
			err = e
		}
	}
	r.querier = nil
	return err
}

// evaluate gives the windows the samples up to a time, in milliseconds, and evaluates the term there.
func (r *recaller) evaluate(timeMS int64) window.Result {
	for _, s := range r.series {
		s.advance(r.force, timeMS)
	}
	for _, subject := range r.force.groups[0].byKey { // there is no other
		subject.measure(timeMS)
		return subject.values[0]
	}
	return window.Result{}
}

// advance gives the windows of a series its samples up to a time. They count as arrived when they were taken.
func (s *recalled) advance(f *force, timeMS int64) {
	for s.kind != chunkenc.ValNone && s.samples.AtT() <= timeMS {
		native := s.kind != chunkenc.ValFloat
		if s.tracked == nil {
			s.tracked = f.track(s.labels, new(window.Clock), native, time.UnixMilli(s.samples.AtT()))
		}
		if s.tracked == ignored {
			s.kind = chunkenc.ValNone
			return
		}
		t := s.samples.AtT()
		if native {
			_, h := s.samples.AtFloatHistogram(nil)
			s.tracked.add(t, 0, h)
		} else {
			_, v := s.samples.At()
			s.tracked.add(t, v, nil)
		}
		s.tracked.clock.Observe(t, t)
		s.kind = s.samples.Next()
	}
}
