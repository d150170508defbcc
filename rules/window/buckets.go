package window

import (
	"math"
	"slices"
)

// Histogram is the classic histogram of one instance: its series by what they count. All buckets
// share one plan.
type Histogram struct {
	// Buckets in the order of their upper bounds, which differ.
	Buckets []Bucket
	// Counts and Sums are the series _count and _sum.
	Counts, Sums []*Series

	uppers, cumulative []float64 // scratch of one evaluation
}

// Bucket is the series that count the observations up to an upper bound.
type Bucket struct {
	Upper  float64
	Series []*Series
}

// AddBucket adds a series to the bucket with the upper bound.
func (h *Histogram) AddBucket(upper float64, s *Series) {
	at, found := slices.BinarySearchFunc(h.Buckets, upper, func(b Bucket, upper float64) int {
		switch {
		case b.Upper < upper:
			return -1
		case b.Upper > upper:
			return 1
		}
		return 0
	})
	if !found {
		h.Buckets = slices.Insert(h.Buckets, at, Bucket{Upper: upper})
	}
	h.Buckets[at].Series = append(h.Buckets[at].Series, s)
}

// rates returns the rate of each bucket in window i, summed over its series, and the bounds that go
// with them, both valid until the next call. Buckets without a rate are left out, as PromQL leaves
// them out.
func (h *Histogram) rates(i int) (uppers, counts []float64, n int) {
	h.uppers, h.cumulative = h.uppers[:0], h.cumulative[:0]
	for _, b := range h.Buckets {
		r := Rate(b.Series, i)
		if math.IsInf(b.Upper, 1) {
			n = int(r.Samples)
		}
		if !r.Known {
			continue
		}
		h.uppers = append(h.uppers, b.Upper)
		h.cumulative = append(h.cumulative, r.Value)
	}
	return h.uppers, h.cumulative, n
}

// Quantile is the q-quantile, 0 ≤ q ≤ 1, of the observations in window i: PromQL's
// histogram_quantile(q, sum by (le) (rate(m_bucket[w]))). It is interpolated linearly within the
// bucket; in the highest bucket it is the bound below, and the lowest starts at 0 unless its bound is
// not above 0. Unknown without observations, with fewer than two buckets, or without one for +Inf.
func (h *Histogram) Quantile(q float64, i int) Result {
	uppers, counts, n := h.rates(i)
	if len(uppers) < 2 || !math.IsInf(uppers[len(uppers)-1], 1) {
		return unknown(n)
	}
	forceMonotonic(counts)
	top := len(counts) - 1
	rank := q * counts[top]
	if counts[top] == 0 || math.IsNaN(rank) {
		return unknown(n)
	}
	b := 0
	for b < top && counts[b] < rank {
		b++
	}
	switch {
	case b == top:
		return known(uppers[top-1], n)
	case b == 0 && uppers[0] <= 0:
		return known(uppers[0], n)
	}
	start, count := 0.0, counts[b]
	if b > 0 {
		start = uppers[b-1]
		count -= counts[b-1]
		rank -= counts[b-1]
	}
	return known(start+(uppers[b]-start)*(rank/count), n)
}

// forceMonotonic makes cumulative counts rise: rates of buckets that were scraped with rounding
// errors, or arrived incompletely, need not. Differences below PromQL's tolerance are rounding.
//
// Source: ensureMonotonicAndIgnoreSmallDeltas, promql/quantile.go of Prometheus 3.16.
func forceMonotonic(counts []float64) {
	previous := counts[0]
	for i := 1; i < len(counts); i++ {
		if counts[i] < previous || almostEqual(previous, counts[i]) {
			counts[i] = previous
		}
		previous = counts[i]
	}
}

// smallDelta is PromQL's smallDeltaTolerance: a relative difference of counts that is only rounding.
const smallDelta = 1e-12

// almostEqual reports whether two counts are equal but for rounding. Source: almost.Equal of
// Prometheus, for numbers that are not NaN.
func almostEqual(a, b float64) bool {
	if a == b {
		return true
	}
	sum, diff := math.Abs(a)+math.Abs(b), math.Abs(a-b)
	const smallestNormal = 0x1p-1022
	if a == 0 || b == 0 || sum < smallestNormal {
		return diff < smallDelta*smallestNormal
	}
	return diff/min(sum, math.MaxFloat64) < smallDelta
}

// Above is the share of the observations in window i that were greater than x, interpolated
// linearly within the bucket of x: 1 − PromQL's histogram_fraction(−Inf, x, sum by (le)
// (rate(m_bucket[w]))). Unknown as Quantile is, except that one bucket is enough.
func (h *Histogram) Above(x float64, i int) Result {
	uppers, counts, n := h.rates(i)
	if len(uppers) == 0 || !math.IsInf(uppers[len(uppers)-1], 1) || math.IsNaN(x) {
		return unknown(n)
	}
	all := counts[len(counts)-1]
	if all == 0 {
		return unknown(n)
	}
	return known(1-upTo(x, uppers, counts)/all, n)
}

// upTo is how many of the observations are not above x.
func upTo(x float64, uppers, counts []float64) float64 {
	top := len(counts) - 1
	lower := 0.0
	if uppers[0] <= 0 {
		lower = math.Inf(-1)
	}
	below := 0.0
	for b, upper := range uppers {
		if b > 0 {
			lower = uppers[b-1]
		}
		if lower >= x {
			return min(below, counts[top])
		}
		if x < upper {
			if math.IsInf(lower, -1) {
				return min(counts[b], counts[top])
			}
			return min(below+(counts[b]-below)*(x-lower)/(upper-lower), counts[top])
		}
		below = counts[b]
	}
	return counts[top]
}

// Mean is the mean of the observations in window i: the rate of _sum over the rate of _count.
// Unknown without observations.
func (h *Histogram) Mean(i int) Result {
	sum, count := Rate(h.Sums, i), Rate(h.Counts, i)
	if !sum.Known || !count.Known || count.Value == 0 {
		return unknown(int(count.Samples))
	}
	return known(sum.Value/count.Value, int(count.Samples))
}
