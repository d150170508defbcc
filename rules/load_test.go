package rules

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb"
)

// stored is an engine behind the commit hook of a real store.
type stored struct {
	t      *testing.T
	db     *tsdb.DB
	engine *Engine
	second *Engine // sees all that engine does; may be nil
	told   []Transition
	now    time.Time
}

func openStored(t *testing.T, dir string, now time.Time) *stored {
	t.Helper()
	s := &stored{t: t, now: now}
	db, err := tsdb.Open(dir, tsdb.Options{
		Commit: func(b *tsdb.Batch) {
			s.engine.Observe(b, s.now)
			if s.second != nil {
				s.second.Observe(b, s.now)
			}
		},
		Now: func() time.Time { return s.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.db = db
	s.engine = NewEngine(Options{
		Notify: func(_ time.Time, ts []Transition) { s.told = append(s.told, ts...) },
		Labels: db.Labels, Store: db,
	})
	return s
}

func (s *stored) load(source string, restored []InstanceState) {
	s.t.Helper()
	if err := s.engine.Load(context.Background(), compileSource(s.t, source), restored, s.now); err != nil {
		s.t.Fatal(err)
	}
}

// push commits one sample of a gauge of each model, and lets a second pass.
func (s *stored) push(models string, v float64) {
	s.t.Helper()
	a := s.db.Appender(s.now)
	for _, model := range models {
		id, err := a.Series(labels.FromStrings("__name__", "latency_seconds", "model", string(model)))
		if err != nil {
			s.t.Fatal(err)
		}
		a.Sample(id, s.now.UnixMilli(), v)
	}
	if _, err := a.Commit(); err != nil {
		s.t.Fatal(err)
	}
	s.now = s.now.Add(time.Second)
}

func (s *stored) states() (list []InstanceState) {
	for _, i := range s.engine.Instances() {
		list = append(list, InstanceState{Rule: i.Rule.Name, Labels: i.Labels, State: i.State, Since: i.Since, FiringSince: i.FiringSince})
	}
	return list
}

// TestRestart closes the store while one instance fires and another is pending, and opens it again:
// windows come from the store, states and clocks from outside, and nothing waits that was covered.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	s := openStored(t, dir, start)
	s.load(slowRules, nil)
	for range 20 {
		s.push("ab", 0.5)
	}
	for range 12 {
		s.push("a", 5)
		s.now = s.now.Add(-time.Second)
		s.push("b", 0.1)
	}
	for range 4 {
		s.push("a", 5)
		s.now = s.now.Add(-time.Second)
		s.push("b", 9)
	}
	before := s.engine.Instances()
	if before[0].State != Firing || before[1].State != Pending {
		t.Fatalf("before the restart: %+v", before)
	}
	states := s.states()
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}

	s = openStored(t, dir, s.now)
	defer s.db.Close()
	s.load(slowRules, states)
	after := s.engine.Instances()
	for i := range before {
		if after[i].State != before[i].State || !after[i].Since.Equal(before[i].Since) || after[i].Held || after[i].Unknown {
			t.Errorf("after the restart: %+v, want %+v", after[i], before[i])
		}
		if after[i].Terms[0] != before[i].Terms[0] {
			t.Errorf("term %+v, want %+v", after[i].Terms[0], before[i].Terms[0])
		}
	}
	if len(s.told) != 0 {
		t.Errorf("the restart told %+v", s.told)
	}
	s.push("ab", 9)
	s.push("ab", 9)
	if got := s.engine.Instances()[1]; got.State != Firing || !got.FiringSince.Before(s.now) {
		t.Errorf("the hold did not go on: %+v", got)
	}
}

// TestReload changes the rules under load: what did not change keeps its state, what is gone says
// so, and a new rule finds its windows full.
func TestReload(t *testing.T) {
	s := openStored(t, t.TempDir(), start)
	defer s.db.Close()
	s.load(slowRules+"rule other on model { when max(latency, 10s) > 4s }", nil)
	for range 20 {
		s.push("a", 5)
	}
	s.told = nil
	s.load(slowRules+"rule third on model { when min(latency, 20s) > 4s }", nil)
	var words []string
	for _, w := range s.told {
		words = append(words, w.Rule.Name+" "+w.To.String())
		if w.Removed != (w.Rule.Name == "other") {
			t.Errorf("%+v", w)
		}
	}
	if len(words) != 2 || words[0] != "other inactive" || words[1] != "third firing" {
		t.Errorf("told %v", words)
	}
	if slow := s.engine.Instances()[0]; slow.State != Firing || slow.Since.After(start.Add(15*time.Second)) {
		t.Errorf("slow lost its state: %+v", slow)
	}
}

// TestReloadUnderLoad: what is committed while a load reads the store is not lost to the windows.
func TestReloadUnderLoad(t *testing.T) {
	b := newBench(t, slowRules)
	b.every(time.Second, 5*time.Second, `latency_seconds{model="a"}`, 1)
	b.engine.startMissing()
	b.every(time.Second, 5*time.Second, `latency_seconds{model="a"}`, 3)
	next := newForce(compileSource(t, slowRules), time.Minute, false)
	b.engine.swap(next, b.engine.missed, nil, b.now)
	if term := b.status("slow", "a").Terms[0]; term.Value != 3 || term.Samples != 5 {
		t.Errorf("%+v", term)
	}
}

func TestFreshStartIsHeld(t *testing.T) {
	b := newBench(t, `
metric latency = gauge "latency_seconds"
rule mean on model { when avg(latency, 10s) > 2s }
rule now  on model { when last(latency, 10s) > 2s }
rule some on model { when avg(latency, 10s) > 2s require coverage(latency, 10s) >= 20% }`)
	for second := range 10 {
		b.push(`latency_seconds{model="a"}`, 5)
		mean, now, some := b.status("mean", "a"), b.status("now", "a"), b.status("some", "a")
		if (mean.State == Firing) != (second >= 4) || mean.Held != (second < 4) {
			t.Errorf("after %d s: mean is %s, held %v", second, mean.State, mean.Held)
		}
		if now.State != Firing {
			t.Errorf("after %d s: now is %s", second, now.State)
		}
		if (some.State == Firing) != (second >= 1) {
			t.Errorf("after %d s: some is %s", second, some.State)
		}
		b.wait(time.Second)
	}
}
