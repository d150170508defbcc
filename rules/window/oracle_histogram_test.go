package window

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
)

// TestClassicHistogramsAgreeWithPromQL compares quantile, above and avg of classic histograms with
// PromQL's engine over the same series: two replicas, of which one is restarted now and then, with
// gaps, late rows, and an observation stream whose size changes.
func TestClassicHistogramsAgreeWithPromQL(t *testing.T) {
	seed := randomSeed(t)
	r := rand.New(rand.NewPCG(seed, 2))
	for _, uppers := range [][]float64{
		{0.1, 0.5, 1, 2.5, math.Inf(1)},
		{-1, 0, 1, math.Inf(1)},
		{1, 2, 4}, // incomplete: no +Inf
		{math.Inf(1)},
	} {
		compareClassic(t, r, uppers)
	}
}

func compareClassic(t *testing.T, r *rand.Rand, uppers []float64) {
	const width, first = 60_000, int64(1_700_000_000_000)
	o := newOracle(t)
	plan := &Plan{Grace: 30_000, Specs: []Spec{{Family: Increases, Width: width}, {Family: Increases, Width: width, Lag: 45_000}}}
	h := &Histogram{}
	type member struct {
		*Series
		number int
	}
	add := func(name string, replica int, le string) member {
		return member{NewSeries(plan, new(Clock)), o.series("__name__", name, "replica", strconv.Itoa(replica), "le", le)}
	}
	type replica struct {
		buckets    []member
		count, sum member
		values     []float64
		total      float64
		held       []func()
	}
	var replicas [2]replica
	for n := range replicas {
		for _, upper := range uppers {
			b := add("m_bucket", n, strconv.FormatFloat(upper, 'g', -1, 64))
			h.AddBucket(upper, b.Series)
			replicas[n].buckets = append(replicas[n].buckets, b)
		}
		replicas[n].count, replicas[n].sum = add("m_count", n, ""), add("m_sum", n, "")
		h.Counts = append(h.Counts, replicas[n].count.Series)
		h.Sums = append(h.Sums, replicas[n].sum.Series)
	}
	put := func(m member, at int64, v float64) {
		if m.Add(at, v) != TooLate {
			o.add(m.number, floatSample{at, v})
		}
	}
	newest, seen := first, map[string]int{}
	defer func() {
		if len(uppers) > 3 && len(seen) < 14 {
			t.Errorf("only these were ever known: %v", seen)
		}
	}()
	for now := first; now < first+400_000; now += 5_000 {
		for n := range replicas {
			p := &replicas[n]
			if n == 1 && r.IntN(30) == 0 {
				p.values, p.total = nil, 0
			}
			if r.IntN(10) > 0 {
				for range r.IntN(12) {
					v := r.ExpFloat64() - 0.2
					p.values, p.total = append(p.values, v), p.total+v
				}
			}
			at := now + int64(n)*1_700
			counts := make([]float64, len(uppers))
			for i, upper := range uppers {
				for _, v := range p.values {
					if v <= upper {
						counts[i]++
					}
				}
			}
			all, total := float64(len(p.values)), p.total
			deliver := func() {
				for i, b := range p.buckets {
					put(b, at, counts[i])
				}
				put(p.count, at, all)
				put(p.sum, at, total)
				newest = max(newest, at)
			}
			switch r.IntN(12) {
			case 0: // lost
			case 1:
				p.held = append(p.held, deliver)
			default:
				deliver()
				for _, late := range p.held {
					late()
				}
				p.held = nil
			}
		}
		for i, offset := range []string{"", " offset 45s"} {
			for n := range replicas {
				p := &replicas[n]
				for _, m := range append(p.buckets, p.count, p.sum) {
					m.Slide(newest)
				}
			}
			rates := fmt.Sprintf("sum by (le) (rate(m_bucket[1m]%s))", offset)
			for _, c := range []struct {
				expr string
				got  Result
			}{
				{"histogram_quantile(0.5, " + rates + ")", h.Quantile(0.5, i)},
				{"histogram_quantile(0.95, " + rates + ")", h.Quantile(0.95, i)},
				{"histogram_quantile(0.99, " + rates + ")", h.Quantile(0.99, i)},
				{"histogram_quantile(0, " + rates + ")", h.Quantile(0, i)},
				{"histogram_quantile(1, " + rates + ")", h.Quantile(1, i)},
				{"1 - histogram_fraction(-Inf, 0.7, " + rates + ")", h.Above(0.7, i)},
				{"1 - histogram_fraction(-Inf, 2, " + rates + ")", h.Above(2, i)},
				{"1 - histogram_fraction(-Inf, -3, " + rates + ")", h.Above(-3, i)},
				{fmt.Sprintf("sum(rate(m_sum[1m]%[1]s)) / sum(rate(m_count[1m]%[1]s))", offset), h.Mean(i)},
			} {
				want, known := o.at(c.expr, newest)
				if math.IsInf(want, 0) {
					known = false
				}
				if known {
					seen[c.expr]++
				}
				if err := agree(c.got, want, known, 1e-12, 1); err != nil {
					t.Fatalf("%s at %d: %v", c.expr, newest, err)
				}
			}
		}
	}
}

