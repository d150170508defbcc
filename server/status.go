package server

import (
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/neuroweaver/heddle/tsdb"
)

// registerStatus adds what the server says of itself, in Prometheus's form where it has one.
func (s *Server) registerStatus(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/status/buildinfo", s.buildInfo)
	mux.HandleFunc("GET /api/v1/status/runtimeinfo", s.runtimeInfo)
	mux.HandleFunc("GET /api/v1/status/tsdb", func(w http.ResponseWriter, _ *http.Request) { writeData(w, storeStatus(s.db.Stats())) })
	mux.HandleFunc("GET /api/v1/targets", func(w http.ResponseWriter, _ *http.Request) {
		// Samples are sent to Heddle; it scrapes nobody.
		writeData(w, map[string][]any{"activeTargets": {}, "droppedTargets": {}})
	})
	mux.HandleFunc("GET /{$}", s.index)
}

// promAPIVersion is the Prometheus whose HTTP API is spoken here. Dashboards choose what they ask for
// by it.
const promAPIVersion = "3.16.0"

func (s *Server) buildInfo(w http.ResponseWriter, _ *http.Request) {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				revision = setting.Value
			}
		}
	}
	writeData(w, map[string]string{
		"application": "heddle", "version": promAPIVersion, "revision": revision,
		"branch": "", "buildUser": "", "buildDate": "", "goVersion": runtime.Version(),
	})
}

func (s *Server) runtimeInfo(w http.ResponseWriter, _ *http.Request) {
	load, _ := s.ruleFiles.status()
	writeData(w, map[string]any{
		"startTime":           s.started.UTC(),
		"CWD":                 "",
		"reloadConfigSuccess": load.Error == "",
		"lastConfigTime":      load.LoadedAt.UTC(),
		"goroutineCount":      runtime.NumGoroutine(),
		"GOMAXPROCS":          runtime.GOMAXPROCS(0),
		"storageRetention":    s.config.Storage.Retention.String(),
	})
}

// storeStatus describes the store, with the fields that Prometheus has under the names it gives them.
func storeStatus(stats tsdb.Stats) any {
	type head struct {
		Series    int   `json:"numSeries"`
		MinTimeMS int64 `json:"minTime"`
		MaxTimeMS int64 `json:"maxTime"`
	}
	perSample := 0.0
	if stats.BlockSamples > 0 {
		perSample = float64(stats.BlockBytes) / float64(stats.BlockSamples)
	}
	return struct {
		Head           head    `json:"headStats"`
		Groups         int     `json:"groups"`
		Blocks         int     `json:"blocks"`
		BlockBytes     int64   `json:"block_bytes"`
		BlockSamples   int64   `json:"block_samples"`
		LogBytes       int64   `json:"log_bytes"`
		SeriesBytes    int64   `json:"series_bytes"`
		HeadBytes      int64   `json:"head_bytes"`
		HeadSamples    int64   `json:"head_samples"`
		BytesPerSample float64 `json:"block_bytes_per_sample"`
	}{
		head{stats.Series, stats.MinTimeMS, stats.MaxTimeMS},
		stats.Groups, stats.Blocks, stats.BlockBytes, stats.BlockSamples, stats.LogBytes, stats.SeriesBytes, stats.HeadBytes, stats.HeadSamples, perSample,
	}
}

func (s *Server) index(w http.ResponseWriter, _ *http.Request) {
	load, _ := s.ruleFiles.status()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, `Heddle is running since %s with %s and %s.

/api/v1/routes              the routes, and the model each serves
/api/v1/journal             what happened, and why
/api/v1/alerts              what is firing
/api/v1/query?query=…       PromQL; also as a Prometheus data source of Grafana
/metrics                    Heddle's own metrics

On the command line: heddle route, heddle alert, heddle query, heddle audit.
`, s.started.UTC().Format(time.RFC3339), count(load.Rules, "rule"), count(load.Routes, "route"))
}

// count gives "1 rule", "2 rules".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
