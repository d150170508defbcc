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
	b.wait(10 * time.Minute)
	b.want("")
	if s := b.status("slow", "a"); s.State != Firing || !s.Unknown {
		t.Errorf("after a silence: %+v", s)
	}
	if next := b.engine.NextTick(); !next.IsZero() {
		t.Errorf("a tick is due at %v although nothing can move", next)
	}
}
