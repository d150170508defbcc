package rules

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// TestConcurrentUse commits, ticks, reads and reloads at once, on a real store whose commit hook is the
// engine: nothing deadlocks, and at the end the windows hold what the store holds.
func TestConcurrentUse(t *testing.T) {
	s := openStored(t, t.TempDir(), start)
	defer s.db.Close()
	var mu sync.Mutex // guards the clock
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return s.now
	}
	s.engine.options.Notify = func(time.Time, []Transition) {}
	s.load(slowRules, nil)
	const rounds = 300
	done := make(chan struct{})
	var others sync.WaitGroup
	for _, work := range []func(){
		func() { s.engine.Tick(clock()) },
		func() { s.engine.Instances(); s.engine.NextTick(); s.engine.Explain(Selection{Rule: "slow"}) },
		func() {
			if err := s.engine.Load(context.Background(), compileSource(t, slowRules), nil, clock()); err != nil {
				t.Error(err)
			}
		},
	} {
		others.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					work()
				}
			}
		})
	}
	var senders sync.WaitGroup
	for _, model := range []string{"a", "b"} {
		senders.Go(func() {
			for n := range rounds {
				a := s.db.Appender(start)
				id, err := a.Series(labels.FromStrings("__name__", "latency_seconds", "model", model))
				if err != nil {
					t.Error(err)
					return
				}
				a.Sample(id, start.Add(time.Duration(n)*100*time.Millisecond).UnixMilli(), 5)
				if _, err := a.Commit(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	senders.Wait()
	close(done)
	others.Wait()
	for _, i := range s.engine.Instances() {
		if term := i.Terms[0]; term.Samples != 100 || term.Value != 5 {
			t.Errorf("%s: %+v", i.Labels, term)
		}
	}
}
