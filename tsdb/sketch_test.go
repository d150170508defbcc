package tsdb_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/value"

	"github.com/neuroweaver/heddle/tsdb"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// sketchError is the relative error that docs/storage.md states, and a little for rounding.
const sketchError = 0.01084

// plainQuantile is PromQL's quantile of all numbers, and by how much a value that is known within
// sketchError may be off: that of the larger of the two numbers between which it lies.
func plainQuantile(q float64, list []float64) (v, tolerance float64) {
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, func(a, b float64) int { return cmp.Compare(a, b) }) // NaNs first
	rank := q * float64(len(sorted)-1)
	low, high := sorted[int(rank)], sorted[min(int(rank)+1, len(sorted)-1)]
	weight := rank - math.Floor(rank)
	if weight == 0 {
		return low, sketchError * math.Abs(low)
	}
	return low*(1-weight) + high*weight, sketchError * max(math.Abs(low), math.Abs(high))
}

func plainStddev(list []float64) float64 {
	mean, squares := 0.0, 0.0
	for _, v := range list {
		mean += v / float64(len(list))
	}
	for _, v := range list {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares / float64(len(list)))
}

// within compares numbers; two that are not finite must be equal.
func within(got, want, tolerance float64) bool {
	return got == want || got != got && want != want || math.Abs(got-want) <= tolerance
}

var someQuantiles = []float64{0, 0.01, 0.25, 0.5, 0.9, 0.99, 1}

// sameDistribution compares a bucket with its samples.
func sameDistribution(b *tsdb.Bucket, list []float64) error {
	for _, q := range someQuantiles {
		want, tolerance := plainQuantile(q, list)
		if got := b.Quantile(q); !within(got, want, tolerance) {
			return fmt.Errorf("quantile %g: got %g, want %g ± %g of %v", q, got, want, tolerance, list)
		}
	}
	want := plainStddev(list)
	if !within(b.Stddev, want, want*0x1p-16+1e-12*math.Abs(b.Sum)/float64(b.Count)) {
		return fmt.Errorf("standard deviation: got %v, want %v of %v", b.Stddev, want, list)
	}
	return nil
}

// checkDistributions compares the buckets of all time with the samples.
func (l *rollupLife) checkDistributions(db *tsdb.DB) error {
	for _, s := range l.series {
		id, err := db.Appender(l.now).Series(s.labels)
		if err != nil {
			return err
		}
		for _, step := range []time.Duration{5 * time.Minute, time.Hour} {
			buckets, err := db.Buckets(id, step, math.MinInt64+2, math.MaxInt64)
			if err != nil {
				return err
			}
			for i := range buckets {
				b := &buckets[i]
				var list []float64
				for ms, v := range s.samples {
					if ms >= b.StartMS && ms < b.StartMS+step.Milliseconds() && !value.IsStaleNaN(v) {
						list = append(list, v)
					}
				}
				if err := sameDistribution(b, list); err != nil {
					return fmt.Errorf("%s, %s at %d: %w", s.labels, step, b.StartMS, err)
				}
			}
		}
	}
	return nil
}

// TestRollupDistribution: quantiles and standard deviations of buckets are those of their samples, whether
// these are still there, in buckets of five minutes or in buckets of an hour.
func TestRollupDistribution(t *testing.T) {
	seed := testSeed(t)
	for _, fine := range []time.Duration{0, -1} {
		l := newRollupLife(seed)
		o := l.options(vfs.NewMem())
		o.Rollup5mRetention = fine
		db := open(t, "data", o)
		if err := l.live(db, 300, func(error) bool { return false }); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := l.checkDistributions(db); err != nil {
				t.Fatalf("HEDDLE_TSDB_SEED=%d: %v", seed, err)
			}
			l.now = l.now.Add(20 * time.Hour)
			if err := errors.Join(db.Flush(), db.DropOld()); err != nil {
				t.Fatal(err)
			}
		}
		if s := db.Stats(); s.Blocks != 0 || s.RollupBlocks == 0 {
			t.Fatalf("%+v", s)
		}
	}
}

