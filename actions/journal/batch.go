package journal

import (
	"encoding/json"
	"fmt"
	"time"
)

// Batch is what belongs together: events, and the rows of derived state that follow from them. It
// becomes durable as a whole or not at all.
type Batch struct {
	events []Event
	rows   []change
	after  []func()
	err    error
}

// change puts a row, or deletes it where body is nil.
type change struct {
	bucket, key string
	body        []byte
}

// Bounds on one event. A payload is what a person reads about one decision: with 100 candidates and
// the terms of 100 rules it stays below 100 KiB.
const (
	maxKindBytes    = 64
	maxPayloadBytes = 1 << 20
)

// Event adds an event. The payload must marshal to a JSON object without the fields seq, time, kind
// and hash.
func (b *Batch) Event(at time.Time, kind string, payload any) {
	body, err := json.Marshal(payload)
	switch {
	case err != nil:
		b.fail(fmt.Errorf("payload of a %s event: %w", kind, err))
	case len(body) == 0 || body[0] != '{':
		b.fail(fmt.Errorf("the payload of a %s event is not a JSON object", kind))
	case len(body) > maxPayloadBytes || kind == "" || len(kind) > maxKindBytes:
		b.fail(fmt.Errorf("a %q event of %d bytes is over its bound of %d", kind, len(body), maxPayloadBytes))
	default:
		b.events = append(b.events, Event{Time: at.UTC(), Kind: kind, Payload: body})
	}
}

// Put sets the row of this key.
func (b *Batch) Put(bucket, key string, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		b.fail(fmt.Errorf("row %s/%s: %w", bucket, key, err))
		return
	}
	b.rows = append(b.rows, change{bucket, key, encoded})
}

// Delete removes the row of this key, if there is one.
func (b *Batch) Delete(bucket, key string) {
	b.rows = append(b.rows, change{bucket, key, nil})
}

// After has f called once the batch is durable, in the order of batches, on the journal's own
// goroutine: f must not block, nor wait for the journal.
func (b *Batch) After(f func()) { b.after = append(b.after, f) }

// Empty reports that there is nothing in it.
func (b *Batch) Empty() bool {
	return len(b.events) == 0 && len(b.rows) == 0 && len(b.after) == 0 && b.err == nil
}

// Err is why the journal will refuse it, if it will: an event that is none, or over its bound.
func (b *Batch) Err() error { return b.err }

func (b *Batch) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}
