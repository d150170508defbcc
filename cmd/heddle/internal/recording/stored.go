package recording

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/tsdb"
)

const (
	// firstSlice is how much stored time is read at first. Then it is longer where that gave few points, as a
	// store reads more of a block at once more cheaply, up to longestSlice, and shorter where it gave many.
	firstSlice, longestSlice = time.Hour, 24 * time.Hour
	// fewPoints and manyPoints are 8 and 64 MB, twice over while they are sorted.
	fewPoints, manyPoints = 1 << 18, 1 << 21
)

// nextSlice is how much stored time to read after a slice that gave so many points.
func nextSlice(slice time.Duration, points int) time.Duration {
	switch {
	case points < fewPoints:
		return min(2*slice, longestSlice)
	case points > manyPoints:
		return max(slice/2, time.Second)
	}
	return slice
}

// Stored reads what a store has of some metrics, from a time up to, not including, another. Samples are
// taken to have arrived at their own time. progress is told how far it has got; nil: nobody is.
func Stored(ctx context.Context, store storage.Queryable, metrics []string, from, to time.Time, progress func(at time.Time)) rules.Recording {
	b := newBuilder()
	return rules.Recording{Labels: b.labels, Store: store, Start: from, Batches: func(yield func(*tsdb.Batch, error) bool) {
		slice := firstSlice
		for at := from; at.Before(to); {
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
			at, slice = end, nextSlice(slice, len(points))
		}
	}}
}

type point struct {
	timeMS    int64
	series    tsdb.SeriesID
	value     float64
	histogram *histogram.FloatHistogram
}

// read returns the points of a stretch of time in their order; they are there until the next call.
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
	points := b.points[:0]
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
	if len(b.sorted) < len(points) {
		b.sorted = make([]point, len(points), cap(points))
	}
	b.points, b.sorted = sortByTime(points, b.sorted[:len(points)], fromMS)
	return b.points, set.Err()
}

// digitBits are how many bits of the time one pass of the sort looks at: two passes for an hour of
// milliseconds, three for a day.
const digitBits = 11

// sortByTime sorts points from a time on by their times, and keeps the order of those of one time: a radix
// sort, as there are many runs that are in order already, which a sort by comparison does not use. It returns
// the sorted points and the other of the two slices, which are of one length.
func sortByTime(points, scratch []point, fromMS int64) (sorted, other []point) {
	last := int64(0)
	for i := range points {
		last = max(last, points[i].timeMS-fromMS)
	}
	for shift := 0; last>>shift > 0; shift += digitBits {
		var starts [1<<digitBits + 1]int
		for i := range points {
			starts[(points[i].timeMS-fromMS)>>shift&(1<<digitBits-1)+1]++
		}
		for digit := range starts[1:] {
			starts[digit+1] += starts[digit]
		}
		for i := range points {
			digit := (points[i].timeMS - fromMS) >> shift & (1<<digitBits - 1)
			scratch[starts[digit]] = points[i]
			starts[digit]++
		}
		points, scratch = scratch, points
	}
	return points, scratch
}
