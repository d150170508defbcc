package window

import (
	"math"
	"slices"
	"sort"
)

// ranks keeps the samples inside a window in the order of their values, for quantiles of gauges.
// Finding a place is O(log n), making room one short memory move. NaNs rank lowest, as in PromQL.
type ranks struct{ sorted []float64 }

func (a *ranks) push(p point, _ *point) {
	a.sorted = slices.Insert(a.sorted, a.find(p.value), p.value)
}

func (a *ranks) insert(p point, _, _ *point) { a.push(p, nil) }

func (a *ranks) pop(p point, _ *point) {
	i := a.find(p.value)
	a.sorted = slices.Delete(a.sorted, i, i+1)
}

func (a *ranks) reset()     { a.sorted = a.sorted[:0] }
func (a *ranks) worn() bool { return false }

// find is the place of the first value that is not below v.
func (a *ranks) find(v float64) int {
	return sort.Search(len(a.sorted), func(i int) bool { return !below(a.sorted[i], v) })
}

// below orders values with NaN lowest.
func below(a, b float64) bool { return a < b || math.IsNaN(a) && !math.IsNaN(b) }

// Quantile is the q-quantile, 0 ≤ q ≤ 1, of all samples of a gauge in window i, those of several
// series pooled, interpolated linearly between the two samples around rank q·(n − 1): PromQL's
// quantile_over_time for one series. Unknown without samples.
func Quantile(q float64, series []*Series, i int) Result {
	var values []float64
	for _, s := range series {
		if sorted := s.windows[i].aggregate.(*ranks).sorted; values == nil {
			values = sorted
		} else if len(sorted) > 0 {
			values = mergeSorted(values, sorted)
		}
	}
	n := len(values)
	if n == 0 {
		return unknown(0)
	}
	rank := q * float64(n-1)
	low := max(0, math.Floor(rank))
	high := min(float64(n-1), low+1)
	weight := rank - math.Floor(rank)
	if weight == 0 {
		return known(values[int(low)], n)
	}
	return known(values[int(low)]*(1-weight)+values[int(high)]*weight, n)
}

// mergeSorted merges two sorted lists into a new one.
func mergeSorted(a, b []float64) []float64 {
	merged := make([]float64, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if below(b[0], a[0]) {
			merged, b = append(merged, b[0]), b[1:]
		} else {
			merged, a = append(merged, a[0]), a[1:]
		}
	}
	return append(append(merged, a...), b...)
}
