package tsdb

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"

	"github.com/neuroweaver/heddle/tsdb/codec"
)

// A rollup says of a series what its samples were like in each bucket of time: five minutes or an
// hour, from a multiple of that on. docs/storage.md tells when rollups are made and how they are read.

const (
	rollup5m = 5 * time.Minute
	rollup1h = time.Hour // the coarsest; rollups begin and end at multiples of it
)

// Bucket is what the samples of a series were like in a bucket of time. Stale markers and native
// histograms do not count as samples of it. A bucket without samples has only StartMS.
type Bucket struct {
	StartMS     int64
	Count       int
	Sum         float64
	Min, Max    float64 // NaN only if every sample is NaN
	First, Last float64
	Resets      float64 // sum of the values from which the series fell: increase = Last - First + Resets
	// Stddev is the standard deviation (of all, not of a part), within a relative stddevError; NaN where it is
	// not known: a rollup of a counter, or from before it was kept.
	Stddev float64

	distribution []weighted // nil where it is not known
}

// Quantile is the q-quantile of the samples, 0 ≤ q ≤ 1, within a relative error of 1.1 %, interpolated as
// PromQL does it. It is NaN where it is not known, as Stddev.
func (b *Bucket) Quantile(q float64) float64 { return quantile(q, b.distribution) }

// bucket is a Bucket as rollups keep it.
type bucket struct {
	Bucket
	sketch *sketch        // nil where isNarrow, or not kept
	hist   histogramValue // the last sample that is no stale marker, if it is a histogram
	// lost is the sum of the histograms from which the series fell, the last one before the bucket included.
	lost  histogramValue
	stale bool // the last sample is a stale marker
}

// rollUp returns the buckets of ms milliseconds that have samples.
func rollUp(c *column, ms int64) []bucket {
	var buckets []bucket
	for from := 0; from < c.len(); {
		start, to := floorTo(c.times[from], ms), from
		for to < c.len() && c.times[to]-start < ms {
			to++
		}
		buckets = append(buckets, newBucket(start, c.slice(from, to)))
		from = to
	}
	return buckets
}

// newBucket describes samples; there is at least one.
func newBucket(start int64, c column) bucket {
	floats, last := c.values, c.len()-1
	b := bucket{stale: value.IsStaleNaN(c.values[last])}
	if c.hists != nil {
		floats = nil
		for i, v := range c.values {
			if !c.hists[i].isSet() {
				floats = append(floats, v)
			}
		}
		for last > 0 && value.IsStaleNaN(c.values[last]) {
			last--
		}
		if !value.IsStaleNaN(c.values[last]) {
			b.hist = c.hists[last]
		}
	}
	s := codec.Summarize(floats)
	b.Bucket = Bucket{StartMS: start, Count: s.Count, Sum: s.Sum, Min: s.Min, Max: s.Max, First: s.First, Last: s.Last, Resets: s.Resets}
	b.describe(floats)
	b.lost = lostHistograms(&c)
	return b
}

// describe adds how the samples are distributed.
func (b *bucket) describe(floats []float64) {
	nans, mean, squares := 0, b.Sum/float64(b.Count), 0.0
	for _, v := range floats {
		switch {
		case value.IsStaleNaN(v):
			continue
		case v != v:
			nans++
		}
		squares += (v - mean) * (v - mean)
	}
	if b.Min != b.Max || nans > 0 {
		b.Stddev = roundStddev(math.Sqrt(squares / float64(b.Count)))
	}
	if nans > 0 || !isNarrow(b.Min, b.Max) {
		b.sketch = newSketch(floats)
	}
}

// stddevBits is how many bits of a standard deviation are kept, so that it takes two bytes: half of
// the last one is stddevError.
const stddevBits = 16

const stddevError = 1.0 / (1 << stddevBits)

