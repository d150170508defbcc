package rules

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// baselineRules show each baseline as a part of an explanation; odd decides on one.
const baselineRules = `
metric latency  = gauge "latency_seconds"
metric requests = counter "requests_total"
metric failures = counter "failures_total"
metric waiting  = histogram "waiting_seconds"
rule usual_avg   on model { when baseline(avg(latency, 10m), 5d) > 1e9 }
rule usual_p90   on model { when baseline(quantile(90%, latency, 10m), 5d) > 1e9 }
rule usual_max   on model { when baseline(max(latency, 10m), 2d) > 1e9 }
rule usual_dev   on model { when baseline(stddev(latency, 10m), 5d) > 1e9 }
rule usual_share on model { when baseline(100 * ratio(failures, requests, 10m), 5d) > 1e9 }
rule usual_p95   on model { when baseline(p95(waiting, 10m), 3d) > 1e9 }
rule hour_before on model { when ago(baseline(avg(latency, 10m), 5d), 1h) > 1e9 }
rule odd         on model { when avg(latency, 10m) > 2.5 * baseline(avg(latency, 10m), 5d) for 2m }
`

// course is some models with a day's course, noise, gaps, and counters that reset; a store and an engine that
// see it pass, and all that was sent.
type course struct {
	t       *testing.T
	random  *rand.Rand
	now     time.Time
	storeNS atomic.Int64 // now, for the store's own goroutines
	db      *tsdb.DB
	engine  *Engine
	told    []string
	sent    map[string][]sentRow // by model
	quiet   map[string]time.Time // until when a model says nothing
	steady  bool                 // no model falls quiet
	rolled  bool                 // some days are rolled up
	totals  map[string][2]float64
	// waited are the buckets of a classic histogram, by model.
	waited map[string]*[len(waitingBounds)]float64
}

var waitingBounds = [...]string{"0.1", "0.5", "1", "2", "5", "+Inf"}

type sentRow struct {
	ms                          int64
	latency, requests, failures float64
}

// courseStep puts samples half a minute from every full minute.
const courseStep = time.Minute

