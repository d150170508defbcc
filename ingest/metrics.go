package ingest

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics are the doors' own: one set for all doors of a server.
type Metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	samples  *prometheus.CounterVec
	refused  *prometheus.CounterVec
}

// NewMetrics registers the doors' metrics; a nil registerer keeps them to themselves.
func NewMetrics(registerer prometheus.Registerer) *Metrics {
	factory := promauto.With(registerer)
	return &Metrics{
		requests: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "heddle_ingest_requests_total",
			Help: "Requests that brought samples, by door and HTTP status.",
		}, []string{"door", "code"}),
		seconds: factory.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "heddle_ingest_duration_seconds",
			Help:    "Time from the arrival of a request to its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}, []string{"door"}),
		samples: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "heddle_ingest_samples_total",
			Help: "Samples stored, those included that were there before.",
		}, []string{"door"}),
		refused: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "heddle_ingest_refused_total",
			Help: "Samples, exemplars and observations refused, by reason.",
		}, []string{"door", "reason"}),
	}
}

// observe counts one request.
func (m *Metrics) observe(door string, status int, took time.Duration, a *account) {
	m.requests.WithLabelValues(door, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(door).Observe(took.Seconds())
	m.samples.WithLabelValues(door).Add(float64(a.stored.Appended + a.stored.Duplicates))
	for _, refusal := range a.all() {
		m.refused.WithLabelValues(door, string(refusal.Reason)).Add(float64(refusal.Count))
	}
}
