// Package ingest has the doors by which samples come in, one per protocol. A door checks what comes
// from outside against its limits, translates it and hands it to the store; it knows nothing of
// rules. Whatever a door refuses is counted, and the sender is told why.
package ingest

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/neuroweaver/heddle/tsdb"
)

// Options are what all doors share.
type Options struct {
	Limits Limits
	// Metrics count what comes in; nil counts for nobody.
	Metrics *Metrics
	// Logger receives failures of the server's own making; nil discards them.
	Logger *slog.Logger
	// Now is the server's clock; nil is time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	o.Limits = o.Limits.withDefaults()
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

var errTooManySamples = errors.New("too many samples in one request: send them in several")

const (
	// retryDiskFullSeconds is when a sender should try again after a full disk: space comes from
	// retention or an operator, neither of which is quick.
	retryDiskFullSeconds = 30
	// retrySoonSeconds is for what passes by itself: a restart, memory held by other requests.
	retrySoonSeconds = 1
)

// failureStatus gives the HTTP status for an error that refused a whole request, and in how many
// seconds to try again (0: the answer does not say).
func failureStatus(err error) (status, retrySeconds int) {
	whole := new(httpError)
	switch {
	case errors.As(err, &whole):
		if whole.status == http.StatusServiceUnavailable {
			retrySeconds = retrySoonSeconds
		}
		return whole.status, retrySeconds
	case errors.Is(err, errWire), errors.Is(err, errSymbols):
		return http.StatusBadRequest, 0
	case errors.Is(err, errTooManySamples):
		return http.StatusRequestEntityTooLarge, 0
	case errors.Is(err, tsdb.ErrDiskFull):
		return http.StatusServiceUnavailable, retryDiskFullSeconds
	case errors.Is(err, tsdb.ErrClosed):
		return http.StatusServiceUnavailable, retrySoonSeconds
	}
	return http.StatusInternalServerError, 0
}

// setRetryAfter tells a sender when to try again.
func setRetryAfter(w http.ResponseWriter, seconds int) {
	if seconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
}
