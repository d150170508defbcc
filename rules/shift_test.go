package rules

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"

	"github.com/neuroweaver/heddle/tsdb"
)

const shiftRules = `
metric requests = counter "requests_total"
metric failures = counter "requests_total" where status = "500"
metric latency  = histogram "seconds"
metric queue    = gauge "queue"

rule failing on model { when shifted(failures / requests, up, 2%) }
rule slow on model { when shifted(latency, up, 25%) }
rule full on model { when shifted(queue, up, 50%) or shifted(queue, down, 5) }
rule region_failing on region { when shifted(failures / requests, up, 2%) }
`

// shiftTraffic sends what the rules above look at: one model in two regions, whose counters go on from row
// to row.
type shiftTraffic struct {
	random *rand.Rand
	totals map[string]float64
}

func newShiftTraffic(seed uint64) *shiftTraffic {
	return &shiftTraffic{rand.New(rand.NewPCG(seed, 1)), map[string]float64{}}
}

// shiftBuckets are the bounds of the histogram.
var shiftBuckets = []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, math.Inf(1)}

// row is one row of a region: names and values, as bench.push takes them. n requests have come, each fails
// with a probability; slower stretches the latencies.
func (f *shiftTraffic) row(region string, n int, failing, slower float64) []any {
	grow := func(name, more string, by float64) string {
		series := fmt.Sprintf(`%s{model="a",region=%q%s}`, name, region, more)
		f.totals[series] += by
		return series
	}
	for range n {
		status := "200"
		if f.random.Float64() < failing {
			status = "500"
		}
		grow("requests_total", fmt.Sprintf(`,status=%q`, status), 1)
		v := 0.4 * slower * math.Exp(0.5*f.random.NormFloat64())
		for _, upper := range shiftBuckets {
			by := 0.0
			if v <= upper {
				by = 1
			}
			grow("seconds_bucket", fmt.Sprintf(`,le="%g"`, upper), by)
		}
	}
	var samples []any
	for series, total := range f.totals {
		if strings.Contains(series, fmt.Sprintf("region=%q", region)) {
			samples = append(samples, series, total)
		}
	}
	return append(samples, fmt.Sprintf(`queue{model="a",region=%q}`, region), 10*slower+f.random.Float64())
}

// trees are the conditions of all rules with what their detectors know.
func trees(e *Engine) string {
	var b strings.Builder
	for _, rule := range []string{"failing", "slow", "full", "region_failing"} {
		list, _, _ := e.Explain(Selection{Rule: rule})
		for _, x := range list {
			fmt.Fprintf(&b, "%s%s: %+v\n", rule, x.Instance.Labels, x.Clauses)
		}
	}
	return b.String()
}

// shiftCourse is a store with an engine that sees the traffic come.
type shiftCourse struct {
	*stored
	traffic *shiftTraffic
	ids     map[string]labels.Labels
}

func newShiftCourse(t *testing.T) *shiftCourse {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	c := &shiftCourse{openStored(t, t.TempDir(), start), newShiftTraffic(seed), map[string]labels.Labels{}}
	t.Cleanup(func() { c.db.Close() })
	c.load(shiftRules, nil)
	return c
}

// round commits one row of each region.
func (c *shiftCourse) round(failing, slower float64) {
	c.t.Helper()
	a := c.db.Appender(c.now)
	for _, region := range []string{"eu", "us"} {
		row := c.traffic.row(region, 5+c.traffic.random.IntN(10), failing, slower)
		for i := 0; i < len(row); i += 2 {
			name := row[i].(string)
			if _, ok := c.ids[name]; !ok {
				c.ids[name] = parseSeries(name)
			}
			id, err := a.Series(c.ids[name])
			if err != nil {
				c.t.Fatal(err)
			}
			a.Sample(id, c.now.UnixMilli(), row[i+1].(float64))
		}
	}
	if _, err := a.Commit(); err != nil {
		c.t.Fatal(err)
	}
}

// run commits rounds for a time; now is then that of the next one.
func (c *shiftCourse) run(length time.Duration, failing, slower float64) {
	c.t.Helper()
	for end := c.now.Add(length); c.now.Before(end); c.now = c.now.Add(20 * time.Second) {
		c.round(failing, slower)
	}
}

// latest is the time of the latest round.
func (c *shiftCourse) latest() time.Time { return c.now.Add(-20 * time.Second) }

// restarted is an engine that has loaded the rules, and knows only the store.
func (c *shiftCourse) restarted(store storage.Queryable) *Engine {
	c.t.Helper()
	fresh := NewEngine(Options{Labels: c.db.Labels, Store: store})
	if err := fresh.Load(c.t.Context(), compileSource(c.t, shiftRules), nil, c.latest()); err != nil {
		c.t.Fatal(err)
	}
	return fresh
}

// compare compares an engine with that which saw all come.
func (c *shiftCourse) compare(e *Engine, when string) {
	c.t.Helper()
	if got, want := trees(e), trees(c.engine); got != want {
		c.t.Errorf("%s:\nfrom the store %s\nas it came %s", when, got, want)
	}
}