func roundStddev(v float64) float64 {
	const dropped = 53 - stddevBits
	if v != v || math.IsInf(v, 0) {
		return math.NaN()
	}
	return math.Float64frombits((math.Float64bits(v) + 1<<(dropped-1)) >> dropped << dropped)
}

// lostHistograms is the sum of the histograms from which the series fell, or was reset.
func lostHistograms(c *column) histogramValue {
	if c.hists == nil {
		return histogramValue{}
	}
	var lost *histogram.FloatHistogram
	before := c.before
	for _, h := range c.hists {
		if !h.isSet() || value.IsStaleNaN(h.sum()) || h.hint() == histogram.GaugeType {
			continue
		}
		if before.isSet() && (h.hint() == histogram.CounterReset || h.toFloat().DetectReset(before.toFloat())) {
			if lost == nil {
				lost = before.toFloat().Copy()
			} else if sum, _, _, err := lost.Add(before.toFloat()); err == nil { // else the bounds of buckets have nothing in common
				lost = sum
			}
		}
		before = h
	}
	if lost == nil {
		return histogramValue{}
	}
	lost.CounterResetHint = histogram.UnknownCounterReset
	return histogramValue{float: lost}
}

// join adds what came later in the same, longer bucket.
func (b *bucket) join(later *bucket) {
	b.stale = later.stale
	if later.Count == 0 {
		if later.hist.isSet() {
			b.hist = later.hist
		}
		return
	}
	b.hist = later.hist
	if b.Count == 0 {
		start := b.StartMS
		b.Bucket = later.Bucket
		b.StartMS = start
		return
	}
	b.Stddev = joinedStddev(&b.Bucket, &later.Bucket)
	if b.distribution != nil && later.distribution != nil {
		b.distribution = mergeDistributions(b.distribution, later.distribution)
	} else {
		b.distribution = nil
	}
	b.Count += later.Count
	b.Sum += later.Sum
	if later.First < b.Last {
		b.Resets += b.Last
	}
	b.Resets += later.Resets
	b.Last = later.Last
	if later.Min < b.Min || b.Min != b.Min {
		b.Min = later.Min
	}
	if later.Max > b.Max || b.Max != b.Max {
		b.Max = later.Max
	}
}

// joinedStddev is that of the samples of both buckets.
func joinedStddev(a, b *Bucket) float64 {
	n, m := float64(a.Count), float64(b.Count)
	apart := a.Sum/n - b.Sum/m
	return math.Sqrt((n*a.Stddev*a.Stddev + m*b.Stddev*b.Stddev + apart*apart*n*m/(n+m)) / (n + m))
}

// floorTo returns the last multiple of step that is not after t.
func floorTo(t, step int64) int64 {
	rest := t % step
	if rest < 0 {
		rest += step
	}
	return t - rest
}

// ceilTo returns the first multiple of step that is not before t.
func ceilTo(t, step int64) int64 { return floorTo(t+step-1, step) }

// rollupField is one column of the rollup of a series. In the group-blocks of a rollup, series are
// numbered id<<4 | field. The values are part of the format (docs/format/block.md).
type rollupField = SeriesID

const (
	fieldCount rollupField = iota
	fieldSum
	fieldMin
	fieldMax
	fieldFirst
	fieldLast
	fieldResets
	fieldHistogram
	fieldStale  // present where the bucket ends stale
	fieldStddev // absent where Min is Max, and it 0
	fieldSketch // absent where isNarrow
	fieldLost   // present where a histogram was reset
	rollupFields

	rollupFieldBits = 4
)

