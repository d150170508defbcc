package journal

import "time"

// Filter selects events. Its zero value selects all, oldest first.
type Filter struct {
	// Kinds, if any, are the kinds wanted.
	Kinds []string
	// Route, Rule and Model, where not empty, must equal the payload's field of that name.
	Route, Rule, Model, Alert string
	// After is the sequence number after which to begin (before which, where Newest).
	After uint64
	// From and To bound the time, both inclusive; zero: no bound.
	From, To time.Time
	// Limit is how many events at most; 0: DefaultLimit; over MaxLimit: MaxLimit. Export has no limit.
	Limit int
	// Newest gives the newest events, newest first.
	Newest bool
}

// DefaultLimit and MaxLimit bound one answer: at about 1 KiB an event, 100 KiB and 10 MiB.
const (
	DefaultLimit = 100
	MaxLimit     = 10_000
)

// Report is the outcome of checking the chain.
type Report struct {
	// Events is how many links were checked, and Head the hash of the last good one. A reader who
	// notes both elsewhere can later prove that nothing before was rewritten.
	Events uint64 `json:"events"`
	Head   string `json:"head"`
	// Broken names the first broken link; nil: the journal is whole.
	Broken *Broken `json:"broken,omitempty"`
}

// Broken is the first thing that is wrong with a journal.
type Broken struct {
	// Seq is the event at which the chain breaks.
	Seq uint64 `json:"seq"`
	// Problem says what is wrong there.
	Problem string `json:"problem"`
}
