package tsdb_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/tsdb"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// plainBuckets computes buckets from samples as plainly as can be.
func plainBuckets(samples map[int64]float64, step int64) []tsdb.Bucket {
	times := make([]int64, 0, len(samples))
	for ms, v := range samples {
		if !value.IsStaleNaN(v) {
			times = append(times, ms)
		}
	}
	slices.Sort(times)
	var buckets []tsdb.Bucket
	for _, ms := range times {
		v, start := samples[ms], ms-((ms%step)+step)%step
		if n := len(buckets); n == 0 || buckets[n-1].StartMS != start {
			buckets = append(buckets, tsdb.Bucket{StartMS: start, Min: math.NaN(), Max: math.NaN(), First: v, Last: v})
		}
		b := &buckets[len(buckets)-1]
		b.Count++
		b.Sum += v
		if v < b.Last {
			b.Resets += b.Last
		}
		if math.IsNaN(b.Min) || v < b.Min {
			b.Min = v
		}
		if math.IsNaN(b.Max) || v > b.Max {
			b.Max = v
		}
		b.Last = v
	}
	return buckets
}

func sameNumber(a, b float64) bool {
	return a == b || a != a && b != b || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b))
}

func sameBuckets(got, want []tsdb.Bucket) error {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) {
			return fmt.Errorf("got %d buckets, want %d", len(got), len(want))
		}
		g, w := got[i], want[i]
		if g.StartMS != w.StartMS || g.Count != w.Count || !sameNumber(g.Sum, w.Sum) || !sameNumber(g.Min, w.Min) ||
			!sameNumber(g.Max, w.Max) || !sameNumber(g.First, w.First) || !sameNumber(g.Last, w.Last) || !sameNumber(g.Resets, w.Resets) {
			return fmt.Errorf("bucket %d: got %+v, want %+v", i, g, w)
		}
	}
	return nil
}

// rolledSeries are samples that were acknowledged, and the series they are of.
type rolledSeries struct {
	labels  labels.Labels
	samples map[int64]float64
}

// rollupLife gives a store random series: counters with resets, gauges with NaN, stale markers, gaps, late
// samples. The clock goes on far beyond the retention, and maintenance runs between. Errors of the
// store go to tolerate.
type rollupLife struct {
	random *rand.Rand
	now    time.Time
	series []rolledSeries
}

const rollupRetention = 3 * time.Hour

func newRollupLife(seed uint64) *rollupLife {
	l := &rollupLife{random: rand.New(rand.NewPCG(seed, 4)), now: start}
	for i := range 6 {
		l.series = append(l.series, rolledSeries{metric(fmt.Sprint("m", i), "model", fmt.Sprint(i%2)), map[int64]float64{}})
	}
	return l
}

func (l *rollupLife) options(fs vfs.FS) tsdb.Options {
	return tsdb.Options{FS: fs, Retention: rollupRetention, Now: func() time.Time { return l.now }, WALSync: -1}
}

