package query

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// The span of a request that names no start or end: whatever a store can hold.
const (
	minTimeMS = math.MinInt64 / 2
	maxTimeMS = math.MaxInt64 / 2
)

// ParseTime reads a time as the API takes it: seconds since the epoch with a fraction, or RFC 3339.
func ParseTime(text string) (time.Time, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		whole, fraction := math.Modf(seconds)
		if math.IsNaN(seconds) || math.Abs(whole) > maxTimeMS/1000 {
			return time.Time{}, fmt.Errorf("cannot parse %q to a valid timestamp", text)
		}
		// Times are milliseconds; a float64 of today's seconds is exact to less than that.
		return time.Unix(int64(whole), int64(math.Round(fraction*1000))*int64(time.Millisecond)).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("cannot parse %q to a valid timestamp", text)
	}
	return at, nil
}

// ParseDuration reads a duration as the API takes it: seconds with a fraction, or as in PromQL ("5m").
func ParseDuration(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		nanoseconds := seconds * float64(time.Second)
		if math.IsNaN(nanoseconds) || nanoseconds >= math.MaxInt64 || nanoseconds < math.MinInt64 {
			return 0, fmt.Errorf("cannot parse %q to a valid duration. It overflows int64", text)
		}
		return time.Duration(nanoseconds), nil
	}
	d, err := model.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("cannot parse %q to a valid duration", text)
	}
	return time.Duration(d), nil
}

// timeOr reads a time parameter; without it the time is otherwise.
func timeOr(r *http.Request, name string, otherwise time.Time) (time.Time, error) {
	text := r.FormValue(name)
	if text == "" {
		return otherwise, nil
	}
	at, err := ParseTime(text)
	if err != nil {
		return at, badParameter(name, fmt.Errorf("invalid time value for '%s': %w", name, err))
	}
	return at, nil
}

// span reads the parameters start and end; without them it is all time.
func span(r *http.Request) (Span, error) {
	all := Span{minTimeMS, maxTimeMS}
	for name, bound := range map[string]*int64{"start": &all.MinMS, "end": &all.MaxMS} {
		at, err := timeOr(r, name, time.UnixMilli(*bound))
		if err != nil {
			return all, err
		}
		*bound = at.UnixMilli()
	}
	return all, nil
}

// limit reads the parameter limit; 0 is none.
func limit(r *http.Request) (int, error) {
	text := r.FormValue("limit")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err == nil && n < 0 {
		err = errors.New("limit must be non-negative")
	}
	if err != nil {
		return 0, badParameter("limit", err)
	}
	return n, nil
}

// matchers reads the parameters match[].
func (e *Engine) matchers(r *http.Request) (Matchers, error) {
	sets, err := e.parser.ParseMetricSelectors(r.Form["match[]"])
	if err != nil {
		return nil, err
	}
	for _, set := range sets {
		if !selective(set) {
			return nil, errors.New("match[] must contain at least one non-empty matcher")
		}
	}
	return sets, nil
}

// Selection reads the series and the time that a request names with match[], start and end; at least
// one match[] must be there. It parses the request's form.
func (e *Engine) Selection(r *http.Request) (Matchers, Span, error) {
	if err := r.ParseForm(); err != nil {
		return nil, Span{}, badData{fmt.Errorf("error parsing form values: %w", err)}
	}
	if len(r.Form["match[]"]) == 0 {
		return nil, Span{}, badData{errors.New("no match[] parameter provided")}
	}
	sets, err := e.matchers(r)
	if err != nil {
		return nil, Span{}, badParameter("match[]", err)
	}
	times, err := span(r)
	return sets, times, err
}

// selective reports whether a set has a matcher that does not match everything.
func selective(set []*labels.Matcher) bool {
	for _, m := range set {
		if !m.Matches("") {
			return true
		}
	}
	return false
}

// queryOpts reads the parameters that change how one query is evaluated.
func queryOpts(r *http.Request) (promql.QueryOpts, error) {
	var lookback time.Duration
	if text := r.FormValue("lookback_delta"); text != "" {
		var err error
		if lookback, err = ParseDuration(text); err != nil {
			return nil, badData{fmt.Errorf("error parsing lookback delta duration: %w", err)}
		}
	}
	return promql.NewPrometheusQueryOpts(r.FormValue("stats") == "all", lookback, nil), nil
}
