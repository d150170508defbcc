package window

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/prometheus/prometheus/model/value"
)

// randomSeed is fixed for a run by HEDDLE_SEED, else drawn anew; a failing test prints it.
func randomSeed(t *testing.T) uint64 {
	seed := rand.Uint64()
	if text := os.Getenv("HEDDLE_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with HEDDLE_SEED=%d", seed)
		}
	})
	return seed
}

// shape is what a random series looks like.
type shape struct {
	counter, integers bool
	interval, jitter  int64
}

// arrival is one sample in the order in which it comes in.
type arrival struct{ point }

// randomArrivals draws n samples with gaps, counter resets, stale markers, duplicates, and late
// samples up to grace; it keeps to [start, …).
func randomArrivals(r *rand.Rand, s shape, n int, start, grace int64) []arrival {
	var out []arrival
	t, v := start, math.Floor(r.Float64()*1000)
	for range n {
		t += s.interval
		if s.jitter > 0 {
			t += r.Int64N(s.jitter)
		}
		switch {
		case r.IntN(40) == 0:
			t += r.Int64N(20 * s.interval)
		case r.IntN(60) == 0:
			out = append(out, arrival{point{t, math.Float64frombits(value.StaleNaN)}})
			continue
		}
		switch step := r.ExpFloat64() * 50; {
		case s.counter && r.IntN(25) == 0:
			v = r.Float64() * 5
		case s.counter:
			v += step
		default:
			v = (r.NormFloat64() + 1) * math.Exp(r.NormFloat64()*2) * 100
		}
		if s.integers {
			v = math.Floor(v)
		}
		sample := v
		if !s.counter && r.IntN(200) == 0 {
			sample = []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0}[r.IntN(4)]
		}
		out = append(out, arrival{point{t, sample}})
		if r.IntN(15) == 0 { // a duplicate
			out = append(out, arrival{point{t, sample}})
		}
		if r.IntN(15) == 0 && len(out) > 3 { // a late one: hold it back by a few places
			late := len(out) - 1 - r.IntN(3)
			held := out[late]
			out = append(slices.Delete(out, late, late+1), held)
		}
	}
	return out
}

// fed keeps beside a series the plain list of what it was given, for a computation from scratch.
type fed struct {
	*Series
	points []point
	plan   *Plan
}

func (f *fed) add(t *testing.T, p point) {
	newest, any := f.Newest()
	outcome := f.Add(p.time, p.value)
	if value.IsStaleNaN(p.value) {
		return
	}
	at, found := slices.BinarySearchFunc(f.points, p.time, func(a point, b int64) int { return int(a.time - b) })
	want := Added
	switch {
	case any && p.time < newest-f.plan.Grace:
		want = TooLate
	case found:
		want = Duplicate
	case any && p.time < newest:
		want = Corrected
	}
	if outcome != want {
		t.Fatalf("sample at %d with newest %d: outcome %d, want %d", p.time, newest, outcome, want)
	}
	if want == Added || want == Corrected {
		f.points = slices.Insert(f.points, at, p)
	}
}

// inside returns the points of (end − width, end].
func (f *fed) inside(end, width int64) []point {
	from, _ := slices.BinarySearchFunc(f.points, end-width+1, func(a point, b int64) int { return int(a.time - b) })
	to, _ := slices.BinarySearchFunc(f.points, end+1, func(a point, b int64) int { return int(a.time - b) })
	return f.points[from:max(from, to)]
}

