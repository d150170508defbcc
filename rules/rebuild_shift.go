package rules

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/rules/detect"
	"github.com/neuroweaver/heddle/rules/window"
)

// relearn shows the detectors of a program what the store has, as far back as they reach. Unlike windows they
// must see the samples of all series of an instance in the order of time. So subjects that share no
// series are read one after another, in slices.
func (e *Engine) relearn(ctx context.Context, next *force, clocks map[uint64]*window.Clock, now time.Time) error {
	names := next.shiftNames()
	if e.options.Store == nil || len(names) == 0 {
		return nil
	}
	from := now.UnixMilli() - detect.Reach
	if err := e.meetStored(ctx, next, names, clocks, from, now); err != nil {
		return fmt.Errorf("rebuilding the past of shifted: %w", err)
	}
	done := map[*subject]bool{}
	for _, g := range next.groups {
		for _, s := range g.byKey {
			if len(s.detectors) == 0 || done[s] {
				continue
			}
			company := s.company()
			for _, other := range company {
				done[other] = true
			}
			if err := e.relearnTogether(ctx, next, names, company, from, now.UnixMilli()); err != nil {
				return fmt.Errorf("rebuilding the past of shifted for %s: %w", s.labels, err)
			}
		}
	}
	return nil
}

// shiftNames are the names of the series that detectors count.
func (f *force) shiftNames() []string {
	names := map[string]bool{}
	for _, s := range f.program.scopes {
		for _, number := range s.shifts {
			t := &s.terms[number]
			metrics := []*metric{s.metrics[t.slot]}
			if t.plan.Kind == detect.Share {
				metrics = append(metrics, s.metrics[t.divisor])
			}
			for _, m := range metrics {
				for name := range m.roles {
					names[name] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// meetStored makes the subjects of series that were silent when the windows were rebuilt.
func (e *Engine) meetStored(ctx context.Context, next *force, names []string, clocks map[uint64]*window.Clock, from int64, now time.Time) error {
	querier, err := e.options.Store.Querier(from, now.UnixMilli())
	if err != nil {
		return err
	}
	defer querier.Close()
	set := querier.Select(ctx, false, &storage.SelectHints{Start: from, End: now.UnixMilli()}, named(names))
	for set.Next() {
		series := set.At().Labels()
		hash := series.Hash()
		if next.stored(series, hash) != nil {
			continue
		}
		clock := clocks[hash]
		if clock == nil {
			clock = new(window.Clock)
		}
		samples := set.At().Iterator(nil)
		if tr := next.track(series, clock, samples.Next() != chunkenc.ValFloat, now); tr != ignored {
			next.rebuilt[hash] = append(next.rebuilt[hash], rebuiltSeries{series, tr})
		}
	}
	return set.Err()
}

// stored returns what was read from the store of a series, and leaves it there.
func (f *force) stored(series labels.Labels, hash uint64) *tracked {
	for _, r := range f.rebuilt[hash] {
		if labels.Equal(r.labels, series) {
			return r.tracked
		}
	}
	return nil
}

func named(names []string) *labels.Matcher {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	return labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, strings.Join(quoted, "|"))
}

// shiftSlice is how much time of the samples of a thousand series is held in memory at once: sixty
// megabytes with a sample a second.
const shiftSlice = 10 * time.Minute

// relearnTogether shows the detectors of some subjects their samples.
func (e *Engine) relearnTogether(ctx context.Context, next *force, names []string, company []*subject, from, to int64) error {
	matchers := []*labels.Matcher{named(names)}
	if len(company) == 1 {
		company[0].labels.Range(func(l labels.Label) {
			matchers = append(matchers, labels.MustNewMatcher(labels.MatchEqual, l.Name, l.Value))
		})
	}
	count := 0
	for _, s := range company {
		count += len(s.members)
	}
	slice := max(shiftSlice.Milliseconds()*1000/int64(max(count, 1)), time.Second.Milliseconds())
	slice = min(slice, (6 * time.Hour).Milliseconds())
	for at := from; at <= to; at += slice {
		points, err := e.readPoints(ctx, next, matchers, at, min(at+slice-1, to))
		if err != nil {
			return err
		}
		for i := 0; i < len(points); {
			now := points[i].timeMS
			for ; i < len(points) && points[i].timeMS == now; i++ {
				p := &points[i]
				p.feed.add(now, p.value, p.histogram, now)
			}
			for _, s := range company {
				s.look(now)
			}
		}
	}
	return nil
}

// point is one sample for a feed.
type point struct {
	timeMS    int64
	feed      *feed
	value     float64
	histogram *histogram.FloatHistogram
}

// readPoints returns the samples of a stretch of time in their order.
func (e *Engine) readPoints(ctx context.Context, next *force, matchers []*labels.Matcher, from, to int64) (points []point, err error) {
	querier, err := e.options.Store.Querier(from, to)
	if err != nil {
		return nil, err
	}
	defer querier.Close()
	var samples chunkenc.Iterator
	set := querier.Select(ctx, false, &storage.SelectHints{Start: from, End: to}, matchers...)
	for set.Next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		series := set.At()
		tr := next.stored(series.Labels(), series.Labels().Hash())
		if tr == nil {
			continue
		}
		samples = series.Iterator(samples)
		for kind := samples.Next(); kind != chunkenc.ValNone; kind = samples.Next() {
			p := point{}
			if kind == chunkenc.ValFloat {
				p.timeMS, p.value = samples.At()
			} else {
				p.timeMS, p.histogram = samples.AtFloatHistogram(nil)
			}
			for i := range tr.targets {
				if p.feed = tr.targets[i].feed; p.feed != nil {
					points = append(points, p)
				}
			}
		}
		if err := samples.Err(); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(points, func(x, y point) int { return int(x.timeMS - y.timeMS) })
	return points, set.Err()
}
