package recording

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/tsdb"
)

// slice is how much stored time is held in memory at once.
const slice = time.Hour

// Stored reads what a store has of some metrics, from a time up to, not including, another. Samples are
// taken to have arrived at their own time. progress is told how far it has got; nil: nobody is.
func Stored(ctx context.Context, store storage.Queryable, metrics []string, from, to time.Time, progress func(at time.Time)) rules.Recording {
	b := newBuilder()
	return rules.Recording{Labels: b.labels, Store: store, Start: from, Batches: func(yield func(*tsdb.Batch, error) bool) {
		for at := from; at.Before(to); at = at.Add(slice) {
			end := at.Add(slice)
			if end.After(to) {
				end = to
			}
			points, err := b.read(ctx, store, metrics, at.UnixMilli(), end.UnixMilli()-1)
			if err != nil {
				yield(nil, err)
				return
			}
			if progress != nil {
				progress(at)
			}
			for i := 0; i < len(points); {
				now := points[i].timeMS
				for ; i < len(points) && points[i].timeMS == now; i++ {
					b.add(points[i].series, now, points[i].value, points[i].histogram)
				}
				if batch, ok := b.take(now); ok && !yield(batch, nil) {
					return
				}
			}
		}
	}}
}

type point struct {
	timeMS    int64
	series    tsdb.SeriesID
	value     float64
	histogram *histogram.FloatHistogram
}

// read returns the points of a stretch of time in their order.
func (b *builder) read(ctx context.Context, store storage.Queryable, metrics []string, fromMS, toMS int64) ([]point, error) {
	querier, err := store.Querier(fromMS, toMS)
	if err != nil {
		return nil, err
	}
	defer querier.Close()
	names := make([]string, len(metrics))
	for i, m := range metrics {
		names[i] = regexp.QuoteMeta(m)
	}
	matcher, err := labels.NewMatcher(labels.MatchRegexp, labels.MetricName, strings.Join(names, "|"))
	if err != nil {
		return nil, err
	}
	var points []point
	var samples chunkenc.Iterator
	set := querier.Select(ctx, false, &storage.SelectHints{Start: fromMS, End: toMS}, matcher)
	for set.Next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		id := b.id(set.At().Labels())
		samples = set.At().Iterator(samples)
		for kind := samples.Next(); kind != chunkenc.ValNone; kind = samples.Next() {
			p := point{series: id}
			if kind == chunkenc.ValFloat {
				p.timeMS, p.value = samples.At()
			} else {
				p.timeMS, p.histogram = samples.AtFloatHistogram(nil)
				p.value = p.histogram.Sum
			}
			if p.timeMS >= fromMS && p.timeMS <= toMS {
				points = append(points, p)
			}
		}
		if err := samples.Err(); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(points, func(x, y point) int { return int(x.timeMS - y.timeMS) })
	return points, set.Err()
}