func newCourse(t *testing.T, seed uint64, retention time.Duration) *course {
	c := &course{
		t: t, random: rand.New(rand.NewPCG(seed, 9)), now: start.Add(30 * time.Second),
		sent: map[string][]sentRow{}, quiet: map[string]time.Time{}, totals: map[string][2]float64{},
		waited: map[string]*[len(waitingBounds)]float64{"a": {}, "b": {}},
	}
	c.storeNS.Store(c.now.UnixNano())
	db, err := tsdb.Open("data", tsdb.Options{
		FS: vfs.NewMem(), WALSync: -1, Retention: retention, Now: func() time.Time { return time.Unix(0, c.storeNS.Load()) },
		Commit: func(b *tsdb.Batch) { c.engine.Observe(b, c.now) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c.db = db
	c.restart()
	return c
}

// restart makes a new engine, which knows only what the store has.
func (c *course) restart() {
	c.t.Helper()
	c.engine = NewEngine(Options{Labels: c.db.Labels, Store: c.db, Notify: func(now time.Time, ts []Transition) {
		for i := range ts {
			if e, ok := alertEvent(&ts[i]); ok {
				c.told = append(c.told, fmt.Sprintf("%s %s", now.Format(time.RFC3339), e))
			}
		}
	}})
	if err := c.engine.Load(context.Background(), compileSource(c.t, baselineRules), nil, c.now); err != nil {
		c.t.Fatal(err)
	}
	c.recall()
}

func (c *course) recall() {
	c.t.Helper()
	if err := c.engine.Recall(context.Background(), c.now); err != nil {
		c.t.Fatal(err)
	}
}

// pass lets time go by; raised multiplies latencies.
func (c *course) pass(d time.Duration, raised float64) {
	c.t.Helper()
	for end := c.now.Add(d); c.now.Before(end); c.now = c.now.Add(courseStep) {
		c.storeNS.Store(c.now.UnixNano())
		for next := c.engine.NextTick(); !next.IsZero() && !next.After(c.now); next = c.engine.NextTick() {
			c.engine.Tick(next)
			if again := c.engine.NextTick(); !again.After(next) {
				break
			}
		}
		a := c.db.Appender(c.now)
		hour := float64(c.now.Hour()) + float64(c.now.Minute())/60
		for i, model := range []string{"a", "b"} {
			if c.random.IntN(3000) == 0 && !c.steady {
				c.quiet[model] = c.now.Add(time.Duration(c.random.IntN(300)) * time.Minute)
			}
			if c.quiet[model].After(c.now) {
				continue
			}
			total := c.totals[model]
			if c.random.IntN(2000) == 0 {
				total = [2]float64{}
			}
			level := float64(i+1) * (1.5 + math.Sin(hour/24*2*math.Pi))
			row := sentRow{ms: c.now.UnixMilli(), latency: raised * level * math.Exp(c.random.NormFloat64()/4)}
			total[0] += 1000 + float64(c.random.IntN(100))
			total[1] += float64(c.random.IntN(40))
			row.requests, row.failures, c.totals[model] = total[0], total[1], total
			c.sent[model] = append(c.sent[model], row)
			for name, v := range map[string]float64{"latency_seconds": row.latency, "requests_total": row.requests, "failures_total": row.failures} {
				id, err := a.Series(labels.FromStrings("__name__", name, "model", model))
				if err != nil {
					c.t.Fatal(err)
				}
				a.Sample(id, row.ms, v)
			}
			c.wait(a, model, row)
		}
		if _, err := a.Commit(); err != nil {
			c.t.Fatal(err)
		}
		c.recall()
		if c.now.Minute() == 0 && c.now.Hour()%3 == 0 { // the store's own clock, on which it looks after itself
			time.Sleep(10 * time.Second)
			synctest.Wait()
		}
	}
}

// wait adds some observations around a latency to the histogram of a model.
func (c *course) wait(a *tsdb.Appender, model string, row sentRow) {
	c.t.Helper()
	buckets := c.waited[model]
	for range 20 {
		v := row.latency * c.random.Float64()
		for i, bound := range waitingBounds {
			if le, _ := strconv.ParseFloat(bound, 64); v <= le {
				buckets[i]++
			}
		}
	}
	send := func(v float64, name string, pairs ...string) {
		id, err := a.Series(labels.FromStrings(append(pairs, "__name__", "waiting_seconds_"+name, "model", model)...))
		if err != nil {
			c.t.Fatal(err)
		}
		a.Sample(id, row.ms, v)
	}
	for i, bound := range waitingBounds {
		send(buckets[i], "bucket", "le", bound)
	}
	send(buckets[len(buckets)-1], "count")
}

// shown are the values that a rule's baseline has, by model.
func (c *course) shown(rule string) map[string]string {
	c.t.Helper()
	list, _, ok := c.engine.Explain(Selection{Rule: rule})
	if !ok {
		c.t.Fatalf("no rule %s", rule)
	}
	values := map[string]string{}
	for _, x := range list {
		values[x.Instance.Labels.Get("model")] = x.Clauses[0].Tree.Parts[0].Value
	}
	return values
}

// window returns the rows of ten minutes up to the last one before a time; nil, where the model had been silent.
func (c *course) window(model string, before int64) []sentRow {
	rows := c.sent[model]
	stop, _ := slices.BinarySearchFunc(rows, before, func(r sentRow, ms int64) int { return int(r.ms - ms) })
	from, _ := slices.BinarySearchFunc(rows, before-10*60_000, func(r sentRow, ms int64) int { return int(r.ms - ms) })
	if from == stop || rows[stop-1].ms < before-courseStep.Milliseconds() || stop-from < 10 || c.resets(rows[from:stop]) {
		return nil
	}
	if rows[from].requests < 5000 { // so soon after a reset, increases are extrapolated to where the counters were 0
		return nil
	}
	return rows[from:stop]
}

func (c *course) resets(rows []sentRow) bool {
	for i := 1; i < len(rows); i++ {
		if rows[i].requests < rows[i-1].requests {
			return true
		}
	}
	return false
}

// plain computes a baseline at a time from all that was sent; whole is false where a window was not full, so that
// its extrapolation or silence would have to be computed, too.
func (c *course) plain(model string, at time.Time, days int, of func([]sentRow) float64) (median float64, whole bool) {
	before := at.Truncate(5 * time.Minute)
	toNext := at.Sub(before).Minutes() / 5
	var values []float64
	for day := 1; day <= days; day++ {
		mark := before.AddDate(0, 0, -day)
		rows, next := c.window(model, mark.UnixMilli()), c.window(model, mark.Add(5*time.Minute).UnixMilli())
		if rows == nil || next == nil {
			return 0, false
		}
		if c.rolled && (mark.Minute() <= 10) {
			return 0, false // raw samples begin at a full hour: there a window may hold a bucket too many
		}
		values = append(values, of(rows)*(1-toNext)+of(next)*toNext)
	}
	slices.Sort(values)
	return (values[(days-1)/2] + values[days/2]) / 2, true
}

func latencies(rows []sentRow) (list []float64) {
	for _, r := range rows {
		list = append(list, r.latency)
	}
	return list
}

func meanOf(rows []sentRow) (mean float64) {
	for _, v := range latencies(rows) {
		mean += v / float64(len(rows))
	}
	return mean
}

// check compares the baselines that the engine shows with plain ones; tolerance is that of quantiles, relative.
func (c *course) check(tolerance float64) (compared int) {
	c.t.Helper()
	const shown = 6e-4 // four digits are shown
	for rule, want := range map[string]struct {
		days      int
		before    time.Duration
		tolerance float64
		of        func([]sentRow) float64
	}{
		"usual_avg":   {5, 0, shown, meanOf},
		"hour_before": {5, time.Hour, shown, meanOf},
		"usual_max":   {2, 0, shown, func(rows []sentRow) float64 { return slices.Max(latencies(rows)) }},
		"usual_p90": {5, 0, shown + tolerance, func(rows []sentRow) float64 {
			list := latencies(rows)
			slices.Sort(list)
			return list[8]*0.9 + list[9]*0.1 // rank 0.9 · 9
		}},
		"usual_dev": {5, 0, shown, func(rows []sentRow) float64 {
			squares := 0.0
			for _, v := range latencies(rows) {
				squares += (v - meanOf(rows)) * (v - meanOf(rows))
			}
			return math.Sqrt(squares / float64(len(rows)))
		}},
		"usual_share": {5, 0, shown, func(rows []sentRow) float64 {
			first, last := rows[0], rows[len(rows)-1]
			return 100 * (last.failures - first.failures) / (last.requests - first.requests)
		}},
	} {
		list, _, ok := c.engine.Explain(Selection{Rule: rule})
		if !ok {
			c.t.Fatalf("no rule %s", rule)
		}
		for _, x := range list {
			model := x.Instance.Labels.Get("model")
			rows := c.sent[model]
			expected, whole := c.plain(model, time.UnixMilli(rows[len(rows)-1].ms).Add(-want.before), want.days, want.of)
			if !whole || rows[len(rows)-1].ms < c.now.Add(-2*courseStep).UnixMilli() {
				continue
			}
			shown := x.Clauses[0].Tree.Parts[0]
			got, err := strconv.ParseFloat(strings.TrimSuffix(shown.Value, "%"), 64)
			if err != nil || math.Abs(got-expected) > want.tolerance*math.Abs(expected) {
				c.t.Errorf("%v: %s of %s is %s, want %g", c.now, shown.Text, model, shown.Value, expected)
			}
			compared++
		}
	}
	return compared
}

// TestBaselineOfDays: baselines are those of a plain computation on all that was sent: as the engine saw it pass,
// after restarts, and where all but the latest day is rolled up.
func TestBaselineOfDays(t *testing.T) {
	synctest.Test(t, testBaselineOfDays)
}

func testBaselineOfDays(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, retention := range []time.Duration{30 * 24 * time.Hour, 26 * time.Hour} {
		tolerance := 0.0
		if retention < 48*time.Hour {
			tolerance = 0.0109
		}
		c := newCourse(t, seed, retention)
		c.rolled = tolerance > 0
		compared := 0
		c.pass(5*24*time.Hour+50*time.Minute, 1)
		for step := range 12 {
			c.pass(time.Duration(30+c.random.IntN(200))*time.Minute, 1)
			compared += c.check(tolerance)
			if step%3 == 2 {
				c.restart()
				compared += c.check(tolerance)
			}
		}
		if rolled := c.db.Stats().RollupBlocks > 0; rolled != (tolerance > 0) {
			t.Errorf("rolled up: %v", rolled)
		}
		if compared < 40 {
			t.Errorf("only %d baselines could be compared", compared)
		}
	}
}

// TestBaselineOfHistogram: what an engine saw pass of a histogram is what another reads from the store.
func TestBaselineOfHistogram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCourse(t, 7, 30*24*time.Hour)
		compared := 0
		c.pass(3*24*time.Hour+20*time.Minute, 1)
		for range 5 {
			c.pass(77*time.Minute, 1)
			before := c.shown("usual_p95")
			c.restart()
			for model, value := range c.shown("usual_p95") {
				_, whole := c.plain(model, c.now.Add(-courseStep), 3, meanOf)
				if rows := c.sent[model]; !whole || rows[len(rows)-1].ms < c.now.Add(-2*courseStep).UnixMilli() {
					continue // silent now or then
				}
				if compared++; value != before[model] || value == "unknown" {
					t.Errorf("%v: %s was %s, and is %s after a restart", c.now, model, before[model], value)
				}
			}
		}
		if compared < 5 {
			t.Errorf("only %d were compared", compared)
		}
	})
}

