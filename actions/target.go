package actions

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
)

// target brings one connector of one route to the newest durable assignment. Assignments in between
// may be passed over: what counts is the level.
type target struct {
	m         *Manager
	route     string
	name      string
	connector connector.Connector
	wake      chan struct{} // buffered by one: wanted, disabled or acknowledged may have changed
	trouble   trouble

	mu     sync.Mutex // guards wanted and asked
	wanted *connector.Assignment
	asked  bool // somebody acknowledged: look again at a pending epoch
}

func newTarget(m *Manager, route, name string, c connector.Connector) *target {
	return &target{m: m, route: route, name: name, connector: c, wake: make(chan struct{}, 1)}
}

func (t *target) key() string { return "target\x00" + t.route + "\x00" + t.name }

// offer sets what the target is to hold.
func (t *target) offer(a connector.Assignment) {
	t.mu.Lock()
	if t.wanted == nil || a.Epoch > t.wanted.Epoch {
		t.wanted = &a
	}
	t.mu.Unlock()
	t.poke()
}

// ask has the target look again at an epoch that was pending.
func (t *target) ask() {
	t.mu.Lock()
	t.asked = true
	t.mu.Unlock()
	t.poke()
}

func (t *target) poke() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// next is the assignment to work on, if there is news.
func (t *target) next(settled uint64) (a connector.Assignment, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	asked := t.asked
	t.asked = false
	if t.wanted == nil || t.wanted.Epoch <= settled && !asked {
		return connector.Assignment{}, false
	}
	return *t.wanted, true
}

// The pauses between attempts on a target: the first is short, because a gateway that restarts is back
// at once, the longest bounds how long after its recovery a gateway serves the wrong model.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 10 * time.Second
)

// run works until ctx ends. It begins by reading the target: what an attempt before a crash left
// there is not known, and nothing is repeated blindly.
func (t *target) run(ctx context.Context) {
	jitter := rand.New(rand.NewPCG(t.m.o.Seed, hash(t.key())))
	var settled uint64 // the newest epoch that needs no more work
	failures := 0
	uncertain := true
	for {
		a, ok := t.next(settled)
		if !ok {
			select {
			case <-ctx.Done():
				return
			case <-t.wake:
			}
			continue
		}
		began := time.Now()
		receipt, err := t.attempt(ctx, a, uncertain)
		if err != nil && ctx.Err() != nil {
			return // what the attempt left there is read at the next start
		}
		took := time.Since(began)
		verdict := t.m.report(t, a, receipt, err, took, failures+1)
		var refused *connector.RefusedError
		if errors.As(err, &refused) && refused.Gone {
			<-ctx.Done() // it asked never to be called again, and this process keeps to that
			return
		}
		if verdict == settledNow {
			settled, failures, uncertain = a.Epoch, 0, false
			continue
		}
		failures++
		uncertain = true
		if !t.rest(ctx, pause(failures, firstPause, maxPause, err, jitter), a.Epoch) {
			failures = 0 // another epoch is wanted
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// attempt applies a, after a look at the target where an earlier attempt may have reached it.
func (t *target) attempt(ctx context.Context, a connector.Assignment, uncertain bool) (connector.Receipt, error) {
	if uncertain {
		reading, err := t.connector.Read(ctx, t.route)
		switch {
		case errors.Is(err, connector.ErrCannotRead):
			if t.m.holds(t.route, t.name, a.Epoch) {
				return connector.Receipt{}, errHeld
			}
		case err != nil:
			return connector.Receipt{}, err
		case reading.Epoch == a.Epoch && reading.Model == a.Serving() && !t.connector.Capabilities().Acknowledges:
			return connector.Receipt{Confirmed: true}, nil
		case reading.Epoch < a.Epoch && !t.connector.Capabilities().Acknowledges && t.m.holds(t.route, t.name, a.Epoch):
			t.m.drifted(t, a, reading)
		}
	}
	return t.connector.Apply(ctx, a)
}

// errHeld reports that the journal knows that the target took the epoch.
var errHeld = errors.New("the target took this epoch before")

// rest waits for d. It ends early, and returns false, when a newer epoch than this one is wanted.
func (t *target) rest(ctx context.Context, d time.Duration, epoch uint64) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return true
		case <-timer.C:
			return true
		case <-t.wake:
			t.mu.Lock()
			newer := t.wanted.Epoch > epoch
			t.mu.Unlock()
			if newer {
				return false
			}
		}
	}
}

// pause is the time before the next attempt after so many failures: doubled each time, with a jitter
// of a quarter, and no shorter than the peer asked for.
func pause(failures int, first, longest time.Duration, err error, jitter *rand.Rand) time.Duration {
	d := min(first<<min(failures-1, 20), longest)
	d += time.Duration((jitter.Float64() - 0.5) / 2 * float64(d))
	var asked *connector.RetryError
	if errors.As(err, &asked) {
		d = max(d, asked.After)
	}
	return d
}
