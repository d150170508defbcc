// Package conformance is the suite that every connector passes. A connector that passes it can be
// trusted with a switch: it applies once, reads back, keeps to epochs, survives being killed, ends in
// time, and says clearly what is wrong.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
)

// Target is a fresh, empty target with the means to look at it from outside.
type Target struct {
	// Open gives a connector to the target. step is called before each of its steps, and ends the
	// attempt when it returns an error, as if the process had died there.
	Open func(step func(name string) error) connector.Connector
	// Holds says what the target really holds for the route.
	Holds func(route string) connector.Reading
	// Acknowledge, for targets that come for the assignment, has one of them take what c offers.
	Acknowledge func(c connector.Connector, route string, epoch uint64)
	// Stall, where the target can be slow, keeps it from answering until the returned function is called.
	Stall func() (resume func())
	// Break, where the target can fail, makes it fail until mend is called; an error about it must
	// contain cause.
	Break func() (cause string, mend func())
}

// Assignment is one that all tests agree on.
func Assignment(route string, epoch uint64, model string) connector.Assignment {
	return connector.Assignment{
		Route: route, Epoch: epoch, Action: "switch", From: "before", To: model,
		Weights: map[string]float64{model: 1}, Reason: "rule slow: p95(latency, 1m) = 3.2 > 2",
		Decided: time.Date(2026, 1, 2, 3, 4, 5, int(epoch), time.UTC),
	}
}

func alive(string) error { return nil }

// Run tests a connector on targets that begin makes, one for each test.
func Run(t *testing.T, begin func(t *testing.T) Target) {
	apply := func(t *testing.T, target Target, c connector.Connector, a connector.Assignment) {
		t.Helper()
		receipt, err := c.Apply(t.Context(), a)
		if err == nil && receipt.Pending {
			target.Acknowledge(c, a.Route, a.Epoch)
			receipt, err = c.Apply(t.Context(), a)
		}
		if err != nil || receipt.Pending {
			t.Fatalf("epoch %d: %+v %v", a.Epoch, receipt, err)
		}
		holds(t, target, a)
	}
	t.Run("applies and reads back", func(t *testing.T) {
		target := begin(t)
		c := target.Open(alive)
		for _, a := range []connector.Assignment{
			Assignment("chat", 1, "a"), Assignment("code", 5, "x"), Assignment("chat", 2, "b"), Assignment("chat", 9, "a"),
		} {
			apply(t, target, c, a)
			reading, err := c.Read(t.Context(), a.Route)
			if c.Capabilities().ReadBack && (err != nil || reading.Epoch != a.Epoch || reading.Model != a.To) {
				t.Errorf("read %+v, %v", reading, err)
			}
			if !c.Capabilities().ReadBack && !errors.Is(err, connector.ErrCannotRead) {
				t.Errorf("a target that cannot be read was read: %+v, %v", reading, err)
			}
		}
		holds(t, target, Assignment("code", 5, "x"))
	})
	t.Run("applying again changes nothing", func(t *testing.T) {
		target := begin(t)
		c := target.Open(alive)
		for range 3 {
			apply(t, target, c, Assignment("chat", 4, "a"))
		}
		apply(t, target, target.Open(alive), Assignment("chat", 4, "a"))
	})
	t.Run("refuses an older epoch", func(t *testing.T) {
		target := begin(t)
		c := target.Open(alive)
		apply(t, target, c, Assignment("chat", 7, "a"))
		for _, stale := range []connector.Assignment{Assignment("chat", 6, "b"), Assignment("chat", 1, "a"), Assignment("chat", 7, "b")} {
			_, err := c.Apply(t.Context(), stale)
			var fenced *connector.FencedError
			if !errors.As(err, &fenced) || fenced.Holds.Epoch != 7 || fenced.Offered != stale.Epoch {
				t.Errorf("epoch %d (%s): %v", stale.Epoch, stale.To, err)
			}
			holds(t, target, Assignment("chat", 7, "a"))
		}
		apply(t, target, c, Assignment("chat", 8, "b"))
	})
	t.Run("survives a kill between any two steps", func(t *testing.T) {
		killed := errors.New("killed")
		for n := 1; ; n++ {
			target := begin(t)
			apply(t, target, target.Open(alive), Assignment("chat", 1, "a"))
			apply(t, target, target.Open(alive), Assignment("code", 1, "x"))
			steps := 0
			died := false
			c := target.Open(func(name string) error {
				if steps++; steps >= n {
					died = true
					return fmt.Errorf("%w before %s", killed, name)
				}
				return nil
			})
			_, err := c.Apply(t.Context(), Assignment("chat", 2, "b"))
			if died && !errors.Is(err, killed) {
				t.Fatalf("step %d: killed, and yet %v", n, err)
			}
			// Whatever happened, the target holds the old or the new, and nothing of other routes was hurt.
			if reading := target.Holds("chat"); reading != (connector.Reading{Epoch: 1, Model: "a"}) && reading != (connector.Reading{Epoch: 2, Model: "b"}) {
				t.Errorf("step %d left %+v", n, reading)
			}
			holds(t, target, Assignment("code", 1, "x"))
			apply(t, target, target.Open(alive), Assignment("chat", 2, "b"))
			if !died {
				return
			}
		}
	})
	t.Run("ends when its time is over", func(t *testing.T) {
		target := begin(t)
		if target.Stall == nil {
			t.Skip("the target cannot be slow")
		}
		c := target.Open(alive)
		resume := target.Stall()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := c.Apply(ctx, Assignment("chat", 1, "a"))
		if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*connector.RefusedError)) {
			t.Errorf("a stalled target: %v", err)
		}
		resume()
		apply(t, target, c, Assignment("chat", 1, "a"))
	})
	t.Run("says clearly what is wrong", func(t *testing.T) {
		target := begin(t)
		if target.Break == nil {
			t.Skip("the target cannot fail")
		}
		c := target.Open(alive)
		cause, mend := target.Break()
		_, err := c.Apply(t.Context(), Assignment("chat", 1, "a"))
		if err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("a broken target: %v, want %q in it", err, cause)
		}
		mend()
		apply(t, target, c, Assignment("chat", 1, "a"))
	})
}

func holds(t *testing.T, target Target, want connector.Assignment) {
	t.Helper()
	if got := target.Holds(want.Route); got != (connector.Reading{Epoch: want.Epoch, Model: want.To}) {
		t.Errorf("the target holds %+v for %s, want epoch %d, %s", got, want.Route, want.Epoch, want.To)
	}
}