// TestBaselineWaits: until the past was read, a baseline is unknown; a reload keeps what is known.
func TestBaselineWaits(t *testing.T) {
	synctest.Test(t, testBaselineWaits)
}

func testBaselineWaits(t *testing.T) {
	c := newCourse(t, 1, 30*24*time.Hour)
	c.steady = true
	c.pass(2*24*time.Hour, 1)
	c.engine = NewEngine(Options{Labels: c.db.Labels, Store: c.db})
	unknown := func() bool {
		list, _, _ := c.engine.Explain(Selection{Rule: "usual_avg"})
		return list[0].Clauses[0].Tree.Parts[0].Value == "unknown"
	}
	load := func(source string) {
		t.Helper()
		if err := c.engine.Load(context.Background(), compileSource(t, source), nil, c.now); err != nil {
			t.Fatal(err)
		}
	}
	load(baselineRules)
	if !unknown() {
		t.Error("known before the past was read")
	}
	c.recall()
	if unknown() {
		t.Error("unknown after it was read")
	}
	load(baselineRules + "rule more on model { when avg(latency, 1m) > 100s }")
	if unknown() {
		t.Error("a reload forgot it")
	}
	load(strings.Replace(baselineRules, `"latency_seconds"`, `"latency_seconds" or "latency"`, 1))
	if !unknown() {
		t.Error("a baseline of another metric took the past over")
	}
}

