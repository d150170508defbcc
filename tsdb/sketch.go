package tsdb

import (
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
)

// sketch says how the samples of a bucket of a rollup are distributed: it counts them by cells whose
// bounds grow by a factor of γ = 2^(2^-schema). With one number in the place of all in a cell, every
// sample is known within a relative error of (γ − 1) / (γ + 1).
//
// Source: Masson, Rim, Lee: DDSketch, VLDB 2019, with the powers of two of Prometheus's native histograms
// as bounds, so that a sketch is stored as one (docs/decisions/0006-sketches-are-native-histograms.md).
type sketch struct {
	schema int32
	cells  []sketchCell // in ascending order of the values they stand for
}

// sketchCell counts the samples of one cell. Its key rises with their values: 0 for zero, else the index i
// of (γ^(i−1), γ^i] plus keyOfOne, negated for negative values.
type sketchCell struct {
	key   int32
	count int64
}

const (
	// sketchSchema gives γ = 2^(1/32), and a relative error of sketchError.
	sketchSchema = 5
	// maxSketchCells bounds a sketch: sixteen octaves if no cell between is empty, more than an hour of
	// latencies fills. A sketch that needs more has wider cells.
	maxSketchCells = 512
	// keyOfOne is more than the index of the smallest number, −1074 · 32, is below 0.
	keyOfOne = 1 << 16
)

// sketchError is the relative error of a quantile: 1.083 %.
var sketchError = (math.Exp2(1.0/(1<<sketchSchema)) - 1) / (math.Exp2(1.0/(1<<sketchSchema)) + 1)

// newSketch makes a sketch of samples; NaNs are left out.
func newSketch(values []float64) *sketch {
	keys := make([]int32, 0, len(values))
	for _, v := range values {
		if v == v {
			keys = append(keys, sketchKey(v))
		}
	}
	slices.Sort(keys)
	s := &sketch{schema: sketchSchema}
	for _, key := range keys {
		s.add(key, 1)
	}
	for len(s.cells) > maxSketchCells {
		s.widen()
	}
	return s
}

// sketchKey is the key of a number, which is not NaN, at sketchSchema.
func sketchKey(v float64) int32 {
	if v == 0 {
		return 0
	}
	// Infinities are in a cell of their own, beyond the largest number.
	exponent := min(math.Log2(math.Abs(v)), 1024+1.0/(1<<sketchSchema))
	key := int32(math.Ceil(exponent*(1<<sketchSchema))) + keyOfOne
	if v < 0 {
		return -key
	}
	return key
}

// add counts samples whose key is not below those before.
func (s *sketch) add(key int32, count int64) {
	if n := len(s.cells); n > 0 && s.cells[n-1].key == key {
		s.cells[n-1].count += count
		return
	}
	s.cells = append(s.cells, sketchCell{key, count})
}

// widen joins cells two by two.
func (s *sketch) widen() {
	cells := s.cells
	s.cells = s.cells[:0]
	s.schema--
	for _, c := range cells {
		switch {
		case c.key > 0:
			c.key = (c.key-keyOfOne+1)>>1 + keyOfOne
		case c.key < 0:
			c.key = -((-c.key-keyOfOne+1)>>1 + keyOfOne)
		}
		s.add(c.key, c.count)
	}
}

// value is the number that stands for a cell: the relative error is the same at both of its bounds.
func (s *sketch) value(key int32) float64 {
	switch gamma := math.Exp2(math.Ldexp(1, int(-s.schema))); {
	case key > 0:
		return math.Exp2(math.Ldexp(float64(key-keyOfOne), int(-s.schema))) * 2 / (1 + gamma)
	case key < 0:
		return -s.value(-key)
	}
	return 0
}

// weighted is a value that stands for some samples.
type weighted struct {
	value float64
	count int
}

// weights gives numbers that stand for the samples of a bucket, NaNs first, then in ascending order, so that
// min and max are exact. It is nil where nothing is known: a rollup from before there were sketches.
func (b *bucket) weights() []weighted {
	var list []weighted
	inner := b.Count // numbers between min and max
	if b.sketch == nil {
		if !isNarrow(b.Min, b.Max) {
			return nil
		}
		if inner > 2 && b.Min != b.Max {
			list = append(list, weighted{2 * b.Min * (b.Max / (b.Min + b.Max)), inner})
		} else {
			list = append(list, weighted{b.Min, inner})
		}
	} else {
		inner, list = 0, make([]weighted, 0, len(b.sketch.cells)+3)
		for _, c := range b.sketch.cells {
			list = append(list, weighted{min(max(b.sketch.value(c.key), b.Min), b.Max), int(c.count)})
			inner += int(c.count)
		}
	}
	if inner > 0 {
		list = takeOne(slices.Insert(list, 0, weighted{b.Min, 1}), 1)
	}
	if inner > 1 {
		list = takeOne(append(list, weighted{b.Max, 1}), len(list)-1)
	}
	if nans := b.Count - inner; nans > 0 {
		list = slices.Insert(list, 0, weighted{math.NaN(), nans})
	}
	return list
}

