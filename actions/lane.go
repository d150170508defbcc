package actions

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/receiver"
)

// lane delivers to one receiver. Messages of one alert go out in their order, one after the other;
// different alerts do not wait for each other.
type lane struct {
	m        *Manager
	name     string
	receiver receiver.Receiver
	slots    chan struct{}
	wake     chan struct{} // buffered by one: ready has grown

	mu     sync.Mutex            // guards what follows
	queues map[string][]*message // by alert, while it has messages; the first is under way, or is next
	ready  []string              // alerts in queues that nobody delivers yet
	jitter *rand.Rand
	gone   bool // the receiver asked never to be called again
}

// Pauses between attempts to deliver: a tool that was restarted is back in a second; one that is down
// for hours is asked every five minutes.
const (
	firstDeliveryPause = 500 * time.Millisecond
	maxDeliveryPause   = 5 * time.Minute
	// slotsPerReceiver bounds the requests under way to one receiver.
	slotsPerReceiver = 8
)

func newLane(m *Manager, name string, r receiver.Receiver) *lane {
	return &lane{
		m: m, name: name, receiver: r, slots: make(chan struct{}, slotsPerReceiver), wake: make(chan struct{}, 1),
		queues: map[string][]*message{}, jitter: rand.New(rand.NewPCG(m.o.Seed, hash(name))),
	}
}

// add queues a durable message.
func (l *lane) add(q *message) {
	l.mu.Lock()
	if l.queues[q.Alert] == nil {
		l.ready = append(l.ready, q.Alert)
	}
	l.queues[q.Alert] = append(l.queues[q.Alert], q)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run delivers until ctx ends.
func (l *lane) run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	for {
		for _, alert := range l.begin() {
			group.Go(func() { l.drain(ctx, alert) })
		}
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		}
	}
}

// begin are the alerts that nobody delivers yet: the caller does from now on.
func (l *lane) begin() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	alerts := l.ready
	l.ready = nil
	return alerts
}

// drain delivers the messages of one alert.
func (l *lane) drain(ctx context.Context, alert string) {
	for {
		l.mu.Lock()
		queue := l.queues[alert]
		if len(queue) == 0 || ctx.Err() != nil {
			if len(queue) == 0 {
				delete(l.queues, alert)
			} else {
				l.ready = append(l.ready, alert) // for the next run
			}
			l.mu.Unlock()
			return
		}
		q := queue[0]
		l.mu.Unlock()
		if !l.deliver(ctx, q) {
			continue // ctx has ended
		}
		l.mu.Lock()
		l.queues[alert] = l.queues[alert][1:]
		l.mu.Unlock()
	}
}

// deliver tries until the message is delivered, or dead; false where ctx ended before.
func (l *lane) deliver(ctx context.Context, q *message) bool {
	for {
		select {
		case l.slots <- struct{}{}:
		case <-ctx.Done():
			return false
		}
		began := time.Now()
		err := errGone
		if !l.disabled() {
			err = l.receiver.Deliver(ctx, q.outgoing())
		}
		<-l.slots
		if err != nil && ctx.Err() != nil {
			return false
		}
		if l.m.delivered(l, q, err, time.Since(began)) {
			return true
		}
		l.mu.Lock()
		wait := pause(q.Attempts, firstDeliveryPause, maxDeliveryPause, err, l.jitter)
		l.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}

// errGone stands for the answer of a receiver that is not called any more.
var errGone = errors.New("the receiver asked never to be called again (410); restart to try it anew")

func (l *lane) disabled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone
}

func (l *lane) disable() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = true
}

// delivered takes the outcome of an attempt, and reports whether it was the last.
func (m *Manager) delivered(l *lane, q *message, err error, took time.Duration) (last bool) {
	now := m.o.Now()
	var refused *connector.RefusedError
	gone := errors.Is(err, errGone)
	if errors.As(err, &refused) && refused.Gone {
		gone = true
		l.disable()
	}
	m.note(now, func(t *turn) {
		q.Attempts++
		event := deliveryEvent{TookMS: milliseconds(took), Outcome: "delivered"}
		if err != nil {
			q.Error, event.Error, event.Outcome = err.Error(), err.Error(), "failed"
		}
		switch {
		case err == nil:
			last = true
			t.batch.Delete(bucketOutbox, q.key())
			m.outbox.journal(t, q, "delivery", event)
		case gone, now.Sub(q.Time) >= m.o.DeliveryAge:
			last = true
			m.outbox.bury(t, q, event)
		default:
			t.batch.Put(bucketOutbox, q.key(), q)
			if noteworthy(q.Attempts) {
				m.outbox.journal(t, q, "delivery", event)
			}
		}
		if last {
			m.outbox.waiting[l.name]--
		}
	})
	return last
}
