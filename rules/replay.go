package rules

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/neuroweaver/heddle/tsdb"
)

// Recording is data with the clock on which it arrived.
type Recording struct {
	// Batches come in the order of their Arrived; a batch belongs to the reader until it asks for the
	// next.
	Batches iter.Seq2[*tsdb.Batch, error]
	// Labels names the series of the batches.
	Labels func(tsdb.SeriesID) labels.Labels
	// Store is where windows are filled from before the first batch; nil: they start empty.
	Store storage.Queryable
	// Start is the time of the load; zero: that of the first batch.
	Start time.Time
}

// Replay runs a program on a recording, on the recording's clock, with the same engine that runs
// live: what it emits is what would have happened. router says what the routes would have done; nil:
// there are none. emit returns false to end the replay.
func Replay(ctx context.Context, p *Program, recording Recording, router Router, emit func(Event) bool) error {
	if recording.Store != nil { // what comes later comes in the batches
		recording.Store = until{recording.Store, recording.Start.UnixMilli() - 1}
	}
	r := newReplayer(p, recording, router, Options{})
	started := !recording.Start.IsZero()
	if started {
		if err := r.start(ctx, recording.Start); err != nil {
			return err
		}
	}
	for batch, err := range recording.Batches {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if !started {
			started = true
			if err := r.start(ctx, batch.Arrived); err != nil {
				return err
			}
		}
		r.advance(batch.Arrived)
		r.engine.Observe(batch, r.now)
		if err := r.engine.Recall(ctx, r.now); err != nil {
			return err
		}
		for _, e := range r.taken() {
			if !emit(e) {
				return nil
			}
		}
	}
	return nil
}

// replayer is an engine and a router on a clock of their own.
type replayer struct {
	program *Program
	engine  *Engine
	router  Router
	now     time.Time
	events  []Event
	// watch, where not nil, sees all transitions, also those that are no events.
	watch func(now time.Time, ts []Transition)
}

func newReplayer(p *Program, recording Recording, router Router, o Options) *replayer {
	r := &replayer{program: p, router: router}
	o.Labels, o.Store = recording.Labels, recording.Store
	o.Notify = r.handle
	if router != nil {
		o.Serving = func(route string) string {
			model, _ := router.Serving(route)
			return model
		}
	}
	r.engine = NewEngine(o)
	return r
}

func (r *replayer) start(ctx context.Context, now time.Time) error {
	r.now = now
	if err := r.engine.Load(ctx, r.program, nil, now); err != nil {
		return err
	}
	return r.engine.Recall(ctx, now)
}

// handle takes what the engine decided, and what the routes make of it.
func (r *replayer) handle(now time.Time, ts []Transition) {
	// A recording seldom has all metrics of all rules, which is not worth an alert.
	ts = slices.DeleteFunc(ts, func(t Transition) bool { return t.Rule.Name == BlindRule })
	if len(ts) == 0 {
		return
	}
	if r.watch != nil {
		r.watch(now, ts)
	}
	for i := range ts {
		if e, ok := alertEvent(&ts[i]); ok {
			r.events = append(r.events, e)
		}
	}
	if r.router != nil {
		r.move(r.router.Handle(now, ts))
	}
}

func (r *replayer) move(moves []RouteEvent) {
	for _, move := range moves {
		r.events = append(r.events, routeEvent(move))
	}
}

// advance lets the clock run to a time, with all timers that ring before or at it.
func (r *replayer) advance(to time.Time) {
	for {
		next := earliest(r.engine.NextTick(), r.routerTick())
		if next.IsZero() || next.After(to) {
			break
		}
		if !next.After(r.now) { // due again at once: time must move all the same
			next = r.now.Add(finestStep)
			if next.After(to) {
				break
			}
		}
		r.now = next
		r.engine.Tick(r.now)
		if r.router != nil {
			r.move(r.router.Tick(r.now))
		}
	}
	r.now = later(r.now, to)
}

func (r *replayer) routerTick() time.Time {
	if r.router == nil {
		return time.Time{}
	}
	return r.router.NextTick()
}

// taken returns the events since the last call.
func (r *replayer) taken() []Event {
	events := r.events
	r.events = nil
	return events
}

// earliest returns the earlier of two times, of which the zero time is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
