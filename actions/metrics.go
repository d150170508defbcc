package actions

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/neuroweaver/heddle/actions/connector"
)

// metrics are the action layer's own.
type metrics struct {
	decisions  *prometheus.CounterVec
	switches   *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	attempts   *prometheus.CounterVec
	deliveries *prometheus.CounterVec
}

// durations from half a millisecond to a minute: a switch is one fsync and one request, or a dead
// gateway.
var durations = prometheus.ExponentialBucketsRange(0.0005, 60, 16)

func newMetrics(r prometheus.Registerer, m *Manager) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "heddle", Subsystem: "actions", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "heddle", Subsystem: "actions", Name: name, Help: help}, value)
	}
	ms := &metrics{
		decisions:  counter("decisions_total", "Switches that were decided.", "route", "action"),
		switches:   counter("switches_total", "Switches that every target holds.", "route", "action"),
		attempts:   counter("apply_attempts_total", "Attempts to bring a target to an epoch.", "connector", "outcome"),
		deliveries: counter("deliveries_total", "Outcomes of notifications; failed ones that are repeated are counted as the journal has them.", "receiver", "outcome"),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "heddle", Subsystem: "actions", Name: "switch_duration_seconds",
			Help: "From the decision to the last target's read-back.", Buckets: durations,
		}, []string{"route"}),
	}
	if r == nil {
		return ms, nil
	}
	var errs []error
	for _, c := range []prometheus.Collector{
		ms.decisions, ms.switches, ms.attempts, ms.deliveries, ms.duration,
		gauge("outbox_messages", "Notifications that are not delivered.", func() float64 { return float64(m.outboxDepth()) }),
		gauge("dead_letters", "Notifications that were given up and can be replayed.", func() float64 { return float64(m.deadLetters()) }),
		gauge("journal_bytes", "Size of the journal.", func() float64 { return float64(m.journalBytes()) }),
		gauge("journal_events", "Events in the journal.", func() float64 { seq, _ := m.journal.Head(); return float64(seq) }),
		gauge("journal_waiting_events", "Events that are not durable yet.", func() float64 { n, _ := m.journal.Waiting(); return float64(n) }),
		gauge("alerts_firing", "Alerts that fire.", func() float64 { return float64(m.firing()) }),
	} {
		errs = append(errs, r.Register(c))
	}
	return ms, errors.Join(errs...)
}

func (ms *metrics) switched(route, action string, took time.Duration) {
	ms.switches.WithLabelValues(route, action).Inc()
	ms.duration.WithLabelValues(route).Observe(took.Seconds())
}

func (ms *metrics) attempt(name string, receipt connector.Receipt, err error) {
	outcome := "failed"
	switch {
	case errors.As(err, new(*connector.FencedError)):
		outcome = "fenced"
	case errors.As(err, new(*connector.RefusedError)):
		outcome = "refused"
	case err != nil:
	case receipt.Pending:
		outcome = "offered"
	case receipt.Confirmed:
		outcome = "read_back"
	default:
		outcome = "taken"
	}
	ms.attempts.WithLabelValues(name, outcome).Inc()
}

func (m *Manager) outboxDepth() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	depth := 0
	for _, n := range m.outbox.waiting {
		depth += n
	}
	return depth
}

func (m *Manager) deadLetters() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.outbox.dead)
}

func (m *Manager) firing() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.book.Firing()
}

func (m *Manager) journalBytes() int64 {
	size, err := m.journal.SizeBytes(context.Background())
	if err != nil {
		return 0
	}
	return size
}
