package tsdb

import "fmt"

// Reason names why the store refused something.
type Reason string

const (
	// TooOld: further behind the newest sample of its series than the out-of-order window, or older
	// than the retention.
	TooOld Reason = "too_old"
	// TooFarAhead: more than ten minutes beyond the store's clock.
	TooFarAhead Reason = "too_far_ahead"
	// Conflict: the series has another value at that time; the first one stays.
	Conflict Reason = "conflict"
	// Limit: the series is new and a series limit is reached.
	Limit Reason = "limit"
	// Invalid: a label set, histogram or exemplar that breaks the data model.
	Invalid Reason = "invalid"
)

// Refusal counts what one append had refused for one reason.
type Refusal struct {
	Reason  Reason
	Count   int
	Example string // one of them, with its series, for the answer to the sender
}

// Result is what became of one append. It is the whole account: every sample that was given is
// appended, a duplicate, or refused.
type Result struct {
	Appended   int // samples
	Duplicates int // samples that were there before, with the same value
	Exemplars  int // exemplars appended
	Refused    []Refusal
}

// RefusedCount is the number of refused samples and exemplars.
func (r *Result) RefusedCount() int {
	n := 0
	for _, refusal := range r.Refused {
		n += refusal.Count
	}
	return n
}

// refuse counts one refusal; the example is made only for the first of its reason.
func (r *Result) refuse(reason Reason, n int, example func() string) {
	for i := range r.Refused {
		if r.Refused[i].Reason == reason {
			r.Refused[i].Count += n
			return
		}
	}
	r.Refused = append(r.Refused, Refusal{Reason: reason, Count: n, Example: example()})
}

func (r Refusal) String() string {
	return fmt.Sprintf("%s: %d, for example %s", r.Reason, r.Count, r.Example)
}
