package server

import (
	"fmt"
	"net/http"
	"time"

	"github.com/neuroweaver/heddle/actions"
)

// registerAdmin adds what operators do to the store and the rules.
func (s *Server) registerAdmin(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/v1/admin/compact", s.compact)
	mux.HandleFunc("POST /api/v1/admin/snapshot", s.snapshot)
	mux.HandleFunc("POST /api/v1/admin/tsdb/delete_series", s.deleteSeries)
	mux.HandleFunc("POST /api/v1/admin/automation", s.setAutomation)
	mux.HandleFunc("POST /-/reload", s.reload)
}

// compact flushes and compacts all there is, and answers when that is done.
func (s *Server) compact(w http.ResponseWriter, r *http.Request) {
	if err := withoutDeadline(w); err != nil {
		writeProblem(w, err)
		return
	}
	began := s.now()
	if err := s.db.Compact(r.Context()); err != nil {
		writeProblem(w, err)
		return
	}
	s.logger.Info("compacted on request", "took", s.now().Sub(began))
	writeData(w, storeStatus(s.db.Stats()))
}

// withoutDeadline gives an answer all the time it takes.
func withoutDeadline(w http.ResponseWriter) error {
	return http.NewResponseController(w).SetWriteDeadline(time.Time{})
}

// deleteSeries deletes samples, in the form of Prometheus's API: match[] selects series, start and
// end bound the time.
func (s *Server) deleteSeries(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
	matchers, span, err := s.queries.Selection(r)
	if err != nil {
		writeProblem(w, fmt.Errorf("%w: %w", actions.ErrInvalid, err))
		return
	}
	if err := withoutDeadline(w); err != nil {
		writeProblem(w, err)
		return
	}
	total := 0
	for _, set := range matchers {
		n, err := s.db.DeleteSeries(r.Context(), span.MinMS, span.MaxMS, set...)
		if err != nil {
			writeProblem(w, err)
			return
		}
		total += n
	}
	s.logger.Warn("series deleted on request", "series", total, "match", r.Form["match[]"], "by", caller(r, ""))
	w.WriteHeader(http.StatusNoContent)
}

// setAutomation turns all automatic switches off or on.
func (s *Server) setAutomation(w http.ResponseWriter, r *http.Request) {
	q := struct {
		On  *bool  `json:"on"`
		Who string `json:"who"`
		Why string `json:"why"`
	}{}
	if err := readJSON(w, r, &q); err != nil {
		writeProblem(w, err)
		return
	}
	if q.On == nil {
		writeError(w, http.StatusBadRequest, "bad_data", `say {"on": false} to stop all automatic switches, or {"on": true}`)
		return
	}
	if err := s.manager.SetAutomation(*q.On, caller(r, q.Who), q.Why); err != nil {
		writeProblem(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"on": s.manager.Automation()})
}

func (s *Server) reload(w http.ResponseWriter, r *http.Request) {
	if err := s.Reload(r.Context()); err != nil {
		s.logger.Error("not all could be reloaded; what was in force stays", "err", err)
		writeError(w, http.StatusBadRequest, "bad_data", err.Error())
		return
	}
	load, _ := s.ruleFiles.status()
	writeData(w, load)
}
