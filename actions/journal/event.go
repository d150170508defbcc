// Package journal is the ground state of the action layer: an append-only chain of events, and the
// rows of derived state that change with them, in one SQLite file. It knows nothing of alerts or
// routes; docs/format/journal.md draws what it writes.
package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Hash is the SHA-256 of an event and of all before it.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Event is one link of the chain.
type Event struct {
	// Seq counts from 1 without gaps.
	Seq uint64
	// Time is the server's clock, in UTC, to the nanosecond.
	Time time.Time
	// Kind says what Payload holds.
	Kind string
	// Payload is a JSON object, kept byte for byte.
	Payload json.RawMessage
	// Hash covers the previous event's hash and everything above.
	Hash Hash
}

// chain is the hash of an event that follows one with the hash previous: SHA-256 over the previous
// hash, then sequence number and Unix time in nanoseconds as 8 bytes each, then kind and payload,
// each after its length in 4 bytes. Numbers are big-endian. Lengths keep the fields apart, so that
// no two events have the same bytes.
func chain(previous Hash, seq uint64, timeNS int64, kind string, payload []byte) Hash {
	h := sha256.New()
	var fixed [16]byte
	h.Write(previous[:])
	binary.BigEndian.PutUint64(fixed[:8], seq)
	binary.BigEndian.PutUint64(fixed[8:], uint64(timeNS))
	h.Write(fixed[:])
	binary.BigEndian.PutUint32(fixed[:4], uint32(len(kind)))
	h.Write(fixed[:4])
	h.Write([]byte(kind))
	binary.BigEndian.PutUint32(fixed[:4], uint32(len(payload)))
	h.Write(fixed[:4])
	h.Write(payload)
	return Hash(h.Sum(nil))
}

// MarshalJSON gives the event as one flat object: seq, time and kind, then the payload's own fields,
// then the hash.
func (e Event) MarshalJSON() ([]byte, error) {
	if len(e.Payload) < 2 || e.Payload[0] != '{' {
		return nil, fmt.Errorf("the payload of event %d is not a JSON object", e.Seq)
	}
	head, err := json.Marshal(struct {
		Seq  uint64    `json:"seq"`
		Time time.Time `json:"time"`
		Kind string    `json:"kind"`
	}{e.Seq, e.Time, e.Kind})
	if err != nil {
		return nil, err
	}
	out := append(head[:len(head)-1], ',')
	if inner := e.Payload[1 : len(e.Payload)-1]; len(inner) > 0 {
		out = append(append(out, inner...), ',')
	}
	return append(out, fmt.Sprintf(`"hash":"%s"}`, e.Hash)...), nil
}

// Text returns the payload's string field of this name, or "".
func (e Event) Text(field string) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(e.Payload, &fields) != nil {
		return ""
	}
	var text string
	if json.Unmarshal(fields[field], &text) != nil {
		return ""
	}
	return text
}

// String is the event as JSON.
func (e Event) String() string {
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Sprintf("event %d: %v", e.Seq, err)
	}
	return string(text)
}
