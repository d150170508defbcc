package rules

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// counted is the value of a counter.
func counted(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}

// TestSkewChangesNothing: a sender whose clock is an hour off, either way, is decided on at the same
// moments as one whose clock is right.
func TestSkewChangesNothing(t *testing.T) {
	for _, skew := range []time.Duration{0, time.Hour, -time.Hour, 4 * time.Second} {
		b := newBench(t, slowRules)
		send := func(seconds int, v float64) {
			for range seconds {
				b.pushAt(b.now.Add(skew), `latency_seconds{model="a"}`, v)
				b.wait(time.Second)
			}
		}
		send(20, 0.5)
		send(12, 3.5)
		if since := b.status("slow", "a").Since; !since.Equal(start.Add(28 * time.Second)) {
			t.Errorf("skew %v: fires since %v", skew, since.Sub(start))
		}
		send(30, 0.5)
		b.want("a:pending a:firing a:recovering a:inactive")
		b.wait(time.Minute)
		if s := b.status("slow", "a"); !s.Unknown {
			t.Errorf("skew %v: known after a minute of silence: %+v", skew, s)
		}
		skewed := counted(t, b.engine.metrics.skewedRows)
		if want := map[bool]float64{true: 62}[skew.Abs() > 5*time.Second]; skewed != want {
			t.Errorf("skew %v: %v rows counted as skewed, want %v", skew, skewed, want)
		}
	}
}

// TestOneOfAGroupFallsSilent: a model whose series vanish from a row that goes on coming becomes
// unknown, and does not keep its last values.
func TestOneOfAGroupFallsSilent(t *testing.T) {
	b := newBench(t, slowRules)
	b.every(time.Second, 20*time.Second, `latency_seconds{model="a"}`, 0.5, `latency_seconds{model="b"}`, 0.5)
	b.every(time.Second, 20*time.Second, `latency_seconds{model="b"}`, 0.5)
	if a := b.status("slow", "a"); !a.Unknown {
		t.Errorf("%+v", a)
	}
	if other := b.status("slow", "b"); other.Unknown {
		t.Errorf("%+v", other)
	}
}

// TestMissingClauses: what silence means where a rule says so, on the server's clock.
func TestMissingClauses(t *testing.T) {
	b := newBench(t, `
metric latency = gauge "latency_seconds"
rule dead on model { when avg(latency, 10s) > 9s missing fire after 30s }
rule calm on model { when avg(latency, 10s) > 2s for 2s missing clear after 30s }
rule aged on model { when age(latency) > 25s }`)
	b.every(time.Second, 20*time.Second, `latency_seconds{model="a"}`, 3)
	last := b.now.Add(-time.Second)
	b.told = nil
	b.wait(2 * time.Minute)
	fired := map[string]time.Duration{}
	for _, tr := range b.told {
		fired[tr.Rule.Name+" "+tr.To.String()] = tr.Time.Sub(last)
	}
	// The window is empty 10 s after the last sample, which the tick of a second notices; a clause
	// counts from there.
	if d := fired["dead firing"]; d < 40*time.Second || d > 42*time.Second {
		t.Errorf("dead fired after %v", d)
	}
	if d := fired["calm inactive"]; d < 42*time.Second || d > 44*time.Second {
		t.Errorf("calm was cleared after %v", d)
	}
	if d := fired["aged firing"]; d < 25*time.Second || d > 27*time.Second {
		t.Errorf("aged fired after %v", d)
	}
}

// TestLateSamples: within the grace they correct the windows; beyond it the rules do not know them,
// and they are counted.
func TestLateSamples(t *testing.T) {
	b := newBench(t, `
metric latency = gauge "latency_seconds"
rule r on model { when sum(latency, 2m) > 1000 }`)
	b.every(time.Second, 100*time.Second, `latency_seconds{model="a"}`, 1)
	b.pushAt(b.now.Add(-30*time.Second-time.Millisecond), `latency_seconds{model="a"}`, 50)
	b.pushAt(b.now.Add(-90*time.Second-time.Millisecond), `latency_seconds{model="a"}`, 500)
	if term := b.status("r", "a").Terms[0]; term.Value != 150 || term.Samples != 101 {
		t.Errorf("%+v", term)
	}
	if n := counted(t, b.engine.metrics.corrected); n != 1 {
		t.Errorf("%v corrected", n)
	}
	if n := counted(t, b.engine.metrics.tooLate); n != 1 {
		t.Errorf("%v too late", n)
	}
}

