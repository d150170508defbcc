package server

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/neuroweaver/heddle/ingest"
	"github.com/neuroweaver/heddle/query"
)

// handler is the whole HTTP surface. streams ends when the server stops, and with it every answer
// that would go on for ever.
func (s *Server) handler(streams context.Context) http.Handler {
	mux := http.NewServeMux()
	s.registerIngest(mux)
	query.NewAPI(s.queries, s.db, s.now).Register(mux)
	s.registerRoutes(mux, streams)
	s.registerJournal(mux, streams)
	s.registerAlerts(mux)
	s.registerRules(mux)
	s.registerAdmin(mux)
	s.registerStatus(mux)
	s.registerHealth(mux)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, http.StatusNotFound, "not_found", fmt.Sprintf("there is no %s %s", r.Method, r.URL.Path))
	})
	// Pages of other origins can not have a browser switch a model.
	var handler http.Handler = http.NewCrossOriginProtection().Handler(mux)
	handler = s.access.guard(handler)
	handler = s.measure(mux, handler)
	return s.recoverPanics(handler)
}

func (s *Server) ingestOptions() ingest.Options {
	return ingest.Options{Metrics: s.ingestMetrics, Logger: s.logger.With("part", "ingest"), Now: s.now}
}

func (s *Server) registerIngest(mux *http.ServeMux) {
	options := s.ingestOptions()
	mux.Handle("POST /api/v1/write", ingest.NewRemoteWrite(s.db, options))
	mux.Handle("POST /api/v1/observations", s.observations)
	mux.Handle("POST /api/v1/import/prometheus", ingest.NewTextImport(s.db, options))
}

// recoverPanics keeps a mistake in one handler from ending the process.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			s.logger.Error("a request handler panicked", "method", r.Method, "path", r.URL.Path, "panic", cause, "stack", string(debug.Stack()))
			writeError(w, http.StatusInternalServerError, "internal", "the server made a mistake; its log says more")
		}()
		next.ServeHTTP(w, r)
	})
}

// measure counts requests and their time by endpoint, and logs them at level debug.
func (s *Server) measure(mux *http.ServeMux, next http.Handler) http.Handler {
	factory := promauto.With(s.registry)
	requests := factory.NewCounterVec(prometheus.CounterOpts{
		Name: "heddle_http_requests_total",
		Help: "HTTP requests by endpoint and status.",
	}, []string{"endpoint", "code"})
	seconds := factory.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "heddle_http_request_duration_seconds",
		Help:    "Time to answer HTTP requests, streams included.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 4, 9),
	}, []string{"endpoint"})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		// The pattern, not the path: paths come from outside, and each would be a series.
		_, endpoint := mux.Handler(r)
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			took := time.Since(began)
			requests.WithLabelValues(endpoint, strconv.Itoa(recorder.status)).Inc()
			seconds.WithLabelValues(endpoint).Observe(took.Seconds())
			s.logger.Debug("request", "method", r.Method, "path", r.URL.Path, "status", recorder.status, "took", took)
		}()
		next.ServeHTTP(recorder, r)
	})
}

// statusRecorder remembers the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap gives http.ResponseController the writer below.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
