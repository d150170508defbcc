package detect_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"

	"github.com/neuroweaver/heddle/rules/detect"
)

// blockMS is the length of a block, as the package documents it.
const blockMS = 2000

// midnight is when simulations begin.
const midnight = int64(1767571200000)

// sim is a detector with a law that its observations follow.
type sim struct {
	detector *detect.Detector
	random   *rand.Rand
	now      int64
	feed     func(s *sim, level float64) // one block at some level of the law
}

func newSim(plan detect.Plan, perBlock float64, seed uint64, feed func(*sim, float64)) *sim {
	budget := &detect.Budget{PerMS: perBlock / blockMS, Streams: 1}
	return &sim{detect.New(&plan, budget), rand.New(rand.NewPCG(seed, 7)), midnight, feed}
}

// run lets blocks pass at a level, and counts how often a shift begins and after how many blocks the first
// did, 0 for never.
func (s *sim) run(blocks int, level float64) (alarms, first int) {
	was, _ := s.detector.Shifted(s.now)
	for i := range blocks {
		s.detector.Advance(s.now)
		s.feed(s, level)
		is, _ := s.detector.Shifted(s.now)
		if is && !was {
			alarms++
			if first == 0 {
				first = i + 1
			}
		}
		was = is
		s.now += blockMS
	}
	return alarms, first
}

func (s *sim) shifted() bool {
	shifted, _ := s.detector.Shifted(s.now)
	return shifted
}

// hours is how many blocks they have.
func hours(n float64) int { return int(n * 3600 * 1000 / blockMS) }

// share feeds n observations a block, each of which fails with the probability level.
func share(n int) func(*sim, float64) {
	return func(s *sim, level float64) {
		x := 0
		for range n {
			if s.random.Float64() < level {
				x++
			}
		}
		s.detector.AddWhole(float64(n))
		s.detector.AddPart(float64(x))
	}
}

// fine are the buckets of most classic histograms here, steps of a fifth from 0.1 to 40; coarse double.
var fine, coarse = steps(1.2), steps(2)

func steps(factor float64) (list []float64) {
	for v := 0.1; v < 40; v *= factor {
		list = append(list, v)
	}
	return append(list, math.Inf(1))
}

// latency feeds a classic histogram of n log-normal observations a block with the median level, whose tail
// is heavy.
func latency(n int, buckets []float64) func(*sim, float64) {
	var cells []int
	var of *detect.Detector
	return func(s *sim, level float64) {
		if of != s.detector {
			cells, of = nil, s.detector
			for _, upper := range buckets {
				cells = append(cells, s.detector.Bound(upper))
			}
		}
		within := make([]float64, len(buckets))
		for range n {
			v := level * math.Exp(0.6*s.random.NormFloat64())
			if s.random.Float64() < 0.01 {
				v *= 10
			}
			within[sort.SearchFloat64s(buckets, v)]++
		}
		below := 0.0
		for i, cell := range cells {
			below += within[i]
			s.detector.AddBelow(cell, below)
		}
	}
}

// level feeds a gauge that scatters about a level.
func level(s *sim, level float64) {
	s.detector.AddValue(level * (0.5 + s.random.Float64()))
}

// edge is the highest level that is tolerated, as the detector has it.
func (s *sim) edge() float64 { return s.detector.Report().Limit }

// TestFalseAlarmBound counts the alarms of detectors whose observations stay at the very edge of what is
// tolerated. No more may come than the budget allows; and some come, or the test would see nothing. (With
// coarse buckets none come: what lies between two bounds has the benefit of the doubt.)
func TestFalseAlarmBound(t *testing.T) {
	const perBlock, length, runs = 1.0 / 100, 1500, 60 // less than an hour, so that the past stays
	for _, c := range []struct {
		name string
		plan detect.Plan
		feed func(*sim, float64)
		past float64
		edge func(*sim) float64
	}{
		{"a share up", detect.Plan{Kind: detect.Share, Tolerance: 0.02}, share(20), 0.01, (*sim).edge},
		{"a share down", detect.Plan{Kind: detect.Share, Tolerance: 0.03, Down: true}, share(10), 0.9, (*sim).edge},
		{"a share, rare", detect.Plan{Kind: detect.Share, Tolerance: 0.01}, share(1), 0.02, (*sim).edge},
		{"a histogram up", detect.Plan{Kind: detect.Histogram, Tolerance: 0.2, Relative: true}, latency(10, fine), 1, func(*sim) float64 { return 1.2 }},
		{"a histogram down", detect.Plan{Kind: detect.Histogram, Tolerance: 1.0 / 6, Relative: true, Down: true}, latency(10, fine), 1, func(*sim) float64 { return 5.0 / 6 }},
		{"coarse buckets up", detect.Plan{Kind: detect.Histogram, Tolerance: 0.3, Relative: true}, latency(10, coarse), 1, func(*sim) float64 { return 1.3 }},
		{"coarse buckets down", detect.Plan{Kind: detect.Histogram, Tolerance: 0.25, Relative: true, Down: true}, latency(10, coarse), 1, func(*sim) float64 { return 0.75 }},
		{"a gauge up", detect.Plan{Kind: detect.Gauge, Tolerance: 0.1, Relative: true}, level, 20, (*sim).edge},
		{"a gauge down", detect.Plan{Kind: detect.Gauge, Tolerance: 2, Down: true}, level, 20, (*sim).edge},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			alarms := 0
			for seed := range uint64(runs) {
				s := newSim(c.plan, perBlock, seed, c.feed)
				if early, _ := s.run(hours(6.5), c.past); early > 0 {
					t.Fatalf("seed %d: alarms in the past itself", seed)
				}
				n, _ := s.run(length, c.edge(s))
				alarms += n
			}
			allowed := perBlock * length * runs
			if most := allowed + 4*math.Sqrt(allowed); float64(alarms) > most {
				t.Errorf("%d alarms, %.0f are allowed", alarms, allowed)
			}
			t.Logf("%d alarms of %.0f", alarms, allowed)
			if alarms == 0 && !strings.HasPrefix(c.name, "coarse") {
				t.Error("the edge is so far away that the test proves nothing")
			}
		})
	}
}

