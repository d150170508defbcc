package window

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestEwmaAgreesWithItsFormula compares the running mean with the sum over all samples, with late
// samples, gaps and a lag.
func TestEwmaAgreesWithItsFormula(t *testing.T) {
	seed := randomSeed(t)
	compared := 0
	for round := range 40 {
		r := rand.New(rand.NewPCG(seed, uint64(round)))
		halfLife := 5_000 + r.Int64N(60_000)
		lag := r.Int64N(2) * 30_000
		s := shape{interval: 1000 + r.Int64N(10_000), jitter: 300}
		plan := &Plan{Grace: 4 * s.interval, Specs: []Spec{{Family: Decays, Width: DecayWidth(halfLife), Lag: lag}}}
		f := &fed{Series: NewSeries(plan, new(Clock)), plan: plan}
		end := int64(0)
		for _, a := range randomArrivals(r, s, 150, 1_700_000_000_000, plan.Grace) {
			f.add(t, a.point)
			end = max(end, a.time)
			f.Slide(end)
			var values, weights, newest float64
			for _, p := range f.inside(end-lag, math.MaxInt64/4) {
				if math.IsNaN(p.value) || math.IsInf(p.value, 0) {
					continue
				}
				weight := math.Exp2(-float64(end-lag-p.time) / float64(halfLife))
				values, weights, newest = values+weight*p.value, weights+weight, float64(p.time)
			}
			known := weights > 0 && newest > float64(end-lag-DecayWidth(halfLife))
			got := Ewma([]*Series{f.Series}, 0)
			if err := agree(got, values/weights, known, 1e-9, 1000); err != nil {
				t.Fatalf("round %d at %d: %v", round, end, err)
			}
			if known {
				compared++
			}
		}
	}
	if compared < 3000 {
		t.Errorf("only %d known values", compared)
	}
}

// TestCoverage: a full window is covered, jitter and a single gap do not change what is expected, and a
// thinned one is covered in part.
func TestCoverage(t *testing.T) {
	for _, c := range []struct {
		name    string
		times   func(i int64) int64 // ms of the i-th sample, below 0: none
		want    float64
		between float64 // allowed difference
	}{
		{"full", func(i int64) int64 { return i * 1000 }, 1, 0},
		{"jitter", func(i int64) int64 { return i*1000 + i%3*100 }, 1, 0.02},
		{"one gap of twenty", func(i int64) int64 {
			if i >= 70 && i < 90 {
				return -1
			}
			return i * 1000
		}, 2.0 / 3, 0.01},
		{"every other one lost of late", func(i int64) int64 {
			if i > 95 && i%2 == 0 {
				return -1
			}
			return i * 1000
		}, 58.0 / 60, 0.02},
		{"began half a window ago", func(i int64) int64 {
			if i < 70 {
				return -1
			}
			return i * 1000
		}, 0.5, 0.01},
	} {
		clock := new(Clock)
		s := NewSeries(&Plan{Specs: []Spec{{Family: Counts, Width: 60_000}}}, clock)
		for i := range int64(100) {
			if at := c.times(i); at >= 0 {
				clock.Observe(at, at)
				s.Add(at, 1)
			}
		}
		s.Slide(clock.Newest())
		if got := Coverage([]*Series{s}, 0); !got.Known || math.Abs(got.Value-c.want) > c.between {
			t.Errorf("%s: %+v, want %v", c.name, got, c.want)
		}
	}
}

// TestClock: windows end at the newest sample while the group speaks, and with the server's clock once
// it is silent, whatever the offset between the two.
func TestClock(t *testing.T) {
	for _, offset := range []int64{0, 3_600_000, -3_600_000} {
		c := new(Clock)
		for i := range int64(10) {
			c.Observe(1_000_000_000+i*5000+offset, 1_000_000_000+i*5000)
		}
		last := int64(1_000_045_000)
		for _, probe := range []struct{ after, end, age int64 }{
			{0, 0, 0}, {5_000, 0, 5_000}, {12_499, 0, 12_499}, {12_500, 12_500, 12_500}, {60_000, 60_000, 60_000},
		} {
			if got := c.End(last+probe.after) - last - offset; got != probe.end {
				t.Errorf("offset %d: %d ms after the last sample the end is at %d, want %d", offset, probe.after, got, probe.end)
			}
			if got := c.Age(c.Newest(), last+probe.after); got != probe.age {
				t.Errorf("offset %d: age %d, want %d", offset, got, probe.age)
			}
		}
		if c.Skew() != offset || c.Interval() != 5000 || c.Gap() != 5000 {
			t.Errorf("skew %d, interval %d, gap %d", c.Skew(), c.Interval(), c.Gap())
		}
	}
}

