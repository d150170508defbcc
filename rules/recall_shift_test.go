package rules

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/storage"
)

// heldStore is a store whose queries wait, and may fail.
type heldStore struct {
	storage.Queryable
	asked chan struct{} // gets one for each query that waits
	gate  chan error    // what a query gets before it is answered
}

func holdStore(store storage.Queryable) *heldStore {
	return &heldStore{store, make(chan struct{}), make(chan error)}
}

func (h *heldStore) Querier(from, to int64) (storage.Querier, error) {
	h.asked <- struct{}{}
	if err := <-h.gate; err != nil {
		return nil, err
	}
	return h.Queryable.Querier(from, to)
}

// recalling starts Recall on a store that is held from here on; it returns once the first query waits. release lets all
// go on, and returns when Recall has.
func (c *shiftCourse) recalling(e *Engine) (release func() error) {
	c.t.Helper()
	held := holdStore(c.db)
	e.options.Store = held
	done := make(chan error, 1)
	now := c.latest()
	go func() { done <- e.Recall(context.Background(), now) }()
	<-held.asked
	return func() error {
		close(held.gate)
		for {
			select {
			case <-held.asked:
			case err := <-done:
				e.options.Store = c.db
				return err
			}
		}
	}
}

// TestShiftedLearnsInBackground: an engine is loaded without the past of its detectors, decides while it is read,
// and is then as if it had seen all come: also what came meanwhile, be it more than is kept, and series that
// are new.
func TestShiftedLearnsInBackground(t *testing.T) {
	for _, meanwhile := range []time.Duration{0, 3 * time.Minute, 8 * time.Hour} {
		t.Run(meanwhile.String(), func(t *testing.T) {
			c := newShiftCourse(t)
			c.run(7*time.Hour, 0.01, 1)
			fresh := c.restarted(c.db)
			c.second = fresh
			c.run(time.Minute, 0.01, 1) // before anything is read
			if n := strings.Count(trees(fresh), "Value:unknown"); n != 7 || !strings.Contains(trees(fresh), "still being read") {
				t.Errorf("%d values are unknown before anything is read:\n%s", n, trees(fresh))
			}
			release := c.recalling(fresh)
			c.run(meanwhile, 0.01, 1)
			c.run(time.Minute, 0.2, 2)
			if strings.Contains(trees(fresh), "Value:true") || strings.Contains(trees(fresh), "Value:false") {
				t.Errorf("known while it is read:\n%s", trees(fresh))
			}
			if kept := c.kept(fresh); kept == 0 && meanwhile < time.Hour || kept > maxKept {
				t.Errorf("%d samples are kept", kept)
			}
			if err := release(); err != nil {
				t.Fatal(err)
			}
			c.compare(fresh, "after it was read")
			c.run(15*time.Minute, 0.2, 2)
			c.compare(fresh, "while shifted")
			c.run(time.Hour, 0.01, 1)
			c.compare(fresh, "after the shift")
			if strings.Contains(trees(fresh), "Value:unknown") {
				t.Errorf("unknown at last:\n%s", trees(fresh))
			}
		})
	}
}

// kept is how many samples an engine keeps for its detectors.
func (c *shiftCourse) kept(e *Engine) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	most := 0
	for _, g := range e.force.groups {
		for _, s := range g.byKey {
			if s.reading != nil {
				most = max(most, len(s.reading.kept))
			}
		}
	}
	return most
}

// TestShiftedLearnsNewSeries: a series that appears while the past is read is part of it.
func TestShiftedLearnsNewSeries(t *testing.T) {
	c := newShiftCourse(t)
	c.run(7*time.Hour, 0, 1) // nothing has failed yet
	fresh := c.restarted(c.db)
	c.second = fresh
	release := c.recalling(fresh)
	c.run(5*time.Minute, 0.3, 1)
	if err := release(); err != nil {
		t.Fatal(err)
	}
	c.compare(fresh, "after it was read")
	c.run(10*time.Minute, 0.3, 1)
	c.compare(fresh, "while shifted")
	if n := strings.Count(trees(fresh), "Value:true"); n != 3 {
		t.Errorf("%d conditions are true:\n%s", n, trees(fresh))
	}
}

// TestShiftedLearnsAgain: after a store has failed, the past is read with the next call.
func TestShiftedLearnsAgain(t *testing.T) {
	c := newShiftCourse(t)
	c.run(7*time.Hour, 0.01, 1)
	fresh := c.restarted(c.db)
	c.second = fresh
	held := holdStore(c.db)
	fresh.options.Store = held
	broken := errors.New("broken")
	go func() {
		<-held.asked
		held.gate <- broken
	}()
	if err := fresh.Recall(t.Context(), c.latest()); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	fresh.options.Store = c.db
	c.run(10*time.Minute, 0.01, 1)
	if kept := c.kept(fresh); kept != 0 {
		t.Errorf("%d samples are kept while nothing is read", kept)
	}
	if err := fresh.Recall(t.Context(), c.latest()); err != nil {
		t.Fatal(err)
	}
	c.compare(fresh, "after it was read")
}

// TestShiftedAfterReload: a reload keeps the detectors of rules that ask the same as before, with as many
// false alarms; others read their past.
func TestShiftedAfterReload(t *testing.T) {
	c := newShiftCourse(t)
	c.run(7*time.Hour, 0.01, 1)
	c.run(time.Minute, 0.2, 2)
	other := NewEngine(Options{Labels: c.db.Labels, Store: c.db})
	c.second = other
	load := func(source string) {
		t.Helper()
		if err := other.Load(t.Context(), compileSource(t, source), nil, c.latest()); err != nil {
			t.Fatal(err)
		}
	}
	load(shiftRules)
	if err := other.Recall(t.Context(), c.latest()); err != nil {
		t.Fatal(err)
	}
	load("metric load = gauge \"load\"\n" + shiftRules + "rule more on model { when last(queue, 1m) > 1000 }")
	c.compare(other, "after a reload")
	c.run(2*time.Minute, 0.2, 2)
	c.compare(other, "some time after a reload")
	for _, changed := range []string{
		"alarms 3 per 1d\n" + shiftRules,
		strings.Replace(shiftRules, `"requests_total"`, `"requests_total" or "requests"`, 1),
	} {
		load(changed)
		if !strings.Contains(trees(other), "Value:unknown") {
			t.Errorf("known after a reload that changes what is asked: %s", changed)
		}
		if err := other.Recall(t.Context(), c.latest()); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(trees(other), "Value:unknown") {
			t.Errorf("unknown after the past was read: %s", changed)
		}
		load(shiftRules)
	}
}
