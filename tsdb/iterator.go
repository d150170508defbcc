package tsdb

import (
	"sort"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// millis is a time in milliseconds. It is an alias so that go vet does not take chunkenc's Seek for
// io.Seeker's.
type millis = int64

// iterator walks a decoded column as the query engine wants it.
type iterator struct {
	c   column
	at  int
	err error
}

func (it *iterator) reset(c column, err error) {
	it.c, it.at, it.err = c, -1, err
	if err != nil {
		it.c = column{}
	}
}

func (it *iterator) Next() chunkenc.ValueType {
	if it.at >= it.c.len() {
		return chunkenc.ValNone
	}
	it.at++
	return it.kind()
}

func (it *iterator) Seek(t millis) chunkenc.ValueType {
	if it.at >= it.c.len() {
		return chunkenc.ValNone
	}
	from := max(it.at, 0)
	// Range vectors seek a few samples ahead, so look there before searching.
	for range 4 {
		if from >= it.c.len() || it.c.times[from] >= t {
			it.at = from
			return it.kind()
		}
		from++
	}
	it.at = from + sort.Search(it.c.len()-min(from, it.c.len()), func(i int) bool { return it.c.times[from+i] >= t })
	return it.kind()
}

func (it *iterator) kind() chunkenc.ValueType {
	if it.at >= it.c.len() {
		it.at = it.c.len()
		return chunkenc.ValNone
	}
	if it.c.hists == nil {
		return chunkenc.ValFloat
	}
	switch h := it.c.hists[it.at]; {
	case h.integer != nil:
		return chunkenc.ValHistogram
	case h.float != nil:
		return chunkenc.ValFloatHistogram
	}
	return chunkenc.ValFloat
}

func (it *iterator) At() (int64, float64) { return it.c.times[it.at], it.c.values[it.at] }

func (it *iterator) AtHistogram(h *histogram.Histogram) (int64, *histogram.Histogram) {
	stored := it.c.hists[it.at].integer
	if h == nil {
		h = &histogram.Histogram{}
	}
	stored.CopyTo(h)
	h.CounterResetHint = it.resetHint()
	return it.c.times[it.at], h
}

func (it *iterator) AtFloatHistogram(fh *histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	if fh == nil {
		fh = &histogram.FloatHistogram{}
	}
	switch stored := it.c.hists[it.at]; {
	case stored.integer != nil:
		stored.integer.ToFloat(fh)
	default:
		stored.float.CopyTo(fh)
	}
	fh.CounterResetHint = it.resetHint()
	return it.c.times[it.at], fh
}

func (it *iterator) AtT() int64 { return it.c.times[it.at] }

func (it *iterator) AtST() int64 {
	if it.c.starts == nil {
		return 0
	}
	return it.c.starts[it.at]
}

func (it *iterator) Err() error { return it.err }

// resetHint says how the histogram at the current place relates to the one before. Samples may have
// arrived in any order, so it is found from the neighbours as they stand now: what the sender said
// counts for gauges and for resets it knew of. A reset that is found here is left unknown, as
// Prometheus does: the query engine then looks for itself, and does not warn of resets that the series
// of an aggregation have at different times.
func (it *iterator) resetHint() histogram.CounterResetHint {
	current, before := it.c.hists[it.at], it.c.before
	if it.at > 0 {
		before = it.c.hists[it.at-1]
	}
	switch said := current.hint(); {
	case said == histogram.GaugeType || said == histogram.CounterReset:
		return said
	case !before.isSet() || before.hint() == histogram.GaugeType,
		value.IsStaleNaN(before.sum()), value.IsStaleNaN(current.sum()),
		current.toFloat().DetectReset(before.toFloat()):
		return histogram.UnknownCounterReset
	}
	return histogram.NotCounterReset
}

func (h histogramValue) hint() histogram.CounterResetHint {
	if h.integer != nil {
		return h.integer.CounterResetHint
	}
	return h.float.CounterResetHint
}
