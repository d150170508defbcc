package tsdb

import "github.com/prometheus/client_golang/prometheus"

// metrics is what the store tells of itself.
type metrics struct {
	registerer prometheus.Registerer
	collectors []prometheus.Collector

	appended      prometheus.Counter
	duplicates    prometheus.Counter
	refused       *prometheus.CounterVec
	limited       *prometheus.CounterVec
	failedCommits prometheus.Counter
	maintenance   *prometheus.HistogramVec
	failedRuns    *prometheus.CounterVec
	mended        prometheus.Counter
}

func newMetrics(registerer prometheus.Registerer, db *DB) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "heddle", Subsystem: "tsdb", Name: name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "heddle", Subsystem: "tsdb", Name: name, Help: help}, labels)
	}
	m := &metrics{
		registerer:    registerer,
		appended:      counter("samples_appended_total", "Samples that were taken."),
		duplicates:    counter("samples_duplicate_total", "Samples that were there already, with the same value."),
		refused:       counters("samples_refused_total", "Samples and series that were refused, by reason.", "reason"),
		limited:       counters("series_limited_total", "New series that a limit refused, by the limit and the offending label value.", "limit", "value"),
		failedCommits: counter("commits_failed_total", "Appends that could not be made durable; nothing of them was kept."),
		failedRuns:    counters("maintenance_failed_total", "Flushes, compactions and deletions that failed.", "task"),
		mended:        counter("group_blocks_mended_total", "Group-blocks that did not read back as they were written, and were written again in a plainer way."),
		maintenance: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "heddle", Subsystem: "tsdb", Name: "maintenance_seconds",
			Help:    "Duration of flushes, compactions and deletions.",
			Buckets: prometheus.ExponentialBuckets(0.01, 4, 8),
		}, []string{"task"}),
	}
	m.collectors = []prometheus.Collector{m.appended, m.duplicates, m.refused, m.limited, m.failedCommits, m.failedRuns, m.mended, m.maintenance}
	gauge := func(name, help string, value func(Stats) float64) {
		m.collectors = append(m.collectors, prometheus.NewGaugeFunc(
			prometheus.GaugeOpts{Namespace: "heddle", Subsystem: "tsdb", Name: name, Help: help},
			func() float64 { return value(db.sizes()) }))
	}
	gauge("series", "Series that the index knows.", func(s Stats) float64 { return float64(s.Series) })
	gauge("blocks", "Blocks on disk.", func(s Stats) float64 { return float64(s.Blocks) })
	gauge("blocks_bytes", "Size of the blocks on disk.", func(s Stats) float64 { return float64(s.BlockBytes) })
	gauge("rollup_bytes", "Size of the rollups on disk.", func(s Stats) float64 { return float64(s.RollupBytes) })
	gauge("log_bytes", "Size of the write-ahead log on disk.", func(s Stats) float64 { return float64(s.LogBytes) })
	if registerer != nil {
		registerer.MustRegister(m.collectors...)
	}
	return m
}

// unregister makes room for a store that is opened later in the same process.
func (m *metrics) unregister() {
	if m.registerer == nil {
		return
	}
	for _, c := range m.collectors {
		m.registerer.Unregister(c)
	}
}