func (l *rollupLife) live(db *tsdb.DB, steps int, tolerate func(error) bool) error {
	counters := make([]float64, len(l.series))
	for step := range steps {
		l.now = l.now.Add(time.Duration(1+l.random.IntN(240)) * time.Second)
		if l.random.IntN(40) == 0 {
			l.now = l.now.Add(time.Duration(l.random.IntN(90)) * time.Minute)
		}
		a := db.Appender(l.now)
		given := map[int]map[int64]float64{}
		for i, s := range l.series {
			id, err := a.Series(s.labels)
			if err != nil {
				return err
			}
			ms, v := l.now.UnixMilli(), 0.0
			if l.random.IntN(6) == 0 {
				ms -= l.random.Int64N(25 * 60_000) // late
			}
			if _, taken := s.samples[ms]; taken || l.random.IntN(5) == 0 {
				continue
			}
			switch {
			case l.random.IntN(25) == 0:
				v = math.Float64frombits(value.StaleNaN)
			case i < 3:
				if l.random.IntN(20) == 0 {
					counters[i] = 0
				}
				counters[i] += float64(l.random.IntN(50))
				v = counters[i]
			case l.random.IntN(30) == 0:
				v = math.NaN()
			default:
				v = math.Round(l.random.NormFloat64()*1000) / 100
			}
			a.Sample(id, ms, v)
			given[i] = map[int64]float64{ms: v}
		}
		r, err := a.Commit()
		switch {
		case err != nil && !tolerate(err):
			return err
		case err == nil && len(r.Refused) > 0:
			return fmt.Errorf("step %d: %+v", step, r)
		case err == nil:
			for i, samples := range given {
				for ms, v := range samples {
					l.series[i].samples[ms] = v
				}
			}
		}
		switch {
		case step%15 == 14:
			err = db.Flush()
		case step%17 == 16:
			err = db.DropOld()
		case step%19 == 18:
			err = db.CompactNext()
		case step%47 == 46:
			err = db.Compact(context.Background())
		}
		if err != nil && !tolerate(err) {
			return err
		}
	}
	return nil
}

// check compares the buckets of all time, whether they are made of raw samples or of rollups.
func (l *rollupLife) check(db *tsdb.DB) error {
	for _, s := range l.series {
		if len(s.samples) == 0 {
			continue
		}
		id, err := db.Appender(l.now).Series(s.labels)
		if err != nil {
			return err
		}
		for _, step := range []time.Duration{5 * time.Minute, time.Hour} {
			got, err := db.Buckets(id, step, math.MinInt64+2, math.MaxInt64)
			if err == nil {
				err = sameBuckets(got, plainBuckets(s.samples, step.Milliseconds()))
			}
			if err != nil {
				return fmt.Errorf("%s, %s: %w", s.labels, step, err)
			}
		}
	}
	return nil
}

func (l *rollupLife) checkClone(fs *vfs.Mem) error {
	db, err := tsdb.Open("data", l.options(fs))
	if err != nil {
		return err
	}
	return errors.Join(l.check(db), db.Close())
}

// TestRollups: buckets say the same before and after the raw samples are gone.
func TestRollups(t *testing.T) {
	synctest.Test(t, testRollups) // time stands still: nothing runs beside the test
}

func testRollups(t *testing.T) {
	seed := testSeed(t)
	l, fs := newRollupLife(seed), vfs.NewMem()
	db, err := tsdb.Open("data", l.options(fs))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for range 10 {
		if err = l.live(db, 60, func(error) bool { return false }); err == nil {
			err = l.check(db)
		}
		if err != nil {
			t.Fatalf("HEDDLE_TSDB_SEED=%d: %v", seed, err)
		}
		l.now = l.now.Add(20 * time.Hour) // a block spans a day at most
	}
	s := db.Stats()
	if s.RollupBlocks < 2 || s.RollupBytes == 0 || s.MinTimeMS < l.now.Add(-48*time.Hour).UnixMilli() {
		t.Fatalf("HEDDLE_TSDB_SEED=%d: %+v", seed, s)
	}
	if err := errors.Join(db.Snapshot(context.Background(), "copy"), db.Close()); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"data", "copy"} {
		report, err := tsdb.Check(dir, fs, nil)
		if err != nil || len(report.Problems) > 0 || report.Blocks < s.RollupBlocks {
			t.Fatalf("HEDDLE_TSDB_SEED=%d: check of %s: %+v %v", seed, dir, report, err)
		}
		db, err := tsdb.Open(dir, l.options(fs))
		if err == nil {
			err = errors.Join(l.check(db), db.Close())
		}
		if err != nil {
			t.Fatalf("HEDDLE_TSDB_SEED=%d: %s, opened again: %v", seed, dir, err)
		}
	}
}

