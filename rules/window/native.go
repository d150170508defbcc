package window

import (
	"math"
	"slices"
	"sort"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser/posrange"
)

// NativeSeries is the recent samples of one series of native histograms. A window over it needs
// only its first and last sample, and those between them where the counter was reset or the bucket
// layout changed, which are few and are kept apart.
type NativeSeries struct {
	// Clock is the time of the series' group.
	Clock *Clock

	plan   *Plan
	points []nativePoint // in strictly rising time order
	marks  []int         // places in points that differ in kind from the one before
	end    int64
	newest int64
}

type nativePoint struct {
	time  int64
	h     *histogram.FloatHistogram
	reset bool // the counter started again between the point before and this one
}

// NewNativeSeries returns an empty series.
func NewNativeSeries(plan *Plan, clock *Clock) *NativeSeries {
	return &NativeSeries{Clock: clock, plan: plan, end: never, newest: never}
}

// Add takes a sample, t in milliseconds; the histogram is not kept, but copied.
func (s *NativeSeries) Add(t int64, h *histogram.FloatHistogram) Outcome {
	if s.newest != never && t < s.newest-s.plan.Grace {
		return TooLate
	}
	at := s.after(t)
	if at > 0 && s.points[at-1].time == t {
		return Duplicate
	}
	s.points = slices.Insert(s.points, at, nativePoint{time: t, h: h.Copy()})
	if at < len(s.points)-1 {
		s.compare(at)
		s.compare(at + 1)
		s.remark()
		return Corrected
	}
	s.newest = t
	s.compare(at)
	if s.differs(at) {
		s.marks = append(s.marks, at)
	}
	return Added
}

// compare finds out whether point i began again.
func (s *NativeSeries) compare(i int) {
	if i > 0 {
		s.points[i].reset = s.points[i].h.DetectReset(s.points[i-1].h)
	}
}

// differs reports whether point i has to be looked at when a window holds it and the one before.
func (s *NativeSeries) differs(i int) bool {
	return i > 0 && (s.points[i].reset || s.points[i].h.Schema != s.points[i-1].h.Schema)
}

func (s *NativeSeries) remark() {
	s.marks = s.marks[:0]
	for i := range s.points {
		if s.differs(i) {
			s.marks = append(s.marks, i)
		}
	}
}

// after is the place of the first sample newer than t.
func (s *NativeSeries) after(t int64) int {
	return sort.Search(len(s.points), func(i int) bool { return s.points[i].time > t })
}

// Slide sets the end of all windows and forgets what none needs any more.
func (s *NativeSeries) Slide(end int64) {
	s.end = end
	old := s.after(end - s.plan.Reach())
	if old*2 > len(s.points) { // amortised: at least half leaves at once
		s.points = slices.Delete(s.points, 0, old)
		s.remark()
	}
}

// Newest is the time of the newest sample; ok is false while there was none.
func (s *NativeSeries) Newest() (t int64, ok bool) { return s.newest, s.newest != never }

// window returns the places [from, to) of window i's samples and its edges.
func (s *NativeSeries) window(i int) (from, to int, left, right int64) {
	left, right = s.plan.Specs[i].edges(s.end)
	return s.after(left), s.after(right), left, right
}

