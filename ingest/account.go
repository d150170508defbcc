package ingest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/neuroweaver/heddle/tsdb"
)

// account says what became of the parts of one request: what was stored, and what was refused for
// which reason.
type account struct {
	// floats, histograms and exemplars that were handed to the store.
	floats, histograms, exemplars int
	// refused never reached the store: their series could not be resolved.
	refused []tsdb.Refusal
	// stored is the store's own account of what it was handed.
	stored tsdb.Result
}

// reasonLabels is a refusal for a label set that can not be one.
const reasonLabels tsdb.Reason = "labels"

// refuse counts n parts refused for one reason; n may be 0, for a series without samples.
func (a *account) refuse(reason tsdb.Reason, n int, err error) {
	for i := range a.refused {
		if a.refused[i].Reason == reason {
			a.refused[i].Count += n
			return
		}
	}
	a.refused = append(a.refused, tsdb.Refusal{Reason: reason, Count: n, Example: err.Error()})
}

// refuseSeries counts the n samples of a series that could not be resolved. It reports whether err
// is of that kind; other errors concern the whole request.
func (a *account) refuseSeries(err error, n int) bool {
	limit := new(tsdb.LimitError)
	switch {
	case isLabelError(err), errors.Is(err, tsdb.ErrInvalidLabels):
		a.refuse(reasonLabels, n, err)
	case errors.As(err, &limit):
		a.refuse(tsdb.Limit, n, err)
	default:
		return false
	}
	return true
}

// all returns the refusals of both sides.
func (a *account) all() []tsdb.Refusal {
	return append(a.refused[:len(a.refused):len(a.refused)], a.stored.Refused...)
}

// written splits what is in the store now into floats and histograms. What was there before counts:
// the sender's data is stored.
func (a *account) written() (floats, histograms int) {
	samples := a.stored.Appended + a.stored.Duplicates
	if a.histograms == 0 {
		return samples, 0
	}
	floats = min(a.floats, samples)
	return floats, samples - floats
}

// status is the HTTP status for the request: 429 where a limit refused new series, 400 for what the
// sender must not send again, else success.
func (a *account) status() int {
	status := http.StatusNoContent
	for _, refusal := range a.all() {
		if refusal.Reason == tsdb.Limit {
			return http.StatusTooManyRequests
		}
		status = http.StatusBadRequest
	}
	return status
}

// String tells a sender what was refused and why.
func (a *account) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "stored %d samples; refused", a.stored.Appended+a.stored.Duplicates)
	for i, refusal := range a.all() {
		if i > 0 {
			text.WriteByte(';')
		}
		fmt.Fprintf(&text, " %s", refusal)
	}
	return text.String()
}
