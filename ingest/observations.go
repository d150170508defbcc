package ingest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
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

// Run stores observations until ctx ends. End it after the last request has been answered; what
// comes later is refused.
func (d *Observations) Run(ctx context.Context) error {
	defer close(d.stopped)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var batch []*observed
		select {
		case <-ctx.Done():
			return nil
		case first := <-d.queue:
			batch = append(batch, first)
		}
		// The timer runs since the last flush; a request that comes alone finds it over.
		for waiting := true; waiting; {
			select {
			case <-timer.C:
				waiting = false
			case next := <-d.queue:
				batch = append(batch, next)
			}
		}
		batch = d.drain(batch)
		d.store(batch)
		timer.Reset(rowSpacing)
	}
}

// drain takes what else is queued already.
func (d *Observations) drain(batch []*observed) []*observed {
	for {
		select {
		case next := <-d.queue:
			batch = append(batch, next)
		default:
			return batch
		}
	}
}

// store counts the observations of a batch of requests and stores their rows in one append.
func (d *Observations) store(batch []*observed) {
	appender := d.db.Appender(batch[0].arrived)
	refused := &account{}
	emit := func(c *Column, timeMS int64, v float64) {
		if c.Series == 0 {
			id, err := appender.Series(c.Labels)
			if err != nil {
				if !refused.refuseSeries(err, 1) {
					refused.refuse(tsdb.Invalid, 1, err)
				}
				return
			}
			c.Series = id
		}
		appender.Sample(c.Series, timeMS, v)
	}
	outcomes := make([]outcome, len(batch))
	for i, request := range batch {
		nowMS := request.arrived.UnixMilli()
		for j, o := range request.lines {
			if err := d.count(o, nowMS, emit); err != nil {
				outcomes[i].mistakes = append(outcomes[i].mistakes, lineError{request.numbers[j], err.Error()})
			}
		}
	}
	d.tally.Flush(emit)
	result, err := appender.Commit()
	if err != nil {
		d.tally.Rollback()
	} else {
		d.tally.Commit()
		refused.stored = result
	}
	for i, request := range batch {
		outcomes[i].err = err
		outcomes[i].refused = refused.all()
		request.stored <- outcomes[i]
	}
}

// count counts one observation, unless its clock is far off.
func (d *Observations) count(o Observation, nowMS int64, emit Emit) error {
	if o.TimeMS != nil && (*o.TimeMS <= 0 || *o.TimeMS > nowMS+aheadMS) {
		return fmt.Errorf("ts_ms %d is not a time, or more than %d minutes ahead of the server's clock", *o.TimeMS, aheadMS/60_000)
	}
	return d.tally.Add(o, nowMS, emit)
}

// resume reads the newest samples of one model's series. It looks back a little first, which is
// enough after a restart and cheap; a model that was silent for longer takes a second look.
func (d *Observations) resume(key TallyKey) []Resumed {
	now := d.options.Now()
	for _, back := range []time.Duration{time.Hour, 30 * 24 * time.Hour} {
		newest, err := d.newest(key, now.Add(-back).UnixMilli(), now.UnixMilli()+aheadMS)
		if err != nil {
			d.options.Logger.Error("totals of a model begin at zero: the store was not readable", "model", key.Model, "err", err)
			return nil
		}
		if len(newest) > 0 {
			return newest
		}
	}
	return nil
}

// newest reads the newest sample of each series of a model between two times.
func (d *Observations) newest(key TallyKey, minMS, maxMS int64) ([]Resumed, error) {
	querier, err := d.db.Querier(minMS, maxMS)
	if err != nil {
		return nil, err
	}
	defer querier.Close()
	series := querier.Select(context.Background(), false, nil,
		labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, "heddle_.+"),
		labels.MustNewMatcher(labels.MatchEqual, "model", key.Model),
		labels.MustNewMatcher(labels.MatchEqual, "version", key.Version),
		labels.MustNewMatcher(labels.MatchEqual, "region", key.Region))
	var newest []Resumed
	var samples chunkenc.Iterator
	for series.Next() {
		at := series.At()
		samples = at.Iterator(samples)
		r := Resumed{Labels: at.Labels()}
		for samples.Next() == chunkenc.ValFloat {
			if timeMS, v := samples.At(); !value.IsStaleNaN(v) {
				r.TimeMS, r.Value = timeMS, v
			}
		}
		if err := samples.Err(); err != nil {
			return nil, err
		}
		if r.TimeMS != 0 {
			newest = append(newest, r)
		}
	}
	return newest, series.Err()
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