// ideal is after how many blocks a CUSUM finds a shift from a share p to q, both of which it knows, with
// the same allowance.
func ideal(random *rand.Rand, n int, p, q, perBlock float64) int {
	won, lost := math.Log(q/p), math.Log((1-q)/(1-p))
	sum := 0.0
	for block := 1; ; block++ {
		for range n {
			if random.Float64() < q {
				sum += won
			} else {
				sum += lost
			}
			sum = max(sum, 0)
		}
		if sum >= -math.Log(perBlock) {
			return block
		}
	}
}

// TestDelay compares the delay of detection with that of an ideal CUSUM between the highest tolerated share
// and the one that came: the detector knows only the first.
func TestDelay(t *testing.T) {
	const perBlock, runs = 1e-8, 40 // about one in a year for eight detectors
	for _, c := range []struct {
		n       int
		to      float64
		atMost  float64 // times the ideal
		blocks  float64 // and this many
		comment string
	}{
		{4, 0.1, 2, 2, "two requests a second"},
		{20, 0.1, 2, 8, "ten requests a second: the cap of a block counts"},
		{20, 0.05, 2, 2, "twice what is tolerated"},
		{1, 0.5, 2, 2, "a request every two seconds"},
	} {
		took, best := 0.0, 0.0
		for seed := range uint64(runs) {
			s := newSim(detect.Plan{Kind: detect.Share, Tolerance: 0.02}, perBlock, seed, share(c.n))
			s.run(hours(7), 0.004)
			limit := s.edge()
			_, first := s.run(hours(3), c.to)
			if first == 0 {
				t.Fatalf("%s, seed %d: not found", c.comment, seed)
			}
			took += float64(first) / runs
			best += float64(ideal(s.random, c.n, limit, c.to, perBlock)) / runs
		}
		t.Logf("%s: %.0f blocks, ideal %.0f", c.comment, took, best)
		if took > c.atMost*best+c.blocks {
			t.Errorf("%s: %.0f blocks, an ideal CUSUM takes %.0f", c.comment, took, best)
		}
	}
}

// TestBlips: a few seconds of nothing but failures, however many, raise no alarm.
func TestBlips(t *testing.T) {
	for _, n := range []int{1, 10, 1000} {
		for offset := range int64(20) {
			s := newSim(detect.Plan{Kind: detect.Share, Tolerance: 0.02}, 1e-8, uint64(offset), share(n))
			s.run(hours(7), 0.004)
			s.now += offset * 100
			for range 4 {
				if alarms, _ := s.run(3, 1); alarms > 0 {
					t.Fatalf("%d observations a block, offset %d: an alarm", n, offset)
				}
				s.run(hours(0.5), 0.004)
			}
		}
	}
}