// rate is PromQL's rate() of a native histogram in window i, nil where it has none.
//
// Source: histogramRate and extrapolatedRate, promql/functions.go of Prometheus 3.16.
func (s *NativeSeries) rate(i int) (h *histogram.FloatHistogram, samples int) {
	from, to, left, right := s.window(i)
	samples = to - from
	if samples < 2 {
		return nil, samples
	}
	first, second, last := s.points[from].h, s.points[from+1], s.points[to-1].h
	base := first
	if second.reset {
		base = &histogram.FloatHistogram{Schema: second.h.Schema, CustomValues: second.h.CustomValues}
	}
	schema := min(base.Schema, last.Schema)
	marks := s.marks[sort.SearchInts(s.marks, from+1):sort.SearchInts(s.marks, to)]
	for _, m := range marks {
		if s.points[m].h.UsesCustomBuckets() != base.UsesCustomBuckets() {
			return nil, samples
		}
		schema = min(schema, s.points[m].h.Schema)
	}
	if last.UsesCustomBuckets() != base.UsesCustomBuckets() {
		return nil, samples
	}
	h, err := last.CopyToSchema(schema)
	if err != nil {
		return nil, samples
	}
	if _, _, _, err := h.Sub(base); err != nil {
		return nil, samples
	}
	for _, m := range marks {
		if s.points[m].reset && m > from+1 {
			if _, _, _, err := h.Add(s.points[m-1].h); err != nil {
				return nil, samples
			}
		}
	}
	h.CounterResetHint = histogram.GaugeType
	h.Compact(0)
	return h.Mul(extrapolation(extent{
		left: left, right: right, first: s.points[from].time, last: s.points[to-1].time, samples: samples,
		zeroable: h.Count > 0 && first.Count >= 0, start: first.Count, growth: h.Count,
	}, s.plan.Specs[i].Width, true)), samples
}

// nativeRate sums the rates of all series.
func nativeRate(series []*NativeSeries, i int) (sum *histogram.FloatHistogram, samples int) {
	for _, s := range series {
		h, n := s.rate(i)
		samples += n
		switch {
		case h == nil:
		case sum == nil:
			sum = h
		default:
			if _, _, _, err := sum.Add(h); err != nil {
				return nil, samples // bucket layouts that cannot be brought together
			}
		}
	}
	return sum, samples
}

// NativeQuantile is the q-quantile of the observations in window i: PromQL's
// histogram_quantile(q, sum(rate(m[w]))). Unknown without observations.
func NativeQuantile(q float64, series []*NativeSeries, i int) Result {
	h, n := nativeRate(series, i)
	if h == nil {
		return unknown(n)
	}
	v, _ := promql.HistogramQuantile(q, h, "", posrange.PositionRange{})
	return known(v, n)
}

// NativeAbove is the share of the observations in window i that were greater than x: 1 − PromQL's
// histogram_fraction(−Inf, x, sum(rate(m[w]))). Unknown without observations.
func NativeAbove(x float64, series []*NativeSeries, i int) Result {
	h, n := nativeRate(series, i)
	if h == nil {
		return unknown(n)
	}
	v, _ := promql.HistogramFraction(math.Inf(-1), x, h, "", posrange.PositionRange{})
	return known(1-v, n)
}

// NativeMean is the mean of the observations in window i: PromQL's histogram_avg(sum(rate(m[w]))).
// Unknown without observations.
func NativeMean(series []*NativeSeries, i int) Result {
	h, n := nativeRate(series, i)
	if h == nil || h.Count == 0 {
		return unknown(n)
	}
	return known(h.Sum/h.Count, n)
}

// NativeCount is how many samples window i holds over all series. Unknown without any.
func NativeCount(series []*NativeSeries, i int) Result {
	n := 0
	for _, s := range series {
		from, to, _, _ := s.window(i)
		n += max(0, to-from)
	}
	if n == 0 {
		return unknown(0)
	}
	return known(float64(n), n)
}

// NativeCoverage is the share, up to 1, of the expected samples that arrived in window i, as Coverage.
func NativeCoverage(series []*NativeSeries, i int) Result {
	share, n, spoke := 0.0, 0, 0
	for _, s := range series {
		from, to, _, _ := s.window(i)
		if to <= from {
			continue
		}
		share += min(1, float64(to-from)*float64(s.Clock.Interval())/float64(s.plan.Specs[i].Width))
		spoke++
		n += to - from
	}
	if spoke == 0 {
		return unknown(0)
	}
	return known(share/float64(spoke), n)
}

// NativeAge is how many seconds ago the newest sample of all series was taken, as Age.
func NativeAge(series []*NativeSeries, now int64) Result {
	least := int64(math.MaxInt64)
	for _, s := range series {
		if newest, ok := s.Newest(); ok {
			least = min(least, s.Clock.Age(newest, now))
		}
	}
	if least == math.MaxInt64 {
		return unknown(0)
	}
	return known(float64(max(0, least))/1000, 1)
}
