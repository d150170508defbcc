package tsdb

import "sync"

// commitQueue lets concurrent appends share one write to the log. Whoever comes first leads: it
// commits all that wait, itself included, and hands the lead to one of those that came meanwhile.
type commitQueue struct {
	commitAll func([]*Appender) // one call at a time

	mu      sync.Mutex // guards the fields below; a leaf
	waiting []*Appender
	led     bool
}

// commit returns when a is committed or has failed.
func (q *commitQueue) commit(a *Appender) {
	q.mu.Lock()
	q.waiting = append(q.waiting, a)
	if q.led {
		a.turn = make(chan bool, 1)
		q.mu.Unlock()
		if lead := <-a.turn; !lead {
			return
		}
		q.mu.Lock()
	}
	q.led = true
	batch := q.waiting
	q.waiting = nil
	q.mu.Unlock()

	q.commitAll(batch)

	q.mu.Lock()
	if len(q.waiting) > 0 {
		q.waiting[0].turn <- true
	} else {
		q.led = false
	}
	q.mu.Unlock()
	for _, done := range batch {
		if done != a {
			done.turn <- false
		}
	}
}