// TestShiftedAfterRestart compares engines that read everything from a store, at many moments of a shift, with
// the one that saw it come.
func TestShiftedAfterRestart(t *testing.T) {
	c := newShiftCourse(t)
	compare := func(when string) {
		t.Helper()
		fresh := c.restarted(c.db)
		if err := fresh.Recall(t.Context(), c.latest()); err != nil {
			t.Fatal(err)
		}
		c.compare(fresh, when)
	}
	c.run(7*time.Hour+13*time.Minute, 0.01, 1)
	compare("in normal times")
	if strings.Contains(trees(c.engine), "Value:unknown") {
		t.Errorf("unknown after seven hours:\n%s", trees(c.engine))
	}
	c.run(time.Minute, 0.2, 2)
	compare("while evidence grows")
	c.run(15*time.Minute, 0.2, 2) // of some 430 requests in each region, 86 ± 8 fail
	compare("while shifted")
	if n := strings.Count(trees(c.engine), "Value:true"); n != 6 { // and the `or` of full
		t.Errorf("%d conditions are true:\n%s", n, trees(c.engine))
	}
	c.run(40*time.Minute, 0.01, 1)
	compare("after the shift")
	if strings.Contains(trees(c.engine), "Value:true") {
		t.Errorf("shifted after the end:\n%s", trees(c.engine))
	}
}

// TestShiftedIgnores lets all happen to telemetry that may: none of it is evidence, and none of it hides a
// shift that comes after it.
func TestShiftedIgnores(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	traffic := newShiftTraffic(seed)
	b := newBench(t, shiftRules)
	run := func(length time.Duration, failing, slower float64) {
		for end := b.now.Add(length); b.now.Before(end); b.wait(10 * time.Second) {
			b.push(traffic.row("eu", 10, failing, slower)...)
			b.push(traffic.row("us", 10, failing, slower)...)
		}
	}
	run(8*time.Hour, 0.01, 1)
	calm := func(what string) {
		t.Helper()
		for _, s := range b.engine.Instances() {
			if s.State != Inactive {
				t.Errorf("after %s: %s%s is %s: %s", what, s.Rule.Name, s.Labels, s.State, s.Reason)
			}
		}
	}
	calm("normal operation")

	for range 60 { // doubled, and out of order
		row := traffic.row("eu", 10, 0.01, 1)
		b.push(row...)
		b.push(row...)
		b.pushAt(b.now.Add(-2*time.Minute), row...)
		b.pushAt(b.now.Add(-30*time.Second), row...)
		b.wait(10 * time.Second)
	}
	calm("doubled and late samples")

	for range 10 {
		for series := range traffic.totals {
			traffic.totals[series] = 0
		}
		run(2*time.Minute, 0.01, 1)
	}
	calm("resets")

	for range 10 { // markers, then new values
		row := tsdb.Row{TimeMS: b.now.UnixMilli()}
		for series := range traffic.totals {
			row.Series, row.Values = append(row.Series, b.id(series)), append(row.Values, math.Float64frombits(value.StaleNaN))
		}
		b.engine.Observe(&tsdb.Batch{Arrived: b.now, Rows: []tsdb.Row{row}}, b.now)
		b.wait(time.Second)
		run(2*time.Minute, 0.01, 1)
	}
	calm("stale markers")

	for range 5 { // nothing arrives, while requests go on
		b.wait(10 * time.Minute)
		traffic.row("eu", 600, 0.01, 1)
		traffic.row("us", 600, 0.01, 1)
		run(5*time.Minute, 0.01, 1)
	}
	calm("gaps")

	for range 120 { // one sender's clock is ahead by 45 s, the other's behind
		b.pushAt(b.now.Add(45*time.Second), traffic.row("eu", 10, 0.01, 1)...)
		b.pushAt(b.now.Add(-45*time.Second), traffic.row("us", 10, 0.01, 1)...)
		b.wait(10 * time.Second)
	}
	calm("skewed clocks")

	var held [][]any // a delivery that was held up comes at once
	for range 60 {
		held = append(held, traffic.row("eu", 10, 0.01, 1))
	}
	b.wait(10 * time.Minute)
	for i, row := range held {
		b.pushAt(b.now.Add(time.Duration(i-60)*10*time.Second), row...)
	}
	run(10*time.Minute, 0.01, 1)
	calm("a held up delivery")

	b.push(traffic.row("eu", 10, 1, 20)...) // a blip, of a row
	b.wait(10 * time.Second)
	run(10*time.Minute, 0.01, 1)
	calm("a blip")

	run(5*time.Minute, 0.2, 2.5)
	for _, rule := range []string{"failing", "slow", "full"} {
		if s := b.status(rule, "a"); s.State != Firing {
			t.Errorf("%s is %s: %s", rule, s.State, s.Reason)
		} else if !strings.Contains(s.Reason, "nats, since") {
			t.Errorf("the reason of %s is %q", rule, s.Reason)
		}
	}
}

// TestAlarms: the allowance is that of the file, and all detectors share it.
func TestAlarms(t *testing.T) {
	for _, c := range []struct {
		source string
		want   float64 // in a day
	}{
		{`metric g = gauge "g"`, 1.0 / 365},
		{"alarms 3 per 1d", 3},
		{"alarms 0.5 per 12h", 1},
	} {
		if got := compileSource(t, c.source).alarmsPerMS * 24 * 3600 * 1000; math.Abs(got-c.want) > 1e-9*c.want {
			t.Errorf("%s: %v alarms a day, want %v", c.source, got, c.want)
		}
	}
	b := newBench(t, shiftRules)
	traffic := newShiftTraffic(1)
	b.push(traffic.row("eu", 10, 0.01, 1)...)
	if got := b.engine.force.budget.Streams; got != 4+1 { // of one model and one region
		t.Errorf("%d detectors share the allowance", got)
	}
	b.wait(25 * time.Hour)
	if got := b.engine.force.budget.Streams; got != 0 {
		t.Errorf("%d detectors share the allowance after all is forgotten", got)
	}
}