// TestShiftEnds follows a shift through its life: found, held while it lasts, over soon after; and the
// past does not learn from it.
func TestShiftEnds(t *testing.T) {
	for _, c := range []struct {
		name           string
		plan           detect.Plan
		feed           func(*sim, float64)
		normal, moved  float64
		found, resumed float64 // hours
	}{
		{"share", detect.Plan{Kind: detect.Share, Tolerance: 0.02}, share(4), 0.004, 0.2, 0.1, 0.4},
		{"share down", detect.Plan{Kind: detect.Share, Tolerance: 0.03, Down: true}, share(4), 0.92, 0.7, 0.2, 0.5},
		{"histogram", detect.Plan{Kind: detect.Histogram, Tolerance: 0.25, Relative: true}, latency(4, fine), 1, 2, 0.1, 0.4},
		{"histogram down", detect.Plan{Kind: detect.Histogram, Tolerance: 0.25, Relative: true, Down: true}, latency(4, fine), 1, 0.4, 0.1, 0.4},
		{"gauge", detect.Plan{Kind: detect.Gauge, Tolerance: 0.5, Relative: true}, level, 20, 50, 0.1, 0.4},
		{"gauge down", detect.Plan{Kind: detect.Gauge, Tolerance: 0.2, Relative: true, Down: true}, level, 20, 10, 0.3, 0.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSim(c.plan, 1e-8, 3, c.feed)
			if _, known := s.detector.Shifted(s.now); known {
				t.Error("known without a past")
			}
			s.run(hours(12), c.normal)
			before := s.edge()
			if alarms, _ := s.run(hours(c.found), c.moved); alarms != 1 {
				t.Fatalf("%d alarms: %+v", alarms, s.detector.Report())
			}
			r := s.detector.Report()
			if !r.Shifted || r.Since == 0 || s.now-r.Since > int64(c.found*3600_000)+blockMS {
				t.Errorf("the report is %+v", r)
			}
			for range 12 {
				s.run(hours(0.5), c.moved)
				if !s.shifted() {
					t.Fatal("over while it lasts")
				}
			}
			s.run(hours(c.resumed), c.normal)
			if s.shifted() {
				t.Errorf("not over after it ended: %+v", s.detector.Report())
			}
			// The limit of a histogram is that of whichever bound leads.
			if after := s.edge(); c.plan.Kind != detect.Histogram && math.Abs(after-before) > 0.1*math.Abs(before) {
				t.Errorf("the limit went from %v to %v", before, after)
			}
		})
	}
}

// TestShiftStays: a shift that lasts does not end by chance, whatever came by chance when it was found. With samples in
// rounds, as a server that is asked every 20 s has them, and few observations in each.
func TestShiftStays(t *testing.T) {
	const runs, every = 100, 10
	for _, moved := range []float64{0.15, 0.18, 0.25} {
		ended := 0
		for seed := range uint64(runs) {
			s, blocks, round := newSim(detect.Plan{Kind: detect.Share, Tolerance: 0.02}, 1e-7, seed, nil), 0, share(10)
			s.feed = func(s *sim, level float64) {
				if blocks++; blocks%every == 0 {
					round(s, level)
				}
			}
			s.run(hours(7), 0.01)
			for end := s.now + 2*3600_000; !s.shifted(); s.run(1, moved) {
				if s.now > end {
					t.Fatalf("to %v, seed %d: not found", moved, seed)
				}
			}
			for range hours(0.5) {
				if s.run(1, moved); !s.shifted() {
					ended++
					break
				}
			}
			if s.run(hours(0.5), 0.01); s.shifted() {
				t.Errorf("to %v, seed %d: not over half an hour after it ended", moved, seed)
			}
		}
		t.Logf("to %v: %d of %d ended while they lasted", moved, ended, runs)
		if ended > runs/50+2 {
			t.Errorf("to %v: %d of %d ended while they lasted", moved, ended, runs)
		}
	}
}

// TestNewNormal: what has lasted three days is what is normal.
func TestNewNormal(t *testing.T) {
	s := newSim(detect.Plan{Kind: detect.Share, Tolerance: 0.02}, 1e-8, 5, share(4))
	s.run(hours(12), 0.01)
	s.run(hours(71), 0.2)
	if !s.shifted() {
		t.Fatal("no shift after 71 hours")
	}
	s.run(hours(2), 0.2)
	if _, known := s.detector.Shifted(s.now); known {
		t.Error("there is a past right after it was given up")
	}
	s.run(hours(10), 0.2)
	if shifted, known := s.detector.Shifted(s.now); shifted || !known {
		t.Errorf("shifted %v, known %v half a day later", shifted, known)
	}
}

// TestTimeOfDay: what is usual every night is no shift, once nights have been seen.
func TestTimeOfDay(t *testing.T) {
	s := newSim(detect.Plan{Kind: detect.Share, Tolerance: 0.02}, 1e-8, 5, share(4))
	for day := range 6 {
		night, _ := s.run(hours(9), 0.08)
		daytime, _ := s.run(hours(15), 0.005)
		if night+daytime > 0 && day > 0 {
			t.Errorf("day %d: %d alarms", day, night+daytime)
		}
	}
	// On the seventh day, the night goes on. What is compared is this time of day and the three hours beside it.
	if alarms, _ := s.run(hours(12), 0.08); alarms > 0 {
		t.Errorf("an alarm next to the night")
	}
	if s.run(hours(2), 0.08); !s.shifted() {
		t.Errorf("a night in the afternoon is no shift: %s", s)
	}
}