// rollupColumns appends the columns of a series' rollup to dst, by field; without what tells how samples
// are distributed, if that is of no use.
func rollupColumns(dst *[rollupFields][]seriesColumn, id SeriesID, family int, buckets []bucket, distributed bool) {
	var fields [rollupFields]column
	var sketches []*sketch
	for i := range buckets {
		b := &buckets[i]
		if b.Count > 0 {
			for field, v := range [...]float64{float64(b.Count), b.Sum, b.Min, b.Max, b.First, b.Last, b.Resets} {
				fields[field].append(b.StartMS, cell{value: v})
			}
			if distributed && (b.Min != b.Max || b.Stddev != b.Stddev) {
				fields[fieldStddev].append(b.StartMS, cell{value: b.Stddev})
			}
			if distributed && b.sketch != nil {
				sketches = append(sketches, b.sketch)
				fields[fieldSketch].append(b.StartMS, cell{})
			}
		}
		if b.hist.isSet() {
			fields[fieldHistogram].append(b.StartMS, cell{value: b.hist.sum(), hist: b.hist})
		}
		if b.lost.isSet() {
			fields[fieldLost].append(b.StartMS, cell{value: b.lost.sum(), hist: b.lost})
		}
		if b.stale {
			fields[fieldStale].append(b.StartMS, cell{value: 1})
		}
	}
	for _, h := range sketchHistograms(sketches) {
		fields[fieldSketch].hists = append(fields[fieldSketch].hists, histogramValue{integer: h})
	}
	for field := range fields {
		if fields[field].len() > 0 {
			dst[field] = append(dst[field], seriesColumn{
				series: rollupColumnID(id, rollupField(field)), family: rollupFamily(family, rollupField(field)), column: fields[field],
			})
		}
	}
}

// isCounter reports whether a series is a counter, so that nobody asks how its values are distributed: its
// name or its metadata says so, and it falls no more often than counters do. A gauge whose name ends
// like a counter's falls in half of the buckets in which it moves.
func (db *DB) isCounter(id SeriesID, buckets []bucket) bool {
	name := db.metricName(id)
	named := slices.ContainsFunc(counterEndings, func(ending string) bool { return strings.HasSuffix(name, ending) })
	if !named && db.metadata.kind(name) != model.MetricTypeCounter {
		return false
	}
	moves, falls := 0, 0
	for i := range buckets {
		if b := &buckets[i]; b.Count > 0 && b.Min != b.Max {
			moves++
			if b.Resets != 0 {
				falls++
			}
		}
	}
	return 4*falls <= moves
}

// counterEndings are those that OpenMetrics reserves for counters, and for what histograms and summaries count.
var counterEndings = []string{"_total", "_count", "_sum", "_bucket"}

func rollupColumnID(id SeriesID, field rollupField) SeriesID { return id<<rollupFieldBits | field }

// rollupFamily keeps the buckets of a classic histogram neighbours in each of their fields.
func rollupFamily(family int, field rollupField) int {
	if family == 0 {
		return 0
	}
	return family<<rollupFieldBits | int(field)
}

// rollupPlaces is where the columns of a rollup stand in a group-block, by where its series stand.
func rollupPlaces(series map[SeriesID]columnPlace) map[SeriesID]columnPlace {
	places := make(map[SeriesID]columnPlace, len(series)*int(rollupFields))
	for id, place := range series {
		for field := range rollupFields {
			places[rollupColumnID(id, field)] = columnPlace{int(field)*len(series) + place.rank, rollupFamily(place.family, field)}
		}
	}
	return places
}

// setField is rollupColumns backwards, for one value.
func (b *bucket) setField(field rollupField, x cell) {
	switch field {
	case fieldCount:
		b.Count = int(x.value)
	case fieldSum:
		b.Sum = x.value
	case fieldMin:
		b.Min = x.value
	case fieldMax:
		b.Max = x.value
	case fieldFirst:
		b.First = x.value
	case fieldLast:
		b.Last = x.value
	case fieldResets:
		b.Resets = x.value
	case fieldHistogram:
		b.hist = x.hist
	case fieldStale:
		b.stale = true
	case fieldStddev:
		b.Stddev = x.value
	case fieldSketch:
		if x.hist.integer != nil {
			b.sketch = sketchOf(x.hist.integer)
		}
	case fieldLost:
		b.lost = x.hist
	}
}
