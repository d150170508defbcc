// Package recording turns recorded data into what a replay of rules takes: batches in the order of
// their arrival, on the data's own clock. It reads lines of samples, lines of observations, and a
// store.
package recording

import (
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb"
)

// builder names series and puts samples together to rows: one row for each group of series and time,
// as a store does it.
type builder struct {
	series []labels.Labels // by SeriesID − 1
	ids    map[string]tsdb.SeriesID
	groups []int // by SeriesID − 1
	byKey  map[string]int
	batch  tsdb.Batch
	rows   map[rowKey]int // place in batch.Rows
	bytes  []byte         // scratch
}

type rowKey struct {
	group  int
	timeMS int64
}

func newBuilder() *builder {
	return &builder{ids: map[string]tsdb.SeriesID{}, byKey: map[string]int{}, rows: map[rowKey]int{}}
}

// labels names a series.
func (b *builder) labels(id tsdb.SeriesID) labels.Labels { return b.series[id-1] }

// id numbers a series.
func (b *builder) id(series labels.Labels) tsdb.SeriesID {
	b.bytes = series.Bytes(b.bytes)
	if id, ok := b.ids[string(b.bytes)]; ok {
		return id
	}
	b.series = append(b.series, series)
	id := tsdb.SeriesID(len(b.series))
	b.ids[string(b.bytes)] = id
	// What tells apart the series of one sender is not part of who the sender is.
	key := series.MatchLabels(false, labels.MetricName, labels.BucketLabel, "quantile", "code", "status").String()
	group, ok := b.byKey[key]
	if !ok {
		group = len(b.byKey)
		b.byKey[key] = group
	}
	b.groups = append(b.groups, group)
	return id
}

// add puts a sample into the batch.
func (b *builder) add(id tsdb.SeriesID, timeMS int64, v float64, h *histogram.FloatHistogram) {
	key := rowKey{b.groups[id-1], timeMS}
	at, ok := b.rows[key]
	if !ok {
		at = len(b.batch.Rows)
		b.rows[key] = at
		b.batch.Rows = append(b.batch.Rows, tsdb.Row{TimeMS: timeMS})
	}
	row := &b.batch.Rows[at]
	row.Series = append(row.Series, id)
	row.Values = append(row.Values, v)
	if h != nil || row.Histograms != nil {
		row.Histograms = append(row.Histograms, make([]*histogram.FloatHistogram, len(row.Series)-len(row.Histograms))...)
		row.Histograms[len(row.Series)-1] = h
	}
}

// take returns what was added since the last call, and forgets it; ok is false where that is nothing.
func (b *builder) take(arrivedMS int64) (batch *tsdb.Batch, ok bool) {
	if len(b.batch.Rows) == 0 {
		return nil, false
	}
	taken := b.batch
	taken.Arrived = time.UnixMilli(arrivedMS).UTC()
	// The rows of a group are in the order of their times.
	slices.SortStableFunc(taken.Rows, func(x, y tsdb.Row) int { return int(x.TimeMS - y.TimeMS) })
	b.batch = tsdb.Batch{}
	clear(b.rows)
	return &taken, true
}
