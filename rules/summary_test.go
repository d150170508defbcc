package rules

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

const summaryRules = `
metric latency = histogram "latency_seconds"
rule slow on model { when p95(latency, 30s) > 2s }
rule mean on model { when avg(latency, 30s) > 1s }
rule tail on model { when p99(latency, 30s) > 2s }
rule share on model { when above(latency, 2s, 30s) > 10% }
rule quiet on model { when count(latency, 30s) > 0 and age(latency) < 1m and coverage(latency, 30s) > 10% }
`

// TestSummary: a histogram that arrives as a summary has a mean, and the quantiles that its senders
// compute; of several senders the worst counts.
func TestSummary(t *testing.T) {
	b := newBench(t, summaryRules)
	term := func(rule string) string {
		list, _, _ := b.engine.Explain(Selection{Rule: rule})
		if len(list) != 1 {
			t.Fatalf("%d instances of %s", len(list), rule)
		}
		return list[0].Clauses[0].Tree.Parts[0].Value
	}
	sums := 0.0
	send := func(slow float64) {
		for range 40 {
			sums += 15
			b.push(
				`latency_seconds{model="a",pod="1",quantile="0.5"}`, 0.4, `latency_seconds{model="a",pod="1",quantile="0.95"}`, slow,
				`latency_seconds_sum{model="a",pod="1"}`, sums, `latency_seconds_count{model="a",pod="1"}`, sums/1.5)
			b.push(
				`latency_seconds{model="a",pod="2",quantile="0.5"}`, 0.4, `latency_seconds{model="a",pod="2",quantile="0.950"}`, 1.25,
				`latency_seconds_sum{model="a",pod="2"}`, sums, `latency_seconds_count{model="a",pod="2"}`, sums/1.5)
			b.wait(time.Second)
		}
	}
	send(3)
	for rule, want := range map[string]string{"slow": "3s", "mean": "1.5s", "tail": "unknown", "share": "unknown"} {
		if got := term(rule); got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
	for rule, want := range map[string]State{"slow": Firing, "mean": Firing, "tail": Inactive, "share": Inactive, "quiet": Firing} {
		if got := b.status(rule, "a"); got.State != want || got.Unknown != (rule == "tail" || rule == "share") {
			t.Errorf("%s is %v, unknown %v", rule, got.State, got.Unknown)
		}
	}
	send(0.5)
	if got := term("slow"); got != "1.25s" || b.status("slow", "a").State != Inactive {
		t.Errorf("with one sender better, p95 is %s", got)
	}
	b.push(`latency_seconds{model="a",pod="1",quantile="0.95"}`, "NaN", `latency_seconds{model="a",pod="2",quantile="0.950"}`, "NaN")
	if got := term("slow"); got != "unknown" {
		t.Errorf("where nothing was observed, p95 is %s", got)
	}
}

// TestSummaryBlindness: what a summary cannot tell is found before it is missed.
func TestSummaryBlindness(t *testing.T) {
	s := openStored(t, t.TempDir(), start)
	defer s.db.Close()
	for n := range 100 {
		a := s.db.Appender(s.now)
		for name, v := range map[string]float64{"latency_seconds_sum": float64(n), "latency_seconds_count": float64(n)} {
			id, err := a.Series(labels.FromStrings("__name__", name, "model", "a"))
			if err != nil {
				t.Fatal(err)
			}
			a.Sample(id, s.now.UnixMilli(), v)
		}
		for _, q := range []string{"0.95", "0.5"} {
			id, err := a.Series(labels.FromStrings("__name__", "latency_seconds", "model", "a", "quantile", q))
			if err != nil {
				t.Fatal(err)
			}
			a.Sample(id, s.now.UnixMilli(), 1)
		}
		if _, err := a.Commit(); err != nil {
			t.Fatal(err)
		}
		s.now = s.now.Add(time.Second)
	}
	found, err := FindBlindness(context.Background(), compileSource(t, summaryRules), s.db, s.now)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, b := range found {
		all = append(all, b.Rule+": "+b.Problem)
	}
	want := "tail: p99(latency, 30s): latency arrives as a summary, with the quantiles [0.5 0.95]\n" +
		"share: above(latency, 2s, 30s): latency arrives as a summary, which does not tell the share over a value"
	if got := strings.Join(all, "\n"); got != want {
		t.Errorf("found\n%s\nwant\n%s", got, want)
	}
}
