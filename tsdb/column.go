package tsdb

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// column is samples of one series in ascending time, each time once, decoded.
type column struct {
	times  []int64
	values []float64
	// hists is nil where all samples are floats, else parallel to times; its zero value is a float.
	hists []histogramValue
	// starts is nil where no start timestamp is known, else parallel to times; 0 is unknown.
	starts []int64
	// before is the histogram ahead of the first sample, where the column was cut behind one: whether
	// the first sample is a reset follows from it. Unset is not known.
	before histogramValue
}

// cell is one sample without its time and series.
type cell struct {
	value   float64
	startMS int64
	hist    histogramValue
}

func (c cell) same(o cell) bool {
	if c.hist.isSet() || o.hist.isSet() {
		return c.hist.same(o.hist)
	}
	return math.Float64bits(c.value) == math.Float64bits(o.value)
}

func (c *column) len() int { return len(c.times) }

func (c *column) at(i int) cell {
	x := cell{value: c.values[i]}
	if c.hists != nil {
		x.hist = c.hists[i]
	}
	if c.starts != nil {
		x.startMS = c.starts[i]
	}
	return x
}

func (c *column) append(t int64, x cell) {
	if x.hist.isSet() && c.hists == nil {
		c.hists = make([]histogramValue, len(c.times), cap(c.times))
	}
	if x.startMS != 0 && c.starts == nil {
		c.starts = make([]int64, len(c.times), cap(c.times))
	}
	c.times = append(c.times, t)
	c.values = append(c.values, x.value)
	if c.hists != nil {
		c.hists = append(c.hists, x.hist)
	}
	if c.starts != nil {
		c.starts = append(c.starts, x.startMS)
	}
}

// slice returns the samples from..to-1 without copying them.
func (c *column) slice(from, to int) column {
	s := column{times: c.times[from:to], values: c.values[from:to]}
	if c.hists != nil {
		s.hists, s.before = c.hists[from:to], c.before
		if from > 0 {
			s.before = c.hists[from-1]
		}
	}
	if c.starts != nil {
		s.starts = c.starts[from:to]
	}
	return s
}

// between returns the samples of a time range, both ends included, without copying them.
func (c *column) between(mint, maxt int64) column {
	return c.slice(timeRange(c.times, mint, maxt))
}

// timeRange returns which of times lie between mint and maxt, both included: from..to-1.
func timeRange(times []int64, mint, maxt int64) (from, to int) {
	from, _ = slices.BinarySearch(times, mint)
	to = from + sort.Search(len(times)-from, func(i int) bool { return times[from+i] > maxt })
	return from, to
}

// appendAll adds what comes later than all that is there.
func (c *column) appendAll(o column) {
	if o.hists == nil && o.starts == nil && c.hists == nil && c.starts == nil {
		c.times = append(c.times, o.times...)
		c.values = append(c.values, o.values...)
		return
	}
	for i, t := range o.times {
		c.append(t, o.at(i))
	}
}

// mergeColumns joins parts into one column. Where two parts have a sample at one time, the part that
// comes first in the slice wins.
func mergeColumns(parts []column) column {
	parts = slices.DeleteFunc(parts, func(p column) bool { return p.len() == 0 })
	switch len(parts) {
	case 0:
		return column{}
	case 1:
		return parts[0]
	}
	total := 0
	for i := range parts {
		total += parts[i].len()
	}
	merged := column{times: make([]int64, 0, total), values: make([]float64, 0, total)}
	if ordered := orderedParts(parts); ordered != nil {
		merged.before = ordered[0].before
		for _, part := range ordered {
			merged.appendAll(part)
		}
		return merged
	}
	at := make([]int, len(parts))
	for {
		best := -1
		for i := range parts {
			if at[i] < parts[i].len() && (best < 0 || parts[i].times[at[i]] < parts[best].times[at[best]]) {
				best = i
			}
		}
		if best < 0 {
			return merged
		}
		t := parts[best].times[at[best]]
		merged.append(t, parts[best].at(at[best]))
		for i := range parts {
			if at[i] < parts[i].len() && parts[i].times[at[i]] == t {
				at[i]++
			}
		}
	}
}

// orderedParts returns the parts sorted by time if no two of them overlap, else nil.
func orderedParts(parts []column) []column {
	ordered := slices.Clone(parts)
	slices.SortStableFunc(ordered, func(a, b column) int {
		return cmp.Compare(a.times[0], b.times[0])
	})
	for i := 1; i < len(ordered); i++ {
		before := ordered[i-1].times
		if before[len(before)-1] >= ordered[i].times[0] {
			return nil
		}
	}
	return ordered
}
