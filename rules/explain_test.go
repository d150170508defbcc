package rules

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

func TestExplain(t *testing.T) {
	s := openStored(t, t.TempDir(), start)
	defer s.db.Close()
	source := `
metric latency = gauge "latency_seconds"
let slow_now = avg(latency, 10s) > 2s
rule slow on model {
  when    slow_now and not (max(latency, 5s) < 1s or min(latency, 5s) - 1s > 30s)
  require count(latency, 10s) >= 3
  recover avg(latency, 10s) < 1s
}`
	s.load(source, nil)
	for range 15 {
		s.push("a", 3.25)
	}
	middle := s.now.Add(-time.Second)
	for range 30 {
		s.push("a", 0.5)
	}
	const want = `slow{model="a"} is firing
  because avg(latency, 10s) = 3.25 > 2 and max(latency, 5s) = 3.25 >= 1 and min(latency, 5s) - 1s = 2.25 <= 30
  when (avg(latency, 10s) > 2s) and not (max(latency, 5s) < 1s or min(latency, 5s) - 1s > 30s) = true
  ├─ (avg(latency, 10s) > 2s) = true
  │  └─ avg(latency, 10s) = 3.25s  (10 samples)
  └─ not (max(latency, 5s) < 1s or min(latency, 5s) - 1s > 30s) = true
     └─ (max(latency, 5s) < 1s or min(latency, 5s) - 1s > 30s) = false
        ├─ max(latency, 5s) < 1s = false
        │  └─ max(latency, 5s) = 3.25s  (5 samples)
        └─ min(latency, 5s) - 1s > 30s = false
           └─ min(latency, 5s) - 1s = 2.25
              └─ min(latency, 5s) = 3.25  (5 samples)
  require count(latency, 10s) >= 3 = true
  └─ count(latency, 10s) = 10  (10 samples)
  recover avg(latency, 10s) < 1s = false
  └─ avg(latency, 10s) = 3.25s  (10 samples)
`
	slow := Selection{Rule: "slow"}
	list, chosen, err := ExplainAt(context.Background(), compileSource(t, source), s.db, slow, middle)
	if err != nil || chosen != 1 {
		t.Fatal(chosen, err)
	}
	if got := list[0].String(); got != want {
		t.Errorf("at %v:\n%s", middle, got)
	}
	list, _, ok := s.engine.Explain(slow)
	if !ok || !strings.Contains(list[0].String(), "avg(latency, 10s) = 500ms") {
		t.Errorf("now:\n%s", list[0])
	}
	// Once it is over, why it does not fire says more than why it ended.
	if !strings.Contains(list[0].String(), "because avg(latency, 10s) = 0.5 <= 2 and") {
		t.Errorf("now:\n%s", list[0])
	}
	slow.Matchers = []*labels.Matcher{labels.MustNewMatcher(labels.MatchNotEqual, "model", "a")}
	if list, chosen, ok := s.engine.Explain(slow); !ok || len(list) != 0 || chosen != 0 {
		t.Errorf("%d of %d explanations of models that are not a", len(list), chosen)
	}
	if _, _, err := ExplainAt(context.Background(), compileSource(t, source), s.db, Selection{Rule: "slwo"}, middle); err == nil || !strings.Contains(err.Error(), `did you mean "slow"?`) {
		t.Error(err)
	}
}