// TestRollupDistributionInPromQL: over whole buckets, the functions that look at the distribution say of
// rollups what they said of raw samples.
func TestRollupDistributionInPromQL(t *testing.T) {
	seed := testSeed(t)
	l := newRollupLife(seed)
	db := open(t, "data", l.options(vfs.NewMem()))
	if err := l.live(db, 300, func(error) bool { return false }); err != nil {
		t.Fatal(err)
	}
	from, to := start.UnixMilli(), l.now.Truncate(time.Hour).UnixMilli()-1
	l.now = l.now.Add(10 * time.Hour)
	if err := errors.Join(db.Flush(), db.DropOld()); err != nil {
		t.Fatal(err)
	}
	for i, s := range l.series {
		var want []float64
		for ms, v := range s.samples {
			if ms >= from && ms <= to && !value.IsStaleNaN(v) {
				want = append(want, v)
			}
		}
		read := func(function string) (list []float64) {
			for _, p := range selectRange(t, db, function, fmt.Sprint("m", i), from, to) {
				if !value.IsStaleNaN(p.v) {
					list = append(list, p.v)
				}
			}
			if len(list) != len(want) {
				t.Fatalf("HEDDLE_TSDB_SEED=%d: %s of m%d: %d samples, want %d", seed, function, i, len(list), len(want))
			}
			return list
		}
		quantiles := read("quantile_over_time")
		for _, q := range someQuantiles {
			got, _ := plainQuantile(q, quantiles)
			if want, tolerance := plainQuantile(q, want); !within(got, want, tolerance) {
				t.Errorf("HEDDLE_TSDB_SEED=%d: quantile %g of m%d: got %v, want %v ± %v", seed, q, i, got, want, tolerance)
			}
		}
		got, expected := plainStddev(read("stddev_over_time")), plainStddev(want)
		if !within(got, expected, expected*0x1p-15) {
			t.Errorf("HEDDLE_TSDB_SEED=%d: standard deviation of m%d: got %v, want %v", seed, i, got, expected)
		}
	}
}

// TestSketchOfAnything: whatever the samples are, quantiles stay between min and max and in order, and what is
// spread over a few octaves is within the stated error.
func TestSketchOfAnything(t *testing.T) {
	seed := testSeed(t)
	random := rand.New(rand.NewPCG(seed, 5))
	shapes := map[string]func() float64{
		"any bits":        func() float64 { return math.Float64frombits(random.Uint64()) },
		"latencies":       func() float64 { return math.Exp(random.NormFloat64()) },
		"signs":           func() float64 { return float64(random.IntN(7)-3) * math.Exp(random.NormFloat64()/2) },
		"infinities":      func() float64 { return []float64{math.Inf(1), math.Inf(-1), 1, -2, 1.5, 0}[random.IntN(6)] },
		"powers of gamma": func() float64 { return math.Exp2(float64(random.IntN(300)-150) / 32) },
		"denormals":       func() float64 { return float64(1+random.IntN(50)) * math.SmallestNonzeroFloat64 },
		"one":             func() float64 { return 0.1 },
		"narrow":          func() float64 { return 1000 + random.Float64() },
		"narrow below 0":  func() float64 { return -1000 - random.Float64() },
	}
	now := start
	db := open(t, "data", tsdb.Options{FS: vfs.NewMem(), Retention: time.Hour, Now: func() time.Time { return now }})
	samples := map[string][]float64{}
	for name, draw := range shapes {
		var points []point
		for i := range 1 + random.Int64N(3600) {
			v := draw()
			if value.IsStaleNaN(v) {
				continue
			}
			points = append(points, point{startMS() + i*1000, v})
			samples[name] = append(samples[name], v)
		}
		now = start.Add(time.Hour)
		push(t, db, metric("m", "model", name), points...)
	}
	for _, after := range []time.Duration{0, 6 * time.Hour} {
		now = now.Add(after)
		if err := errors.Join(db.Flush(), db.DropOld()); err != nil {
			t.Fatal(err)
		}
		for name, list := range samples {
			id, err := db.Appender(now).Series(metric("m", "model", name))
			if err != nil {
				t.Fatal(err)
			}
			buckets, err := db.Buckets(id, time.Hour, startMS(), startMS()+1)
			if err != nil || len(buckets) != 1 {
				t.Fatalf("HEDDLE_TSDB_SEED=%d: %s: %v %v", seed, name, buckets, err)
			}
			b := &buckets[0]
			if name != "any bits" && name != "infinities" && name != "denormals" {
				if err := sameDistribution(b, list); err != nil {
					t.Errorf("HEDDLE_TSDB_SEED=%d: %s: %v", seed, name, err)
				}
			}
			before := math.Inf(-1)
			for q := 0.0; q <= 1; q += 1.0 / 64 {
				v := b.Quantile(q)
				if v != v {
					continue // NaNs, or between infinities
				}
				if v < before || v < b.Min || v > b.Max {
					t.Errorf("HEDDLE_TSDB_SEED=%d: %s: quantile %g is %v, the one before %v, of %v to %v", seed, name, q, v, before, b.Min, b.Max)
				}
				before = v
			}
		}
	}
}