// TestRollupPowerLossAtEveryOperation looks, ahead of each operation on the file system, at what a power
// loss and a kill would leave: every acknowledged sample, in raw or in a rollup, once.
func TestRollupPowerLossAtEveryOperation(t *testing.T) {
	synctest.Test(t, testRollupPowerLossAtEveryOperation) // time stands still: nothing runs beside the test
}

func testRollupPowerLossAtEveryOperation(t *testing.T) {
	seed := testSeed(t)
	mem, l := vfs.NewMem(), newRollupLife(seed)
	random, inside := rand.New(rand.NewPCG(seed, 2)), map[string]int{}
	busy := false // with an append: of it, everything or nothing may be left
	hook := vfs.Hook{FS: mem, Before: func(op vfs.Op, path string) error {
		if op == vfs.OpRead || op == vfs.OpOpen || op == vfs.OpList || op == vfs.OpLock || op == vfs.OpMkdir || busy {
			return nil
		}
		inside[path]++
		for _, left := range []*vfs.Mem{mem.CrashClone(random), mem.Clone()} {
			if err := l.checkClone(left); err != nil {
				return fmt.Errorf("ahead of %s %s: %w", op, path, err)
			}
		}
		return nil
	}}
	db, err := tsdb.Open("data", l.options(hook))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for range 12 {
		busy = true // raw appends have their own test
		if err = l.live(db, 40, func(error) bool { return false }); err != nil {
			break
		}
		busy = false
		l.now = l.now.Add(13 * time.Hour)
		if err = errors.Join(db.DropOld(), db.CompactNext()); err != nil {
			break
		}
	}
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatalf("HEDDLE_TSDB_SEED=%d: %v", seed, err)
	}
	if len(inside) < 20 {
		t.Fatalf("only %d files were touched", len(inside))
	}
}

