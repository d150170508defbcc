package server

import (
	"context"
	"time"

	"github.com/neuroweaver/heddle/rules"
)

// clock calls the rule engine when something is due without samples.
type clock struct {
	// changed says that the engine may be due earlier than it was; it holds one signal at most.
	changed chan struct{}
}

func newClock() *clock { return &clock{changed: make(chan struct{}, 1)} }

// wake has the clock ask the engine again. It does not wait.
func (c *clock) wake() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// longestSleep bounds how long a jump of the wall clock can go unnoticed.
const longestSleep = time.Second

// run ticks until ctx ends.
func (c *clock) run(ctx context.Context, engine *rules.Engine, now func() time.Time) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.changed:
		case <-timer.C:
		}
		at := now()
		due := engine.NextTick()
		if !due.IsZero() && !due.After(at) {
			engine.Tick(at)
			due = engine.NextTick()
		}
		sleep := longestSleep
		if !due.IsZero() {
			sleep = min(sleep, max(0, due.Sub(at)))
		}
		timer.Reset(sleep)
	}
}
