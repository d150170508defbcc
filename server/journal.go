package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/neuroweaver/heddle/actions"
	"github.com/neuroweaver/heddle/actions/journal"
	"github.com/neuroweaver/heddle/query"
)

// registerJournal adds what happened, and what happens.
func (s *Server) registerJournal(mux *http.ServeMux, streams context.Context) {
	mux.HandleFunc("GET /api/v1/journal", s.listJournal)
	mux.HandleFunc("GET /api/v1/journal/verify", s.verifyJournal)
	mux.HandleFunc("GET /api/v1/journal/export", s.exportJournal)
	mux.HandleFunc("GET /api/v1/events", func(w http.ResponseWriter, r *http.Request) { s.followEvents(w, r, streams) })
}

// journalFilter reads the parameters kind (may repeat), route, rule, model, after, from, to, limit
// and newest.
func journalFilter(form url.Values) (journal.Filter, error) {
	f := journal.Filter{Kinds: form["kind"], Route: form.Get("route"), Rule: form.Get("rule"), Model: form.Get("model"), Newest: form.Get("newest") == "true"}
	var err error
	bad := func(name string) (journal.Filter, error) {
		return f, fmt.Errorf("%w: the parameter %s: %w", actions.ErrInvalid, name, err)
	}
	if text := form.Get("after"); text != "" {
		if f.After, err = strconv.ParseUint(text, 10, 64); err != nil {
			return bad("after")
		}
	}
	if text := form.Get("limit"); text != "" {
		if f.Limit, err = strconv.Atoi(text); err != nil {
			return bad("limit")
		}
	}
	for name, at := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		if text := form.Get(name); text != "" {
			if *at, err = query.ParseTime(text); err != nil {
				return bad(name)
			}
		}
	}
	return f, nil
}

func (s *Server) listJournal(w http.ResponseWriter, r *http.Request) {
	filter, err := journalFilter(r.URL.Query())
	if err != nil {
		writeProblem(w, err)
		return
	}
	events, err := s.manager.Journal(r.Context(), filter)
	if err != nil {
		writeProblem(w, err)
		return
	}
	if events == nil {
		events = []journal.Event{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"events": events})
}

func (s *Server) verifyJournal(w http.ResponseWriter, r *http.Request) {
	report, err := s.manager.VerifyJournal(r.Context())
	if err != nil {
		writeProblem(w, err)
		return
	}
	writeJSON(w, http.StatusOK, report)
}

func (s *Server) exportJournal(w http.ResponseWriter, r *http.Request) {
	filter, err := journalFilter(r.URL.Query())
	if err != nil {
		writeProblem(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	if err := s.manager.ExportJournal(r.Context(), w, filter); err != nil {
		// Some of it is on its way: the connection is cut, so that nobody takes it for all.
		s.logger.Warn("an export of the journal broke off", "err", err)
		panic(http.ErrAbortHandler)
	}
}

// followEvents streams events as they are journalled. A reader that was cut off names its last event
// in Last-Event-ID and first gets what it missed.
func (s *Server) followEvents(w http.ResponseWriter, r *http.Request, streams context.Context) {
	ctx, cancel := streamContext(r, streams)
	defer cancel()
	live := s.manager.Events(ctx)
	out := newStream(w)
	var last uint64
	send := func(e journal.Event) error {
		if e.Seq <= last {
			return nil
		}
		last = e.Seq
		return out.send(e.Kind, strconv.FormatUint(e.Seq, 10), e)
	}
	if seen, err := strconv.ParseUint(r.Header.Get("Last-Event-ID"), 10, 64); err == nil {
		missed, err := s.manager.Journal(ctx, journal.Filter{After: seen, Limit: journal.MaxLimit})
		for _, e := range missed {
			if err == nil {
				err = send(e)
			}
		}
		if err != nil {
			return
		}
	} else if err := out.beat(); err != nil {
		return
	}
	follow(ctx, out, live, send)
}
