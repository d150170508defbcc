package rules

import (
	"testing"
	"time"
)

const slowRules = `
metric latency = gauge "latency_seconds"
rule slow on model {
  when     avg(latency, 10s) > 2s
  for      3s
  recover  avg(latency, 10s) < 1s for 5s
  summary  "{avg(latency, 10s)} on {model}"
}
`

func TestFiresAndRecovers(t *testing.T) {
	b := newBench(t, slowRules)
	b.every(time.Second, 20*time.Second, `latency_seconds{model="a"}`, 0.5, `latency_seconds{model="b"}`, 0.4)
	b.want("")
	b.every(time.Second, 12*time.Second, `latency_seconds{model="a"}`, 3.5, `latency_seconds{model="b"}`, 0.4)
	if got := b.told[len(b.told)-1]; got.Summary != "2.9s on a" || got.Reason != "avg(latency, 10s) = 2.9 > 2" {
		t.Errorf("summary %q, reason %q", got.Summary, got.Reason)
	}
	b.want("a:pending a:firing")
	b.every(time.Second, 20*time.Second, `latency_seconds{model="a"}`, 0.1, `latency_seconds{model="b"}`, 0.4)
	b.want("a:recovering a:inactive")
}

func TestSilenceNeverDecides(t *testing.T) {
	b := newBench(t, slowRules)
	b.every(time.Second, 20*time.Second, `latency_seconds{model="a"}`, 3)
	b.want("a:pending a:firing")
	b.wait(9 * time.Minute)
	b.want("")
	if s := b.status("slow", "a"); s.State != Firing || !s.Unknown {
		t.Errorf("after a silence: %+v", s)
	}
	if next := b.engine.NextTick(); next.Before(b.now) {
		t.Errorf("a tick is due at %v, now is %v", next, b.now)
	}
}

// TestRatioOfAPart: a model that has never failed has no series of failures, and still is known to be
// fit; a model whose failures have another name is not.
func TestRatioOfAPart(t *testing.T) {
	b := newBench(t, `
metric requests = counter "requests_total"
metric failures = counter "requests_total" where status =~ "5.."
metric elsewhere = counter "errors_total"
rule part on model { when ratio(failures, requests, 10s) > 5% }
rule other on model { when ratio(elsewhere, requests, 10s) > 5% }`)
	for n := range 20 {
		b.push(`requests_total{model="a",status="200"}`, n*10)
		b.wait(time.Second)
	}
	if s := b.status("part", "a"); s.Unknown || s.Terms[0].Value != 0 {
		t.Errorf("%+v", s)
	}
	if s := b.status("other", "a"); !s.Unknown {
		t.Errorf("%+v", s)
	}
	for n := range 5 {
		b.push(`requests_total{model="a",status="200"}`, 200+n*10, `requests_total{model="a",status="503"}`, n*10)
		b.wait(time.Second)
	}
	b.want("a:firing")
}
