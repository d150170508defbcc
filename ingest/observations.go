package ingest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/neuroweaver/heddle/tsdb"
)

// Observations is the door for gateways that have no metrics library: one JSON object a line, one or
// several for each request of a model. They become counters, histograms and scores of the model.
//
// An answer of success means stored. A request that comes alone is stored at once; under load the
// requests of rowSpacing share their rows.
type Observations struct {
	db      *tsdb.DB
	options Options
	memory  *semaphore.Weighted // of the requests at hand
	tally   *Tally              // of the goroutine in Run
	queue   chan *observed      // to the goroutine in Run
	stopped chan struct{}       // closed when Run has returned
}

// observed is the observations of one request on their way to the store.
type observed struct {
	arrived time.Time
	lines   []Observation
	numbers []int // the line number of each, from 1
	stored  chan outcome
}

// outcome is what became of them.
type outcome struct {
	err      error       // nothing was stored
	mistakes []lineError // these lines were not counted
	refused  []tsdb.Refusal
}

// lineError is a line that was refused.
type lineError struct {
	Line  int    `json:"line"`
	Error string `json:"error"`
}

const (
	// rowSpacing is the least time between two rows. It bounds what a busy model costs (50 rows a
	// second) and stays below the 50 ms in which a breach shall reach a gateway.
	rowSpacing = 20 * time.Millisecond
	// queuedRequests is how many requests may wait for the next row before more wait to be queued.
	queuedRequests = 1024
	// shownMistakes is how many bad lines an answer names.
	shownMistakes = 10
	// aheadMS is how far beyond the server's clock an observation may be: the store's own bound.
	aheadMS = 10 * 60 * 1000
)

// NewObservations makes the door to db. It stores nothing until Run runs.
func NewObservations(db *tsdb.DB, o Options) *Observations {
	door := &Observations{
		db: db, options: o.withDefaults(),
		queue: make(chan *observed, queuedRequests), stopped: make(chan struct{}),
	}
	door.memory = semaphore.NewWeighted(door.options.Limits.InFlightBytes)
	door.tally = NewTally(door.options.Limits.ObservedModels, door.resume)
	return door
}

func (d *Observations) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := d.options.Now()
	answer := observationsAnswer{Status: "success"}
	request, done, err := d.take(r, arrived, &answer)
	status := answer.finish(len(request.lines)-len(done.mistakes), done.refused, err)
	if err != nil {
		_, retrySeconds := failureStatus(err)
		setRetryAfter(w, retrySeconds)
		if status == http.StatusInternalServerError {
			d.options.Logger.Error("observations were not stored", "err", err)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the sender may be gone
	d.options.Metrics.observe("observations", status, d.options.Now().Sub(arrived), answer.account())
}

// parsedFactor is how much larger observations are in memory than as text, at most: the shortest
// line, {"model":"a"}, has 14 bytes, and what it is parsed into some 190.
const parsedFactor = 14

// take reads a request and has it stored, within the memory that all requests share.
func (d *Observations) take(r *http.Request, arrived time.Time, answer *observationsAnswer) (*observed, outcome, error) {
	bytes := d.options.Limits.InFlightBytes
	if r.ContentLength >= 0 && r.Header.Get("Content-Encoding") == "" {
		bytes = min(bytes, parsedFactor*r.ContentLength)
	}
	if err := d.memory.Acquire(r.Context(), bytes); err != nil {
		return new(observed), outcome{}, refuse(http.StatusServiceUnavailable, "the request ended while it waited for memory: %v", err)
	}
	defer d.memory.Release(bytes)
	request, err := d.read(r, arrived, answer)
	if err != nil || len(request.lines) == 0 {
		return request, outcome{}, err
	}
	done, err := d.wait(r.Context(), request)
	answer.addMistakes(done.mistakes)
	return request, done, err
}

// read parses a request's lines.
func (d *Observations) read(r *http.Request, arrived time.Time, answer *observationsAnswer) (*observed, error) {
	request := &observed{arrived: arrived, stored: make(chan outcome, 1)}
	body, err := plainBody(r, d.options.Limits)
	if err != nil {
		return request, err
	}
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, d.options.Limits.LineBytes)
	number := 0
	for lines.Scan() {
		number++
		if len(lines.Bytes()) == 0 {
			continue
		}
		if len(request.lines) >= d.options.Limits.SamplesPerRequest {
			return request, errTooManySamples
		}
		o, unknownField, err := ParseObservation(lines.Bytes())
		answer.addIgnored(unknownField)
		if err != nil {
			answer.addMistakes([]lineError{{number, err.Error()}})
			continue
		}
		request.lines = append(request.lines, o)
		request.numbers = append(request.numbers, number)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return request, refuse(http.StatusRequestEntityTooLarge, "line %d is longer than %d bytes; nothing was stored", number+1, d.options.Limits.LineBytes)
	} else if err != nil {
		return request, bodyError(err)
	}
	return request, nil
}

// wait hands a request to the goroutine in Run and waits for its outcome.
func (d *Observations) wait(ctx context.Context, request *observed) (outcome, error) {
	select {
	case d.queue <- request:
	case <-d.stopped:
		return outcome{}, tsdb.ErrClosed
	case <-ctx.Done():
		return outcome{}, refuse(http.StatusServiceUnavailable, "the request ended before it was stored: %v", ctx.Err())
	}
	select {
	case done := <-request.stored:
		return done, done.err
	case <-d.stopped:
		return outcome{}, tsdb.ErrClosed
	}
}
