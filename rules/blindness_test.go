package rules

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// TestFindBlindness: each rule has one reason to see nothing, and one rule has none.
func TestFindBlindness(t *testing.T) {
	s := openStored(t, t.TempDir(), start)
	defer s.db.Close()
	s.load("", nil)
	put := func(v float64, pairs ...string) {
		a := s.db.Appender(s.now)
		id, err := a.Series(labels.FromStrings(pairs...))
		if err != nil {
			t.Fatal(err)
		}
		a.Sample(id, s.now.UnixMilli(), v)
		if _, err := a.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 100 {
		put(float64(n), "__name__", "requests_total", "model", "a", "status", "200")
		if n < 60 {
			put(1, "__name__", "stopped", "model", "a")
		}
		for i, le := range []string{"0.1", "1", "10", "+Inf"} {
			put(float64(n*(i+1)), "__name__", "latency_bucket", "model", "a", "le", le)
		}
		put(float64(n*4), "__name__", "latency_count", "model", "a")
		s.now = s.now.Add(15 * time.Second)
	}
	p := compileSource(t, `
metric requests = counter "requests_total"
metric failures = counter "requests_total" where status =~ "5.."
metric stopped  = gauge "stopped"
metric gone     = gauge "gone"
metric latency  = histogram "latency"
rule sound on model { when p95(latency, 5m) > 2s and rate(requests, 1m) > 1 }
rule absent on model { when last(gone, 1m) > 1 }
rule ended on model { when last(stopped, 1m) > 1 }
rule nowhere on model { when rate(failures, 1m) > 1 }
rule unlabelled on model, region { when rate(requests, 1m) > 1 }
rule narrow on model { when rate(requests, 20s) > 1 }
rule fine on model { when p95(latency, 5m) > 50ms }
rule coarse on model { when above(latency, 30s, 5m) > 1% }
rule turned on model { when -50ms * -1 < p95(latency, 5m) }
rule mistyped on model { when rate(reqests, 1m) > 1 }
rule other_ending on model { when rate(short, 1m) > 1 }
rule no_gauge on model { when last(plain, 1m) > 1 }
metric reqests = counter "reqests_total"
metric short   = counter "requests"
metric plain   = gauge   "latency"
`)
	found, err := FindBlindness(context.Background(), p, s.db, s.now)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`absent: no series of the metric gone exists: ["gone"]; compare the name`,
		`ended: stopped has stopped 10m15s ago`,
		`nowhere: series of failures exist, but none that its where takes; among what arrives status is "200"`,
		`unlabelled: series of requests exist, but none with the labels ["model" "region"]; its series have the labels "model", "status"`,
		`narrow: rate(requests, 20s) looks at 20s, but a sample comes only every 15s`,
		`fine: p95(latency, 5m) is compared with 0.05, under the first bucket of the histogram, which reaches to 0.1`,
		`coarse: above(latency, 30s, 5m) is compared with 30, but the last bucket of the histogram with a bound reaches to 10`,
		`turned: p95(latency, 5m) is compared with 0.05, under the first bucket`,
		`mistyped: no series of the metric reqests exists: ["reqests_total"]; did you mean "requests_total"?`,
		`other_ending: no series of the metric short exists: ["requests"]; did you mean "requests_total"?`,
		`no_gauge: no series of the metric plain exists: ["latency"]; it is a histogram: metric plain = histogram "latency"`,
	}
	later, err := FindBlindness(context.Background(), p, s.db, s.now.Add(10*24*time.Hour))
	if err != nil || len(later) == 0 || !strings.HasPrefix(later[0].Hint, "latency_bucket was there at another time, but not in the ") {
		t.Errorf("ten days later: %v, %v", later, err)
	}
	for i, b := range found {
		if got := fmt.Sprintf("%s: %s; %s", b.Rule, b.Problem, b.Hint); i >= len(want) || !strings.HasPrefix(got, want[i]) {
			t.Errorf("found %s", got)
		}
	}
	if len(found) != len(want) {
		t.Errorf("found %d, want %d", len(found), len(want))
	}
}
