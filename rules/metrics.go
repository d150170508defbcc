package rules

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/neuroweaver/heddle/rules/window"
)

// engineMetrics are the engine's own figures.
type engineMetrics struct {
	evaluations prometheus.Counter
	transitions *prometheus.CounterVec
	instances   *prometheus.GaugeVec
	corrected   prometheus.Counter
	tooLate     prometheus.Counter
	skewedRows  prometheus.Counter
	skew        prometheus.Gauge
	cost        *prometheus.GaugeVec
	loads       *prometheus.CounterVec
	blind       *prometheus.GaugeVec
}

func newEngineMetrics(r prometheus.Registerer) *engineMetrics {
	m := &engineMetrics{
		evaluations: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "heddle_rules_evaluations_total", Help: "Evaluations of rule instances."}),
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heddle_rules_transitions_total", Help: "State changes of rule instances, by rule and new state."}, []string{"rule", "state"}),
		instances: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "heddle_rules_instances", Help: "Rule instances that fire, and that are unknown."}, []string{"state"}),
		corrected: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "heddle_rules_late_samples_corrected_total", Help: "Late samples within the grace window, which corrected windows."}),
		tooLate: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "heddle_rules_late_samples_ignored_total", Help: "Samples later than the grace window: stored, but unknown to the rules."}),
		skewedRows: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "heddle_rules_skewed_rows_total", Help: "Rows whose sender's clock is off by more than 5 s."}),
		skew: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "heddle_rules_skew_seconds", Help: "How far the latest skewed sender's clock is ahead of the server's (negative: behind)."}),
		cost: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "heddle_rules_cost", Help: "Bound of the program in force for one instance of every rule: samples kept, steps evaluated."}, []string{"of"}),
		loads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heddle_rules_loads_total", Help: "Loads of rules, by outcome."}, []string{"outcome"}),
		blind: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "heddle_rules_blind", Help: "1 while a rule sees nothing: no series matches its metrics, or none of its instances has a value."}, []string{"rule"}),
	}
	if r != nil {
		r.MustRegister(m.evaluations, m.transitions, m.instances, m.corrected, m.tooLate, m.skewedRows, m.skew, m.cost, m.loads, m.blind)
	}
	return m
}

var stateNames = map[State]string{Inactive: "inactive", Pending: "pending", Firing: "firing", Recovering: "recovering"}

func (m *engineMetrics) transition(t Transition) {
	if t.From != t.To {
		m.transitions.WithLabelValues(t.Rule.Name, stateNames[t.To]).Inc()
	}
}

// count follows how many instances fire and are unknown.
func (m *engineMetrics) count(before, after life) {
	step := func(state string, was, is bool) {
		switch {
		case is && !was:
			m.instances.WithLabelValues(state).Inc()
		case was && !is:
			m.instances.WithLabelValues(state).Dec()
		}
	}
	step("firing", before.fires(), after.fires())
	step("unknown", before.unknown, after.unknown)
}

func (m *engineMetrics) sample(outcome window.Outcome) {
	switch outcome {
	case window.Corrected:
		m.corrected.Inc()
	case window.TooLate:
		m.tooLate.Inc()
	}
}