// TestFunctionsAgreeWithPromQL compares each function of one series with PromQL's own function over
// the same samples, at every arrival and while the window slides out.
func TestFunctionsAgreeWithPromQL(t *testing.T) {
	seed := randomSeed(t)
	rounds := 60
	if os.Getenv("HEDDLE_LONG") != "" {
		rounds = 1000
	}
	compared := 0 // values that are known
	for round := range rounds {
		r := rand.New(rand.NewPCG(seed, uint64(round)))
		compared += compareRound(t, r)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	if t.Logf("%d known values compared", compared); compared < rounds*1000 {
		t.Errorf("only %d known values", compared)
	}
}

// functionCase is a function and what PromQL calls it.
type functionCase struct {
	family  Family
	promQL  string
	scalar  float64
	compute func(series []*Series, i int) Result
	// exact: every bit where the samples are integers.
	exact bool
	// conditioned: the result may be small beside the samples, so PromQL's own rounding shows.
	conditioned bool
}

// tolerance is the relative difference from PromQL that is allowed; 0 asks for every bit.
func (c functionCase) tolerance(s shape) float64 {
	switch {
	case c.family == Spreads:
		return 1e-11 // the root of a difference of squares
	case s.integers && c.exact:
		return 0
	}
	return 1e-12
}

// size is what the tolerance is relative to, where that is not the result.
func (c functionCase) size(s shape, points []point) float64 {
	if c.conditioned || c.family == Increases && !s.integers {
		return magnitude(points, c)
	}
	return 0
}

var functionCases = []functionCase{
	{Increases, "rate", 0, Rate, true, false},
	{Increases, "increase", 0, Increase, true, false},
	{Means, "avg_over_time", 0, Mean, true, true},
	{Means, "sum_over_time", 0, Total, true, true},
	{Minima, "min_over_time", 0, Min, true, false},
	{Maxima, "max_over_time", 0, Max, true, false},
	{Spreads, "stddev_over_time", 0, Stddev, false, true},
	{Counts, "count_over_time", 0, Count, true, false},
	{Trends, "deriv", 0, Slope, false, true},
	{Ranks, "quantile_over_time", 0.95, func(s []*Series, i int) Result { return Quantile(0.95, s, i) }, true, false},
	{Ranks, "quantile_over_time", 0.5, func(s []*Series, i int) Result { return Quantile(0.5, s, i) }, true, false},
}

func compareRound(t *testing.T, r *rand.Rand) (compared int) {
	s := shape{counter: r.IntN(2) == 0, integers: r.IntN(2) == 0, interval: 1000 + r.Int64N(15_000)}
	if r.IntN(2) == 0 {
		s.jitter = s.interval / 3
	}
	plan := &Plan{Grace: 4 * s.interval}
	type window struct {
		spec  Spec
		cases []functionCase
	}
	var windows []window
	for _, width := range []int64{s.interval * 3, 60_000, 300_000} {
		for _, lag := range []int64{0, s.interval * 7} {
			for family := Counts; family <= Ranks; family++ {
				w := window{spec: Spec{Family: family, Width: width, Lag: lag}}
				for _, c := range functionCases {
					if c.family == family {
						w.cases = append(w.cases, c)
					}
				}
				windows = append(windows, w)
				plan.Specs = append(plan.Specs, w.spec)
			}
		}
	}
	f := &fed{Series: NewSeries(plan, new(Clock)), plan: plan}
	check := func(end int64) {
		f.Slide(end)
		for i, w := range windows {
			right := end - w.spec.Lag
			points := f.inside(right, w.spec.Width)
			for _, c := range w.cases {
				want, known := promFunction(c.promQL, c.scalar, points, right, w.spec.Width)
				got := c.compute([]*Series{f.Series}, i)
				if err := agree(got, want, known, c.tolerance(s), c.size(s, points)); err != nil {
					t.Errorf("%s over %v at %d of %v: %v", c.promQL, w.spec, end, points, err)
					return
				}
				if known {
					compared++
				}
			}
		}
	}
	end := int64(0)
	for i, a := range randomArrivals(r, s, 150, 1_700_000_000_000, plan.Grace) {
		f.add(t, a.point)
		end = max(end, a.time)
		check(end)
		if i%20 == 0 { // a silence: the window slides on, and back when the series speaks again
			check(end + s.interval*2)
			check(end + 1)
		}
		if t.Failed() {
			return compared
		}
	}
	for step := range int64(20) { // slide out
		check(end + step*20_000)
	}
	return compared
}

// magnitude is the size of the numbers that a function adds up, against which rounding is judged.
func magnitude(points []point, c functionCase) float64 {
	if len(points) == 0 {
		return 0
	}
	size := 0.0
	for _, p := range points {
		if !math.IsNaN(p.value) && !math.IsInf(p.value, 0) {
			size += math.Abs(p.value)
		}
	}
	switch c.promQL {
	case "avg_over_time", "stddev_over_time":
		return size / float64(len(points))
	case "deriv", "rate":
		seconds := float64(points[len(points)-1].time-points[0].time)/1000 + 1e-3
		return size / seconds
	}
	return size
}

// TestEngineOverManySeries compares what is combined over several series with PromQL's engine.
func TestEngineOverManySeries(t *testing.T) {
	seed := randomSeed(t)
	r := rand.New(rand.NewPCG(seed, 1))
	o := newOracle(t)
	const width = 60_000
	plan := &Plan{Grace: 20_000, Specs: []Spec{
		{Family: Increases, Width: width}, {Family: Counts, Width: width}, {Family: Means, Width: width},
		{Family: Minima, Width: width}, {Family: Maxima, Width: width},
	}}
	const first = 1_700_000_000_000
	var requests, failures []*Series
	type member struct {
		*Series
		number  int
		samples []arrival
	}
	var all []member
	for n := range 6 {
		name, list := "requests", &requests
		if n >= 3 {
			name, list = "failures", &failures
		}
		s := NewSeries(plan, new(Clock))
		*list = append(*list, s)
		all = append(all, member{s, o.series("__name__", name, "replica", fmt.Sprint(n)),
			randomArrivals(r, shape{counter: true, integers: true, interval: 5000, jitter: 900}, 120, first, plan.Grace)})
	}
	for end := int64(first); end < first+800_000; end += 3_100 {
		for i := range all {
			a := &all[i]
			for len(a.samples) > 0 && a.samples[0].time <= end {
				p := a.samples[0].point
				a.samples = a.samples[1:]
				if a.Add(p.time, p.value) != TooLate {
					o.add(a.number, floatSample(p))
				}
			}
			a.Slide(end)
		}
		for _, c := range []struct {
			expr string
			got  Result
		}{
			{"sum(increase(requests[1m]))", Increase(requests, 0)},
			{"sum(rate(requests[1m]))", Rate(requests, 0)},
			{"sum(increase(failures[1m])) / (sum(increase(requests[1m])) != 0)", Ratio(failures, 0, requests, 0, false)},
			{"sum(count_over_time(requests[1m]))", Count(requests, 1)},
			{"sum(sum_over_time(requests[1m]))", Total(requests, 2)},
			{"sum(sum_over_time(requests[1m])) / sum(count_over_time(requests[1m]))", Mean(requests, 2)},
			{"min(min_over_time(requests[1m]))", Min(requests, 3)},
			{"max(max_over_time(requests[1m]))", Max(requests, 4)},
			{"avg(requests)", Last(requests, 1)},
		} {
			want, known := o.at(c.expr, end)
			if err := agree(c.got, want, known, 1e-12, 0); err != nil {
				t.Errorf("%s at %d: %v", c.expr, end, err)
			}
		}
	}
}