// TestBacklogIsNoHabit: after samples of five minutes have come within a second, a sender that goes on as
// it took them is not silent.
func TestBacklogIsNoHabit(t *testing.T) {
	c := new(Clock)
	const now = int64(1_000_000_000)
	for i := range int64(20) {
		c.Observe(now-(20-i)*15_000, now-(20-i)*50)
	}
	if c.Gap() != 15_000 || c.SilentAt() != now-50+37_500 {
		t.Errorf("a gap of %d ms, silent %d ms after the last arrival", c.Gap(), c.SilentAt()-(now-50))
	}
}

// TestSumDoesNotDrift adds and removes a hundred million times its size and comes back exactly.
func TestSumDoesNotDrift(t *testing.T) {
	seed := randomSeed(t)
	r := rand.New(rand.NewPCG(seed, 4))
	var s Sum
	var inside []float64
	for range 300_000 {
		v := math.Floor(r.NormFloat64() * 1e9)
		if r.IntN(1000) == 0 {
			v = []float64{math.Inf(1), math.NaN(), math.Inf(-1), 1e300}[r.IntN(4)]
		}
		s.Add(v)
		inside = append(inside, v)
		if len(inside) > 100 {
			s.Remove(inside[0])
			inside = inside[1:]
		}
	}
	for _, v := range inside {
		if v != 1e300 {
			s.Remove(v)
		}
	}
	for _, v := range inside {
		if v == 1e300 {
			s.Remove(v)
		}
	}
	if s.Value() != 0 && math.Abs(s.Value()) > 1e300*0x1p-100 {
		t.Errorf("%v is left", s.Value())
	}
	var exact Sum
	for range 1_000_000 {
		exact.Add(0.1)
		exact.Add(12345.6)
		exact.Remove(12345.6)
	}
	for range 999_999 {
		exact.Remove(0.1)
	}
	if exact.Value() != 0.1 {
		t.Errorf("got %.17g", exact.Value())
	}
}

// TestAbsurdSampleLeavesNoTrace: after a sample of 1e300 has left, the window is as if it had never been.
func TestAbsurdSampleLeavesNoTrace(t *testing.T) {
	for _, absurd := range []float64{1e300, -1e40, 1e25, math.Inf(1), math.NaN(), 1e308} {
		plan := &Plan{Specs: []Spec{{Family: Means, Width: 60_000}, {Family: Spreads, Width: 60_000}, {Family: Trends, Width: 60_000}, {Family: Increases, Width: 60_000}}}
		s, pure := NewSeries(plan, new(Clock)), NewSeries(plan, new(Clock))
		for i := range int64(400) {
			v := 1000 + float64(i*i%17)/8
			pure.Add(i*1000, v)
			if i == 100 {
				s.Add(i*1000, absurd)
			} else {
				s.Add(i*1000, v)
			}
			s.Slide(i * 1000)
			pure.Slide(i * 1000)
			if i < 290 {
				continue
			}
			for f, function := range map[string]func([]*Series, int) Result{"0 avg": Mean, "1 stddev": Stddev, "2 slope": Slope, "3 rate": Rate} {
				got, want := function([]*Series{s}, int(f[0]-'0')), function([]*Series{pure}, int(f[0]-'0'))
				if err := agree(got, want.Value, want.Known, 1e-12, 1); err != nil {
					t.Fatalf("%s after %v, second %d: %v", f, absurd, i, err)
				}
			}
		}
	}
}