// takeOne takes one sample from an entry, which goes when none is left.
func takeOne(list []weighted, at int) []weighted {
	if list[at].count--; list[at].count == 0 {
		return slices.Delete(list, at, at+1)
	}
	return list
}

// isNarrow reports whether one number stands for all between two, within sketchError: then a bucket needs
// no sketch.
func isNarrow(low, high float64) bool {
	return low == high || low > 0 && high-low <= sketchError*(high+low) || high < 0 && high-low <= -sketchError*(high+low)
}

// quantile is the q-quantile of a distribution, interpolated between the two samples around rank q·(n − 1)
// as PromQL does it.
func quantile(q float64, list []weighted) float64 {
	n := 0
	for _, w := range list {
		n += w.count
	}
	switch {
	case n == 0 || q != q:
		return math.NaN()
	case q < 0:
		return math.Inf(-1)
	case q > 1:
		return math.Inf(1)
	}
	rank := q * float64(n-1)
	low, high := ranked(list, int(rank)), ranked(list, min(int(rank)+1, n-1))
	weight := rank - math.Floor(rank)
	if weight == 0 || low == high {
		return low
	}
	return low*(1-weight) + high*weight
}

// ranked is the sample with so many before it.
func ranked(list []weighted, before int) float64 {
	for _, w := range list {
		if before < w.count {
			return w.value
		}
		before -= w.count
	}
	return math.NaN()
}

// mergeDistributions merges two into a new one.
func mergeDistributions(a, b []weighted) []weighted {
	merged := append(slices.Clone(a), b...)
	slices.SortStableFunc(merged, func(x, y weighted) int {
		switch {
		case x.value < y.value || x.value != x.value && y.value == y.value:
			return -1
		case x.value > y.value || x.value == x.value && y.value != y.value:
			return 1
		}
		return 0
	})
	return merged
}

// maxLayoutCells bounds the cells that neighbouring sketches of a series share, empty ones included: as
// many streams of counts are in their column.
const maxLayoutCells = 2 * maxSketchCells

// sketchHistograms stores sketches. Neighbours have the same cells, empty ones included, as far as
// maxLayoutCells allows: counts of one cell then make one stream, which costs less than to say of each
// sketch which cells it has.
func sketchHistograms(sketches []*sketch) []*histogram.Histogram {
	var stored []*histogram.Histogram
	for from := 0; from < len(sketches); {
		shared, to := map[int32]bool{}, from
		for to < len(sketches) && sketches[to].schema == sketches[from].schema {
			added := 0
			for _, c := range sketches[to].cells {
				if !shared[c.key] {
					added++
				}
			}
			if to > from && len(shared)+added > maxLayoutCells {
				break
			}
			for _, c := range sketches[to].cells {
				shared[c.key] = true
			}
			to++
		}
		keys := make([]int32, 0, len(shared))
		for key := range shared {
			if key != 0 {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		for _, s := range sketches[from:to] {
			stored = append(stored, s.histogram(keys))
		}
		from = to
	}
	return stored
}

// histogram stores a sketch as a native histogram with buckets for the given keys, without a sum.
func (s *sketch) histogram(keys []int32) *histogram.Histogram {
	counts := make(map[int32]int64, len(s.cells))
	h := &histogram.Histogram{Schema: s.schema}
	for _, c := range s.cells {
		counts[c.key] = c.count
		h.Count += uint64(c.count)
	}
	h.ZeroCount = uint64(counts[0])
	negative, _ := slices.BinarySearch(keys, 0)
	h.NegativeSpans, h.NegativeBuckets = spansOf(negative, func(i int) (int32, int64) {
		key := keys[negative-1-i]
		return -key - keyOfOne, counts[key]
	})
	h.PositiveSpans, h.PositiveBuckets = spansOf(len(keys)-negative, func(i int) (int32, int64) {
		key := keys[negative+i]
		return key - keyOfOne, counts[key]
	})
	return h
}

// spansOf describes n buckets, given with ascending indexes and their counts.
func spansOf(n int, at func(int) (index int32, count int64)) (spans []histogram.Span, deltas []int64) {
	next, before := int32(0), int64(0)
	for i := range n {
		index, count := at(i)
		if i == 0 || index != next {
			spans = append(spans, histogram.Span{Offset: index - next})
		}
		spans[len(spans)-1].Length++
		deltas = append(deltas, count-before)
		next, before = index+1, count
	}
	return spans, deltas
}

// sketchOf reads what histogram stored.
func sketchOf(h *histogram.Histogram) *sketch {
	s := &sketch{schema: h.Schema}
	counted := func(spans []histogram.Span, deltas []int64, visit func(key int32, count int64)) {
		index, count, n := int32(0), int64(0), 0
		for _, span := range spans {
			index += span.Offset
			for range min(int(span.Length), len(deltas)-n) {
				if count += deltas[n]; count > 0 {
					visit(index+keyOfOne, count)
				}
				index++
				n++
			}
		}
	}
	counted(h.NegativeSpans, h.NegativeBuckets, func(key int32, count int64) { s.add(-key, count) })
	slices.Reverse(s.cells)
	if h.ZeroCount > 0 {
		s.add(0, int64(h.ZeroCount))
	}
	counted(h.PositiveSpans, h.PositiveBuckets, s.add)
	return s
}