// TestFiringAcrossScopes: rules on other labels ask for each other, and hear at once.
func TestFiringAcrossScopes(t *testing.T) {
	b := newBench(t, `
metric latency = gauge "latency_seconds"
metric queue = gauge "queue_length"
rule whole  on model { when last(latency, 10s) > 2s }
rule part   on model, region { when last(queue, 10s) > 5 and firing(whole) }
rule any    on region { when last(queue, 10s) > 5 and firing(whole) }
rule summed on model { when firing(part) }`)
	b.every(time.Second, 5*time.Second, `latency_seconds{model="a"}`, 1, `latency_seconds{model="b"}`, 1)
	b.every(time.Second, 5*time.Second, `queue_length{model="a",region="eu"}`, 9, `queue_length{model="b",region="eu"}`, 9)
	b.want("")
	b.push(`latency_seconds{model="a"}`, 3)
	var rules []string
	for _, tr := range b.told {
		rules = append(rules, tr.Rule.Name+tr.Labels.String())
	}
	want := []string{`whole{model="a"}`, `part{model="a", region="eu"}`, `any{region="eu"}`}
	for _, w := range want {
		found := false
		for _, r := range rules {
			found = found || r == w
		}
		if !found {
			t.Errorf("%s does not fire; these do: %v", w, rules)
		}
	}
	if len(rules) != len(want) {
		t.Errorf("these fire: %v", rules)
	}
}

func TestServing(t *testing.T) {
	b := newBench(t, `
metric latency = gauge "latency_seconds"
route chat { models "a", "b" }
rule r on model { when last(latency, 10s) > 2s and serving(chat) }`)
	b.serving["chat"] = "b"
	b.push(`latency_seconds{model="a"}`, 3, `latency_seconds{model="b"}`, 3)
	b.want("b:firing")
	b.serving["chat"] = "a"
	b.push(`latency_seconds{model="a"}`, 3, `latency_seconds{model="b"}`, 3)
	if a, other := b.status("r", "a"), b.status("r", "b"); a.State != Firing || other.State != Inactive {
		t.Errorf("a is %s, b is %s", a.State, other.State)
	}
}

func TestAgoAndBaseline(t *testing.T) {
	b := newBench(t, `
metric latency = gauge "latency_seconds"
rule rise on model { when avg(latency, 1m) > 2 * ago(avg(latency, 1m), 10m) }
rule odd  on model { when avg(latency, 1m) > 2 * baseline(avg(latency, 1m), 3d) }`)
	b.every(time.Minute, 5*time.Minute, `latency_seconds{model="a"}`, 1)
	if r := b.status("rise", "a"); !r.Unknown {
		t.Errorf("known without a past: %+v", r)
	}
	b.every(30*time.Second, 10*time.Minute, `latency_seconds{model="a"}`, 1)
	b.every(30*time.Second, 2*time.Minute, `latency_seconds{model="a"}`, 3)
	if r := b.status("rise", "a"); r.State != Firing {
		t.Errorf("%+v", r)
	}
	b = newBench(t, `
metric latency = gauge "latency_seconds"
rule odd on model { when avg(latency, 30m) > 2 * baseline(avg(latency, 30m), 3d) }`)
	for day := range 4 { // the same shape every day: nothing is odd
		for hour := range 24 {
			v := 1.0
			if hour >= 9 && hour < 17 {
				v = 10
			}
			b.every(10*time.Minute, time.Hour, `latency_seconds{model="a"}`, v)
			if s := b.status("odd", "a"); day > 0 && (s.State != Inactive || s.Unknown) {
				t.Fatalf("day %d, hour %d: %+v", day, hour, s)
			}
		}
	}
	b.every(10*time.Minute, time.Hour, `latency_seconds{model="a"}`, 5)
	if s := b.status("odd", "a"); s.State != Firing {
		t.Errorf("%+v", s)
	}
}
