package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/neuroweaver/heddle/tsdb"
)

// TextImport is the door for Prometheus's text exposition format, as a script or a push from a batch
// job writes it. Samples without a timestamp get the time of the request.
type TextImport struct {
	db      *tsdb.DB
	options Options
	bodies  *bodies
}

// NewTextImport makes the door to db.
func NewTextImport(db *tsdb.DB, o Options) *TextImport {
	o = o.withDefaults()
	return &TextImport{db: db, options: o, bodies: newBodies(o.Limits)}
}

func (t *TextImport) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := t.options.Now()
	a, err := t.store(r, arrived)
	status := a.status()
	problem := ""
	switch {
	case err != nil:
		var retrySeconds int
		status, retrySeconds = failureStatus(err)
		setRetryAfter(w, retrySeconds)
		problem = err.Error()
		if status == http.StatusInternalServerError {
			t.options.Logger.Error("an exposition was not stored", "err", err)
		}
	case status != http.StatusNoContent:
		problem = a.String()
	}
	if problem != "" {
		writeError(w, status, problem)
	} else {
		w.WriteHeader(status)
	}
	t.options.Metrics.observe("text", status, t.options.Now().Sub(arrived), a)
}

// store puts a request into the store. After an error nothing of it is there.
func (t *TextImport) store(r *http.Request, arrived time.Time) (*account, error) {
	body, err := t.bodies.take(r.Context(), t.options.Limits.DecodedBytes)
	if err != nil {
		return new(account), err
	}
	defer t.bodies.release(body)
	plain, err := plainBody(r, t.options.Limits)
	if err != nil {
		return new(account), err
	}
	if body.decoded, err = io.ReadAll(plain); err != nil {
		return new(account), bodyError(err)
	}
	sink := newAppending(t.db, arrived, t.options.Limits)
	if err := parseText(body.decoded, arrived.UnixMilli(), sink); err != nil {
		return new(account), err
	}
	if err := sink.commit(); err != nil {
		return new(account), err
	}
	return &sink.account, nil
}

// parseText calls sink for each sample of an exposition. A line that can not be read refuses all.
func parseText(text []byte, nowMS int64, sink sink) error {
	parser := textparse.NewPromParser(text, labels.NewSymbolTable(), false)
	var set labels.Labels
	var key []byte
	for entries := 0; ; entries++ {
		entry, err := parser.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return refuse(http.StatusBadRequest, "not the text exposition format: line %d: %v; nothing was stored", lineOf(text, entries), err)
		case entry != textparse.EntrySeries:
			continue
		}
		_, timeMS, value := parser.Series()
		if timeMS == nil {
			timeMS = &nowMS
		}
		parser.Labels(&set)
		key = key[:0]
		set.Range(func(l labels.Label) { key = appendLabel(key, l.Name, l.Value) })
		if err := sink.series(key); err != nil {
			return fmt.Errorf("series %s: %w", set, err)
		}
		if err := sink.sample(*timeMS, value); err != nil {
			return err
		}
	}
}

// lineOf is the number of the line, from 1, that follows so many entries of an exposition: each takes a
// line, and blank lines are none.
func lineOf(text []byte, entries int) int {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if entries--; entries < 0 {
			break
		}
	}
	return number
}
