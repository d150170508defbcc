package server

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// registerHealth adds what load balancers and monitoring ask. The server listens before it is open,
// and answers only when it is: whoever gets an answer gets it from a ready server.
func (s *Server) registerHealth(mux *http.ServeMux) {
	mux.HandleFunc("GET /-/healthy", plain("Heddle is healthy.\n"))
	mux.HandleFunc("GET /-/ready", plain("Heddle is ready.\n"))
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{Registry: s.registry, MaxRequestsInFlight: 4}))
}

func plain(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(text))
	}
}
