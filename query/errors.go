package query

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/util/annotations"
)

// badData is a mistake in a request: its expression or a parameter.
type badData struct{ err error }

func (e badData) Error() string { return e.err.Error() }
func (e badData) Unwrap() error { return e.err }

func asBadData(err error) error {
	if err == nil {
		return nil
	}
	return badData{err}
}

// badParameter words a mistake in one parameter as Prometheus does.
func badParameter(name string, err error) error {
	return badData{fmt.Errorf("invalid parameter %q: %w", name, err)}
}

// statusCanceled is what a client that has gone would have been told, if it still listened.
const statusCanceled = 499

// Classify gives the HTTP status and the API's errorType for an error of this package, as
// Prometheus does.
func Classify(err error) (status int, errorType string) {
	var (
		mistake  badData
		canceled promql.ErrQueryCanceled
		timeout  promql.ErrQueryTimeout
		store    promql.ErrStorage
	)
	switch {
	case errors.As(err, &mistake):
		return http.StatusBadRequest, "bad_data"
	case errors.As(err, &canceled), errors.Is(err, context.Canceled):
		return statusCanceled, "canceled"
	case errors.As(err, &timeout):
		return http.StatusServiceUnavailable, "timeout"
	case errors.As(err, &store):
		return http.StatusInternalServerError, "internal"
	}
	return http.StatusUnprocessableEntity, "execution"
}

var errTruncated = errors.New("results truncated due to limit")

func withTruncation(warnings annotations.Annotations) annotations.Annotations {
	return warnings.Add(errTruncated)
}