// TestBaselineInReplay: a replay from the middle of a recording decides as the engine did that saw it all.
func TestBaselineInReplay(t *testing.T) {
	synctest.Test(t, testBaselineInReplay)
}

func testBaselineInReplay(t *testing.T) {
	c := newCourse(t, 3, 30*24*time.Hour)
	c.quiet["b"] = c.now.Add(3 * 24 * time.Hour)
	c.pass(6*24*time.Hour, 1)
	from := c.now
	c.told = nil
	c.pass(2*time.Hour, 1)
	c.pass(40*time.Minute, 4)
	c.pass(2*time.Hour, 1)
	series := map[string][]tsdb.SeriesID{}
	for _, model := range []string{"a", "b"} {
		for _, name := range []string{"latency_seconds", "requests_total", "failures_total"} {
			id, err := c.db.Appender(c.now).Series(labels.FromStrings("__name__", name, "model", model))
			if err != nil {
				t.Fatal(err)
			}
			series[model] = append(series[model], id)
		}
	}
	batches := func(yield func(*tsdb.Batch, error) bool) {
		for at := from; at.Before(c.now); at = at.Add(courseStep) {
			b := &tsdb.Batch{Arrived: at}
			for _, model := range []string{"a", "b"} {
				for _, r := range c.sent[model] {
					if r.ms == at.UnixMilli() {
						b.Rows = append(b.Rows, tsdb.Row{TimeMS: r.ms, Series: series[model], Values: []float64{r.latency, r.requests, r.failures}})
					}
				}
			}
			if len(b.Rows) > 0 && !yield(b, nil) {
				return
			}
		}
	}
	var replayed []string
	recording := Recording{Batches: batches, Labels: c.db.Labels, Store: c.db, Start: from}
	err := Replay(context.Background(), compileSource(t, baselineRules), recording, nil, func(e Event) bool {
		replayed = append(replayed, fmt.Sprintf("%s %s", e.Time.Format(time.RFC3339), e))
		return true
	})
	if err != nil || len(replayed) < 2 || !slices.Equal(replayed, c.told) {
		t.Errorf("%v\nreplayed %q\nlive     %q", err, replayed, c.told)
	}
}

// TestBaselineOfJumps: what jumps every day at the same minute is usual at that minute, too.
func TestBaselineOfJumps(t *testing.T) {
	report := runTests(t, `
metric queue = gauge "queue"
rule long on model { when avg(queue, 5m) > 2 * baseline(avg(queue, 5m), 3d) }
test "a batch that starts at ten" {
  every 1m
  queue{model="a"} is 1 for 10h, 5 for 4h, 1 for 20h, 5 for 4h, 1 for 20h, 5 for 4h, 1 for 20h, 5 for 4h, 12 for 10m
  at 9h      rule long{model="a"} is unknown
  at 82h1m   rule long{model="a"} is inactive
  at 82h2m   rule long{model="a"} is inactive
  at 82h3m   rule long{model="a"} is inactive
  at 82h5m   rule long{model="a"} is inactive
  at 82h8m   rule long{model="a"} is inactive
  at 86h9m   rule long{model="a"} is firing
}
`)
	for _, f := range report.Tests[0].Failures {
		t.Errorf("at %v expected %s, got %s\n%s", f.After, f.Expected, f.Got, strings.Join(f.Details, "\n"))
	}
}

// TestBaselineCost: the budget counts what a baseline keeps, which is far less than the samples of its days.
func TestBaselineCost(t *testing.T) {
	with := func(condition string) int {
		return compileSource(t, "metric latency = gauge \"latency_seconds\"\nrule r on model { when "+condition+" }").Cost().Samples
	}
	if with, without := with("avg(latency, 5m) > 2 * baseline(avg(latency, 5m), 28d)"), with("avg(latency, 5m) > 2"); with-without != 28*288/2 {
		t.Errorf("%d more than %d", with-without, without)
	}
}