// TestRollupFaults lets operations of retention fail, one after the other: nothing is lost, nothing twice.
func TestRollupFaults(t *testing.T) {
	seed := testSeed(t)
	for n := 0; ; n += 3 {
		mem, l := vfs.NewMem(), newRollupLife(seed)
		operations, on := 0, false
		hook := vfs.Hook{FS: mem, Before: func(op vfs.Op, path string) error {
			if !on {
				return nil
			}
			operations++
			if operations == n+1 {
				return fmt.Errorf("%w: %s %s", errFault, op, path)
			}
			return nil
		}}
		db, err := tsdb.Open("data", l.options(hook))
		if err != nil {
			t.Fatal(err)
		}
		tolerate := func(err error) bool { return errors.Is(err, errFault) }
		for range 3 {
			if err := l.live(db, 100, tolerate); err != nil {
				t.Fatal(err)
			}
			l.now = l.now.Add(2 * time.Hour)
			on = true
			if err := errors.Join(db.DropOld(), db.CompactNext()); err != nil && !tolerate(err) {
				t.Fatalf("HEDDLE_TSDB_SEED=%d, fault at %d: %v", seed, n, err)
			}
			on = false
			if err := l.check(db); err != nil {
				t.Fatalf("HEDDLE_TSDB_SEED=%d, after a fault at %d: %v", seed, n, err)
			}
		}
		if err := l.checkClone(mem.Clone()); err != nil {
			t.Fatalf("HEDDLE_TSDB_SEED=%d, after a fault at %d and a kill: %v", seed, n, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if operations <= n {
			return
		}
	}
}

// selectRange reads one series as a PromQL function over a range does.
func selectRange(t *testing.T, db *tsdb.DB, function, name string, mint, maxt int64) []point {
	t.Helper()
	q, err := db.Querier(mint, maxt)
	if err != nil {
		t.Fatal(err)
	}
	hints := &storage.SelectHints{Start: mint, End: maxt, Func: function}
	if function != "" {
		hints.Range = maxt - mint
	}
	set := q.Select(context.Background(), true, hints, named(name))
	var got []point
	for set.Next() {
		it := set.At().Iterator(nil)
		for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
			if kind == chunkenc.ValFloat {
				ms, v := it.At()
				got = append(got, point{ms, v})
			}
		}
		if it.Err() != nil {
			t.Fatal(it.Err())
		}
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return got
}

// TestRollupsInPromQL: over whole buckets, functions say of rollups what they said of raw samples.
func TestRollupsInPromQL(t *testing.T) {
	seed := testSeed(t)
	l, fs := newRollupLife(seed), vfs.NewMem()
	o := l.options(fs)
	db, err := tsdb.Open("data", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := l.live(db, 300, func(error) bool { return false }); err != nil {
		t.Fatal(err)
	}
	from, to := start.UnixMilli(), l.now.Truncate(time.Hour).UnixMilli()-1
	l.now = l.now.Add(10 * time.Hour)
	if err := errors.Join(db.Flush(), db.DropOld()); err != nil {
		t.Fatal(err)
	}
	if s := db.Stats(); s.Blocks != 0 || s.RollupBlocks == 0 {
		t.Fatalf("%+v", s)
	}
	values := func(points []point) (list []float64) {
		for _, p := range points {
			if !value.IsStaleNaN(p.v) {
				list = append(list, p.v)
			}
		}
		return list
	}
	increase := func(list []float64) (sum float64) {
		for i := 1; i < len(list); i++ {
			sum += list[i]
			if list[i] >= list[i-1] {
				sum -= list[i-1]
			}
		}
		return sum
	}
	sum := func(list []float64) (sum float64) {
		for _, v := range list {
			sum += v
		}
		return sum
	}
	for i, s := range l.series {
		var raw []point
		for ms, v := range s.samples {
			if ms >= from && ms <= to {
				raw = append(raw, point{ms, v})
			}
		}
		slices.SortFunc(raw, func(a, b point) int { return int(a.ms - b.ms) })
		want := values(raw)
		for function, of := range map[string]func([]float64) float64{
			"sum_over_time": sum, "count_over_time": func(l []float64) float64 { return float64(len(l)) },
			"avg_over_time":   func(l []float64) float64 { return sum(l) / float64(len(l)) },
			"first_over_time": func(l []float64) float64 { return l[0] }, "": func(l []float64) float64 { return l[len(l)-1] },
			"increase": increase, "rate": increase,
			"min_over_time": func(l []float64) float64 { return extreme(l, math.Min) },
			"max_over_time": func(l []float64) float64 { return extreme(l, math.Max) },
		} {
			if i >= 3 && (function == "increase" || function == "rate") {
				continue // gauges
			}
			got := values(selectRange(t, db, function, fmt.Sprint("m", i), from, to))
			if len(got) == 0 || !sameNumber(math.Round(of(got)*1e6), math.Round(of(want)*1e6)) {
				t.Errorf("HEDDLE_TSDB_SEED=%d: %s of m%d: got %v, want %v", seed, function, i, of(got), of(want))
			}
		}
		// A bucket that ended stale is stale at its end, and only there.
		stale := map[int64]bool{}
		for _, p := range raw {
			stale[p.ms-p.ms%300_000+299_999] = value.IsStaleNaN(p.v)
		}
		for _, p := range selectRange(t, db, "", fmt.Sprint("m", i), from, to) {
			if want, is := stale[p.ms]; is && want != value.IsStaleNaN(p.v) {
				t.Errorf("HEDDLE_TSDB_SEED=%d: m%d at %d is %v", seed, i, p.ms, p.v)
			}
		}
	}
}

func extreme(list []float64, of func(a, b float64) float64) float64 {
	result := math.NaN()
	for _, v := range list {
		if math.IsNaN(result) {
			result = v
		} else if !math.IsNaN(v) {
			result = of(result, v)
		}
	}
	return result
}

// TestRollupRetention: rollups of 5 minutes go, then those of an hour, then the series.
func TestRollupRetention(t *testing.T) {
	now, fs := start, vfs.NewMem()
	o := tsdb.Options{
		FS: fs, Retention: time.Hour, Rollup5mRetention: 24 * time.Hour, Rollup1hRetention: 72 * time.Hour,
		Now: func() time.Time { return now },
	}
	db, err := tsdb.Open("data", o)
	if err != nil {
		t.Fatal(err)
	}
	ls := metric("m", "model", "a")
	push(t, db, ls, point{startMS(), 1}, point{startMS() + 600_000, 2})
	step := func(after time.Duration, want []point) {
		t.Helper()
		now = start.Add(after)
		if err := errors.Join(db.Flush(), db.DropOld(), db.Close()); err != nil {
			t.Fatal(err)
		}
		if db, err = tsdb.Open("data", o); err != nil {
			t.Fatal(err)
		}
		if err := db.DropOld(); err != nil {
			t.Fatal(err)
		}
		if got := read(t, db)[ls.String()]; !samePoints(got, want) {
			t.Fatalf("after %s: got %v, want %v", after, got, want)
		}
	}
	step(30*time.Minute, []point{{startMS(), 1}, {startMS() + 600_000, 2}})
	step(3*time.Hour, []point{{startMS() + 299_999, 1}, {startMS() + 899_999, 2}})
	if r := push(t, db, ls, point{startMS() + 1, 1}); r.Appended != 0 || len(r.Refused) != 1 || r.Refused[0].Reason != tsdb.TooOld {
		t.Fatalf("a sample before what was rolled up: %+v", r)
	}
	step(30*time.Hour, []point{{startMS() + 3_599_999, 2}})
	if s := db.Stats(); s.Series != 1 || s.RollupBlocks != 1 || s.Blocks != 0 {
		t.Fatalf("%+v", s)
	}
	step(80*time.Hour, nil)
	if s := db.Stats(); s.Series != 0 || s.RollupBlocks != 0 || s.RollupBytes != 0 {
		t.Fatalf("%+v", s)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDeleteRollups deletes whole buckets, and of the named series only.
func TestDeleteRollups(t *testing.T) {
	now := start
	o := tsdb.Options{FS: vfs.NewMem(), Retention: time.Hour, Now: func() time.Time { return now }}
	db := open(t, "data", o)
	for i := range int64(4) {
		for _, name := range []string{"a", "b"} {
			push(t, db, metric(name, "model", "x"), point{startMS() + i*600_000, float64(i)})
		}
		now = now.Add(10 * time.Minute)
	}
	now = now.Add(3 * time.Hour)
	if err := errors.Join(db.Flush(), db.DropOld()); err != nil {
		t.Fatal(err)
	}
	all := []point{{startMS() + 299_999, 0}, {startMS() + 899_999, 1}, {startMS() + 1_499_999, 2}, {startMS() + 2_099_999, 3}}
	if n, err := db.DeleteSeries(context.Background(), startMS()+600_001, startMS()+1_300_000, named("a")); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	got := read(t, db)
	if a := got[metric("a", "model", "x").String()]; !samePoints(a, []point{all[0], all[3]}) {
		t.Fatal(a)
	}
	if b := got[metric("b", "model", "x").String()]; !samePoints(b, all) {
		t.Fatal(b)
	}
}

// TestRollupOfHistograms keeps the last native histogram of each bucket.
func TestRollupOfHistograms(t *testing.T) {
	now := start
	db := open(t, "data", tsdb.Options{FS: vfs.NewMem(), Retention: time.Hour, Now: func() time.Time { return now }})
	ls := metric("h", "model", "x")
	a := db.Appender(now)
	id, err := a.Series(ls)
	if err != nil {
		t.Fatal(err)
	}
	var last string
	for i := range 5 {
		h := &histogram.Histogram{ZeroCount: uint64(i + 1), Count: uint64(i + 1), Sum: float64(i)}
		last = integers + histogramText(h.ToFloat(nil))
		a.Append(id, tsdb.Sample{TimeMS: startMS() + int64(i)*1000, Histogram: h})
	}
	if _, err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(4 * time.Hour)
	if err := errors.Join(db.Flush(), db.DropOld()); err != nil {
		t.Fatal(err)
	}
	got, err := contents(db)
	if err != nil || len(got[ls.String()]) != 1 || got[ls.String()][startMS()+299_999] != last {
		t.Fatalf("%v %v, want %s", got, err, last)
	}
}

// TestRollupOfWhatSizeDrops: a limit of size rolls up, too, but nothing that still takes late samples.
func TestRollupOfWhatSizeDrops(t *testing.T) {
	now := start
	for _, o := range []tsdb.Options{{}, {Rollup5mRetention: -1}, {Rollup1hRetention: -1}} {
		now = start
		o.FS, o.RetentionSizeBytes, o.Now = vfs.NewMem(), 1, func() time.Time { return now }
		db := open(t, "data", o)
		ls := metric("m", "model", "a")
		for i := range 4 {
			push(t, db, ls, point{now.UnixMilli(), float64(i)})
			now = now.Add(2 * time.Hour)
		}
		if err := errors.Join(db.Flush(), db.DropOld()); err != nil {
			t.Fatal(err)
		}
		step := int64(300_000)
		if o.Rollup5mRetention < 0 {
			step = 3_600_000
		}
		var want []point
		for i := range int64(4) {
			want = append(want, point{startMS() + i*7_200_000 + step - 1, float64(i)})
		}
		if got := read(t, db)[ls.String()]; !samePoints(got, want) || db.Stats().Blocks != 0 {
			t.Fatalf("got %v, want %v", got, want)
		}
		if r := push(t, db, ls, point{now.Add(-20 * time.Minute).UnixMilli(), 7}); r.Appended != 1 {
			t.Fatalf("a late sample: %+v", r)
		}
	}
}

// TestRollupOfHistogramResets: the increase of a native histogram over rolled-up buckets has what was lost by
// resets, inside a bucket and between two.
func TestRollupOfHistogramResets(t *testing.T) {
	now := start
	db := open(t, "data", tsdb.Options{FS: vfs.NewMem(), Retention: time.Hour, Now: func() time.Time { return now }})
	ls := metric("h", "model", "x")
	counts := []uint64{3, 8, 12, 2, 5, 9, 9, 1, 4, 4, 7, 2, 30, 31, 40, 1} // every two minutes
	want, before := uint64(0), counts[2]                                   // from the end of the first bucket
	for i, n := range counts {
		h := &histogram.Histogram{Schema: 0, ZeroCount: n, Count: n, Sum: float64(n)}
		a := db.Appender(now)
		id, err := a.Series(ls)
		if err != nil {
			t.Fatal(err)
		}
		a.Append(id, tsdb.Sample{TimeMS: startMS() + int64(i)*120_000, Histogram: h})
		if _, err := a.Commit(); err != nil {
			t.Fatal(err)
		}
		if i > 2 {
			if want += n; n >= before {
				want -= before
			}
			before = n
		}
		now = now.Add(2 * time.Minute)
	}
	now = now.Add(4 * time.Hour)
	if err := errors.Join(db.Flush(), db.DropOld()); err != nil {
		t.Fatal(err)
	}
	q, err := db.Querier(startMS(), now.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	set := q.Select(context.Background(), true, &storage.SelectHints{Start: startMS(), End: now.UnixMilli(), Func: "rate", Range: 1}, named("h"))
	var first, last *histogram.FloatHistogram
	lost := 0.0
	for set.Next() {
		it := set.At().Iterator(nil)
		for it.Next() != chunkenc.ValNone {
			_, h := it.AtFloatHistogram(nil)
			if first == nil {
				first = h
			} else if h.DetectReset(last) {
				lost += last.Count
			}
			last = h
		}
	}
	if first == nil {
		t.Fatal("no samples")
	}
	if got := last.Count - first.Count + lost; got != float64(want) {
		t.Fatalf("increase of %v, want %d", got, want)
	}
}
