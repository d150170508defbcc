package server

import (
	"net/http"

	"github.com/neuroweaver/heddle/actions/alert"
)

// registerAlerts adds alerts and silences in Heddle's own form. Prometheus's form is in rules.go.
func (s *Server) registerAlerts(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/heddle/alerts", s.listAlerts)
	mux.HandleFunc("POST /api/v1/heddle/alerts/{id}/ack", s.acknowledgeAlert)
	mux.HandleFunc("GET /api/v1/heddle/silences", s.listSilences)
	mux.HandleFunc("POST /api/v1/heddle/silences", s.createSilence)
	mux.HandleFunc("POST /api/v1/heddle/silences/preview", s.previewSilence)
	mux.HandleFunc("DELETE /api/v1/heddle/silences/{id}", s.expireSilence)
}

func (s *Server) listAlerts(w http.ResponseWriter, r *http.Request) {
	form := r.URL.Query()
	alerts := s.manager.Alerts(alert.Filter{Resolved: form.Get("resolved") == "true", Rule: form.Get("rule")})
	if alerts == nil {
		alerts = []alert.Status{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"alerts": alerts})
}

func (s *Server) acknowledgeAlert(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Who string `json:"who"`
		Why string `json:"why"`
	}
	if err := readJSON(w, r, &q); err != nil {
		writeProblem(w, err)
		return
	}
	status, err := s.manager.AcknowledgeAlert(r.PathValue("id"), caller(r, q.Who), q.Why)
	if err != nil {
		writeProblem(w, err)
		return
	}
	writeJSON(w, http.StatusOK, status)
}

func (s *Server) listSilences(w http.ResponseWriter, _ *http.Request) {
	silences := s.manager.Silences()
	if silences == nil {
		silences = []alert.Silence{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"silences": silences})
}

func (s *Server) createSilence(w http.ResponseWriter, r *http.Request) {
	var q alert.Silence
	err := readJSON(w, r, &q)
	if err == nil {
		q.By = caller(r, q.By)
		q, err = s.manager.Silence(q)
	}
	if err != nil {
		writeProblem(w, err)
		return
	}
	writeJSON(w, http.StatusOK, q)
}

func (s *Server) previewSilence(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Matchers []alert.Matcher `json:"matchers"`
	}
	if err := readJSON(w, r, &q); err != nil {
		writeProblem(w, err)
		return
	}
	matched, err := s.manager.PreviewSilence(q.Matchers)
	if err != nil {
		writeProblem(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"alerts": matched})
}

func (s *Server) expireSilence(w http.ResponseWriter, r *http.Request) {
	form := r.URL.Query()
	if err := s.manager.ExpireSilence(r.PathValue("id"), caller(r, form.Get("who")), form.Get("why")); err != nil {
		writeProblem(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "success"})
}