// TestSilence: a detector that hears nothing knows nothing, and goes on from where it was.
func TestSilence(t *testing.T) {
	s := newSim(detect.Plan{Kind: detect.Share, Tolerance: 0.02}, 1e-8, 5, share(4))
	s.run(hours(8), 0.01)
	for _, c := range []struct {
		after int64
		known bool
	}{{0, true}, {10 * 60_000, true}, {20 * 60_000, false}} {
		if _, known := s.detector.Shifted(s.now + c.after); known != c.known {
			t.Errorf("known %v after a silence of %d s", known, c.after/1000)
		}
	}
	s.now += 5 * 3600_000
	if alarms, _ := s.run(hours(1), 0.01); alarms > 0 {
		t.Error("an alarm after a silence")
	}
	if alarms, _ := s.run(hours(0.1), 0.3); alarms != 1 {
		t.Errorf("%d alarms for a shift after a silence", alarms)
	}
}

// TestBacklog: what was held up and comes at once is one block.
func TestBacklog(t *testing.T) {
	s := newSim(detect.Plan{Kind: detect.Share, Tolerance: 0.02}, 1e-8, 5, share(4))
	s.run(hours(8), 0.01)
	s.now += 20 * 60_000
	s.detector.Advance(s.now)
	s.detector.AddWhole(10_000)
	s.detector.AddPart(5_000)
	if s.shifted() {
		t.Error("one block raised an alarm")
	}
}

// TestNewBuckets: a sender that changes its buckets, even to others altogether, moves nothing.
func TestNewBuckets(t *testing.T) {
	other := append([]float64{0.13, 0.28, 0.45, 0.7, 1.1, 1.6, 2.6, 4.5, 9}, math.Inf(1))
	for _, down := range []bool{false, true} {
		moved := 2.5
		if down {
			moved = 0.3
		}
		s := newSim(detect.Plan{Kind: detect.Histogram, Tolerance: 0.25, Relative: true, Down: down}, 1e-8, 9, latency(5, fine))
		s.run(hours(12.3), 1)
		s.feed = latency(5, other)
		if alarms, _ := s.run(hours(12), 1); alarms > 0 {
			t.Errorf("down %v: %d alarms after a change of buckets", down, alarms)
		}
		if alarms, _ := s.run(hours(0.3), moved); alarms != 1 {
			t.Errorf("down %v: a shift after a change of buckets: %d alarms, %s", down, alarms, s)
		}
	}
}

func TestAt(t *testing.T) {
	for _, c := range []struct{ sample, now, want int64 }{
		{100_000, 100_500, 100_000}, {104_000, 100_000, 104_000}, {40_000, 100_000, 100_000}, {160_000, 100_000, 100_000},
	} {
		if got := detect.At(c.sample, c.now); got != c.want {
			t.Errorf("At(%d, %d) = %d, want %d", c.sample, c.now, got, c.want)
		}
	}
}

// BenchmarkBlock is the cost of one observation that arrives alone, with the look at the detector
// that follows it.
func BenchmarkBlock(b *testing.B) {
	for _, c := range []struct {
		name string
		plan detect.Plan
		feed func(*sim)
	}{
		{"share", detect.Plan{Kind: detect.Share, Tolerance: 0.02}, func(s *sim) {
			s.detector.AddWhole(1)
			s.detector.AddPart(0)
		}},
		{"gauge", detect.Plan{Kind: detect.Gauge, Tolerance: 0.5, Relative: true}, func(s *sim) { s.detector.AddValue(20) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			past := share(4)
			if c.plan.Kind == detect.Gauge {
				past = level
			}
			s := newSim(c.plan, 1e-8, 5, past)
			s.run(hours(8), 0.01)
			for b.Loop() {
				s.detector.Advance(s.now)
				c.feed(s)
				s.detector.Shifted(s.now)
				s.now += 100
			}
		})
	}
	b.Run("histogram", func(b *testing.B) {
		s := newSim(detect.Plan{Kind: detect.Histogram, Tolerance: 0.25, Relative: true}, 1e-8, 5, latency(4, fine))
		var cells []int
		for _, upper := range fine {
			cells = append(cells, s.detector.Bound(upper))
		}
		s.feed = func(s *sim, v float64) {
			for i, upper := range fine {
				if v <= upper {
					s.detector.AddBelow(cells[i], 1)
				}
			}
		}
		s.run(hours(8), 1)
		for b.Loop() {
			s.detector.Advance(s.now)
			s.feed(s, 1)
			s.detector.Shifted(s.now)
			s.now += 100
		}
	})
}

func (s *sim) String() string { return fmt.Sprintf("%+v", s.detector.Report()) }