// TestNativeHistogramsAgreeWithPromQL does the same for native histograms, with resets and with
// resolutions that change.
func TestNativeHistogramsAgreeWithPromQL(t *testing.T) {
	seed := randomSeed(t)
	r := rand.New(rand.NewPCG(seed, 3))
	o := newOracle(t)
	const width, first = 60_000, int64(1_700_000_000_000)
	plan := &Plan{Grace: 30_000, Specs: []Spec{{Family: Increases, Width: width}}}
	var series []*NativeSeries
	var current []*histogram.FloatHistogram
	var numbers []int
	fresh := func() *histogram.FloatHistogram {
		return &histogram.FloatHistogram{
			Schema: int32(r.IntN(3)), ZeroThreshold: 0.001,
			PositiveSpans:   []histogram.Span{{Offset: -2, Length: 6}},
			PositiveBuckets: make([]float64, 6),
		}
	}
	for n := range 2 {
		series = append(series, NewNativeSeries(plan, new(Clock)))
		numbers = append(numbers, o.series("__name__", "m", "replica", strconv.Itoa(n)))
		current = append(current, fresh())
	}
	newest, seen := first, 0
	defer func() {
		if seen < 300 {
			t.Errorf("only %d values were known", seen)
		}
	}()
	for now := first; now < first+600_000; now += 5_000 {
		for n, s := range series {
			h := current[n]
			if r.IntN(25) == 0 {
				h = fresh()
				current[n] = h
			}
			for range r.IntN(20) {
				h.PositiveBuckets[r.IntN(6)]++
				h.Count++
				h.Sum += r.Float64()
			}
			if r.IntN(10) == 0 {
				continue
			}
			at := now + int64(n)*1_300
			if r.IntN(10) == 0 {
				at -= 12_000 // late, or a duplicate
			}
			if outcome := s.Add(at, h); outcome == Added || outcome == Corrected {
				o.add(numbers[n], histogramSample{at, h.Copy()})
			}
			newest = max(newest, at)
		}
		for _, s := range series {
			s.Slide(newest)
		}
		for _, c := range []struct {
			expr string
			got  Result
		}{
			{"histogram_quantile(0.5, sum(rate(m[1m])))", NativeQuantile(0.5, series, 0)},
			{"histogram_quantile(0.95, sum(rate(m[1m])))", NativeQuantile(0.95, series, 0)},
			{"1 - histogram_fraction(-Inf, 0.7, sum(rate(m[1m])))", NativeAbove(0.7, series, 0)},
			{"histogram_avg(sum(rate(m[1m])))", NativeMean(series, 0)},
			{"sum(count_over_time(m[1m]))", NativeCount(series, 0)},
		} {
			want, known := o.at(c.expr, newest)
			if known {
				seen++
			}
			if err := agree(c.got, want, known, 1e-9, 1); err != nil {
				t.Fatalf("%s at %d: %v", c.expr, newest, err)
			}
		}
	}
}
