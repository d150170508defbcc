// Package recording turns recorded data into what a replay of rules takes: batches in the order of
// their arrival, on the data's own clock. It reads lines of samples, lines of observations, and a
// store.
package recording

import (
	"cmp"
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
	// rows are those of the batch that is being put together. What was given out last shares their memory:
	// it belongs to the reader only until the next is asked for.
	rows   []tsdb.Row
	places map[rowKey]int // in rows
	// latest is, by group, the row that it was given last, which is nearly always the one that its next
	// sample belongs to.
	latest []latestRow
	batch  int    // the number of the batch, from 1
	bytes  []byte // scratch
	points []point
	sorted []point
}

type rowKey struct {
	group  int
	timeMS int64
}

type latestRow struct {
	batch, at int
	timeMS    int64
}

func newBuilder() *builder {
	return &builder{ids: map[string]tsdb.SeriesID{}, byKey: map[string]int{}, places: map[rowKey]int{}, batch: 1}
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
		b.latest = append(b.latest, latestRow{})
	}
	b.groups = append(b.groups, group)
	return id
}

// add puts a sample into the batch.
func (b *builder) add(id tsdb.SeriesID, timeMS int64, v float64, h *histogram.FloatHistogram) {
	row := &b.rows[b.place(b.groups[id-1], timeMS)]
	row.Series = append(row.Series, id)
	row.Values = append(row.Values, v)
	if h != nil || row.Histograms != nil {
		row.Histograms = append(row.Histograms, make([]*histogram.FloatHistogram, len(row.Series)-len(row.Histograms))...)
		row.Histograms[len(row.Series)-1] = h
	}
}

// place returns where the row of a group and time is, which it makes when there is none.
func (b *builder) place(group int, timeMS int64) int {
	latest := &b.latest[group]
	if latest.batch == b.batch && latest.timeMS == timeMS {
		return latest.at
	}
	key := rowKey{group, timeMS}
	at, ok := b.places[key]
	if !ok {
		at = len(b.rows)
		b.places[key] = at
		if at < cap(b.rows) { // with the memory of a row that was given out
			b.rows = b.rows[:at+1]
			used := &b.rows[at]
			*used = tsdb.Row{TimeMS: timeMS, Series: used.Series[:0], Values: used.Values[:0]}
		} else {
			b.rows = append(b.rows, tsdb.Row{TimeMS: timeMS})
		}
	}
	*latest = latestRow{b.batch, at, timeMS}
	return at
}

// take returns what was added since the last call; ok is false where that is nothing. It is the caller's
// until the next sample is added.
func (b *builder) take(arrivedMS int64) (batch *tsdb.Batch, ok bool) {
	if len(b.rows) == 0 {
		return nil, false
	}
	batch = &tsdb.Batch{Arrived: time.UnixMilli(arrivedMS).UTC(), Rows: b.rows}
	// The rows of a group are in the order of their times.
	slices.SortStableFunc(batch.Rows, func(x, y tsdb.Row) int { return cmp.Compare(x.TimeMS, y.TimeMS) })
	b.rows = b.rows[:0]
	clear(b.places)
	b.batch++
	return batch, true
}
