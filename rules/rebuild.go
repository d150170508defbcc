package rules

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/rules/window"
)

// ageReach is how far back the store is searched for the newest sample of a metric whose age is
// asked; an age that is longer at a start is unknown.
const ageReach = time.Hour

// rebuild reads the series of a program from the store, as far back as its windows reach.
func (e *Engine) rebuild(ctx context.Context, next *force, clocks map[uint64]*window.Clock, now time.Time) error {
	if e.options.Store == nil {
		return nil
	}
	done, names := 0, slices.Sorted(maps.Keys(next.roles))
	for n, name := range names {
		if err := e.rebuildName(ctx, next, name, clocks, now); err != nil {
			return fmt.Errorf("rebuilding the windows of %s: %w", name, err)
		}
		done = n + 1
		if e.options.Progress != nil {
			e.options.Progress(done, len(names))
		}
	}
	return nil
}

// rebuildName reads the series with one name.
func (e *Engine) rebuildName(ctx context.Context, next *force, name string, clocks map[uint64]*window.Clock, now time.Time) error {
	reach := ageReach.Milliseconds()
	for _, role := range next.roles[name] {
		reach = max(reach, next.plans[role.metric].Reach())
	}
	// A sender may be ahead of the server; the store bounds by how much.
	from, to := now.UnixMilli()-reach, now.Add(24*time.Hour).UnixMilli()
	querier, err := e.options.Store.Querier(from, to)
	if err != nil {
		return err
	}
	defer querier.Close()
	matchers := []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, name)}
	if roles := next.roles[name]; len(roles) == 1 && len(roles[0].metric.where) == 1 {
		matchers = append(matchers, roles[0].metric.where[0]...)
	}
	set := querier.Select(ctx, false, &storage.SelectHints{Start: from, End: to}, matchers...)
	var samples chunkenc.Iterator
	for set.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		series := set.At()
		samples = series.Iterator(samples)
		if err := next.refill(series.Labels(), samples, clocks, now); err != nil {
			return err
		}
	}
	return set.Err()
}

// refill gives the windows of one series its samples.
func (f *force) refill(series labels.Labels, samples chunkenc.Iterator, clocks map[uint64]*window.Clock, now time.Time) error {
	var tr *tracked
	known := false // what the clock knows of its sender is better than a guess
	nowMS := now.UnixMilli()
	for kind := samples.Next(); kind != chunkenc.ValNone; kind = samples.Next() {
		native := kind != chunkenc.ValFloat
		if tr == nil {
			hash := series.Hash()
			clock := clocks[hash]
			if known = clock != nil; !known {
				clock = new(window.Clock)
			}
			if tr = f.track(series, clock, native, now); tr == ignored {
				return samples.Err()
			}
			f.rebuilt[hash] = append(f.rebuilt[hash], rebuiltSeries{series, tr})
		}
		var t int64
		if native {
			at, h := samples.AtFloatHistogram(nil)
			t = at
			tr.add(t, 0, h)
		} else {
			at, v := samples.At()
			t = at
			tr.add(t, v, nil)
		}
		if !known { // when it arrived: as if at its own time, but not after now
			tr.clock.Observe(t, min(t, nowMS))
		}
		for _, s := range tr.subjects {
			s.newest = max(s.newest, t)
		}
	}
	return samples.Err()
}
