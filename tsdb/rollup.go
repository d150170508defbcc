package tsdb

import (
	"time"

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
}

// bucket is a Bucket and what PromQL needs beside it.
type bucket struct {
	Bucket
	hist  histogramValue // the last sample that is no stale marker, if it is a histogram
	stale bool           // the last sample is a stale marker
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
	b.Bucket = Bucket{start, s.Count, s.Sum, s.Min, s.Max, s.First, s.Last, s.Resets}
	return b
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
	fieldStale // present where the bucket ends stale
	rollupFields

	rollupFieldBits = 4
)

// rollupColumns appends the columns of a series' rollup to dst, by field.
func rollupColumns(dst *[rollupFields][]seriesColumn, id SeriesID, family int, buckets []bucket) {
	var fields [rollupFields]column
	for i := range buckets {
		b := &buckets[i]
		if b.Count > 0 {
			for field, v := range [...]float64{float64(b.Count), b.Sum, b.Min, b.Max, b.First, b.Last, b.Resets} {
				fields[field].append(b.StartMS, cell{value: v})
			}
		}
		if b.hist.isSet() {
			fields[fieldHistogram].append(b.StartMS, cell{value: b.hist.sum(), hist: b.hist})
		}
		if b.stale {
			fields[fieldStale].append(b.StartMS, cell{value: 1})
		}
	}
	for field := range fields {
		if fields[field].len() > 0 {
			dst[field] = append(dst[field], seriesColumn{
				series: rollupColumnID(id, rollupField(field)), family: rollupFamily(family, rollupField(field)), column: fields[field],
			})
		}
	}
}

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
	}
}
