package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// Observation is one thing that a gateway saw of one request of a model. All fields but Model are
// optional; a nil number was not given.
type Observation struct {
	// TimeMS is when it happened, by the gateway's clock, in ms since the Unix epoch.
	TimeMS *int64 `json:"ts_ms"`
	// Kind is start, done (the default), judge or thumb.
	Kind string `json:"kind"`
	// ID names the request. It is not kept.
	ID      json.RawMessage `json:"id"`
	Model   string          `json:"model"`
	Version string          `json:"version"`
	Region  string          `json:"region"`
	// Status is the HTTP status; 0 says that no answer came. Without it a request counts as 200.
	Status    *int     `json:"status"`
	LatencyMS *float64 `json:"latency_ms"`
	TTFTMS    *float64 `json:"ttft_ms"` // time to the first token
	TokensIn  *float64 `json:"tokens_in"`
	TokensOut *float64 `json:"tokens_out"`
	CostUSD   *float64 `json:"cost_usd"`
	// Score is a quality in [0, 1]; of a thumb it is 0 or 1.
	Score *float64 `json:"score"`
	// DeliverMS is the clock of a replay; a server has its own.
	DeliverMS *int64 `json:"deliver_ms"`
}

// The kinds of observation.
const (
	KindStart = "start" // a request begins
	KindDone  = "done"  // a request ended
	KindJudge = "judge" // an automatic score
	KindThumb = "thumb" // a person's score
)

// Bounds of what can be true of one request. They keep one absurd value from drowning a sum.
const (
	maxObservedMS     = 7 * 24 * 3600 * 1000
	maxObservedTokens = 1e9
	maxObservedUSD    = 1e6
	maxNameBytes      = 256
)

// ParseObservation reads one line. Fields it does not know are returned by name: a gateway may send
// what it likes, and shall learn of a misspelt name.
func ParseObservation(line []byte) (o Observation, unknownField string, err error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&o)
	if err != nil {
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			unknownField = strings.Trim(name, `"`)
			o = Observation{}
			decoder = json.NewDecoder(bytes.NewReader(line))
			err = decoder.Decode(&o)
		}
	}
	if err != nil {
		return o, unknownField, jsonMistake(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return o, unknownField, errors.New("more than one JSON object in the line")
	}
	return o, unknownField, o.check()
}

// jsonMistake says what is wrong with a line in terms of its fields.
func jsonMistake(err error) error {
	mistyped := new(json.UnmarshalTypeError)
	if errors.As(err, &mistyped) && mistyped.Field != "" {
		return fmt.Errorf("%s can not be a %s", mistyped.Field, mistyped.Value)
	}
	return fmt.Errorf("not a JSON object: %w", err)
}

// check validates what was read and fills in the kind.
func (o *Observation) check() error {
	if o.Model == "" {
		return errors.New("model is missing")
	}
	for _, name := range [...]string{o.Model, o.Version, o.Region} {
		if len(name) > maxNameBytes || !utf8.ValidString(name) {
			return fmt.Errorf("model, version and region are UTF-8 of at most %d bytes, not %.60q", maxNameBytes, name)
		}
	}
	switch o.Kind {
	case "":
		o.Kind = KindDone
	case KindStart, KindDone:
	case KindJudge, KindThumb:
		if o.Score == nil {
			return fmt.Errorf("a %s needs a score", o.Kind)
		}
	default:
		return fmt.Errorf("kind %.60q is not one of start, done, judge, thumb", o.Kind)
	}
	if o.Status != nil && *o.Status != 0 && (*o.Status < 100 || *o.Status > 599) {
		return fmt.Errorf("status %d is not an HTTP status (100 to 599, or 0 where no answer came)", *o.Status)
	}
	for _, number := range [...]struct {
		name  string
		value *float64
		most  float64
	}{
		{"latency_ms", o.LatencyMS, maxObservedMS},
		{"ttft_ms", o.TTFTMS, maxObservedMS},
		{"tokens_in", o.TokensIn, maxObservedTokens},
		{"tokens_out", o.TokensOut, maxObservedTokens},
		{"cost_usd", o.CostUSD, maxObservedUSD},
		{"score", o.Score, 1},
	} {
		if number.value != nil && !(*number.value >= 0 && *number.value <= number.most) {
			return fmt.Errorf("%s is %v, not within 0 and %v", number.name, *number.value, number.most)
		}
	}
	if o.Kind == KindThumb && *o.Score != math.Trunc(*o.Score) {
		return fmt.Errorf("a thumb's score is 0 or 1, not %v", *o.Score)
	}
	return nil
}

// failed reports whether the model is to blame for a request's end: a status of the 500s, or a
// timeout (408, or no answer at all). Other statuses of the 400s are the caller's fault.
func failed(status int) bool {
	return status >= 500 || status == 408 || status == 0
}
