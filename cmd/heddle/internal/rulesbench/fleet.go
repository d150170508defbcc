// Package rulesbench feeds the same live samples to servers with and without rules, and compares what
// their rules cost in processor time.
package rulesbench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/peers"
)

// The rules compare with these; a healthy model stays well below them and a sick one well above, so
// that servers whose windows end at slightly different moments still decide alike.
const (
	latencyLimitSeconds = 0.99
	errorRatioLimit     = 0.0495

	healthyLatency, sickLatency = 0.8, 1.5
	healthyErrors, sickErrors   = 0.03, 0.1

	// sickEvery: one model in fifty is too slow, and the one after it fails too often.
	sickEvery = 50
)

// writeBatch is how many series a request carries, as many as a sender of this size would pack.
const writeBatch = 5000

// fleet is models that each report a latency and two counters. The same seed gives the same samples.
type fleet struct {
	random *rand.Rand
	models []model
}

type model struct {
	latency, errorRatio float64 // around which they move
	requestsPerStep     float64

	requests, errors float64
	// series are latency, errors and requests, with room for one sample each.
	series [3]prompb.TimeSeries
}

func newFleet(seed uint64, models int) *fleet {
	f := &fleet{random: rand.New(rand.NewPCG(seed, 0)), models: make([]model, models)}
	for i := range f.models {
		m := &f.models[i]
		m.latency = healthyLatency * f.random.Float64()
		m.errorRatio = healthyErrors * f.random.Float64()
		m.requestsPerStep = 200 + 800*f.random.Float64()
		switch i % sickEvery {
		case 0:
			m.latency = sickLatency
		case 1:
			m.errorRatio = sickErrors
		}
		for k, metric := range []string{latencyMetric, errorsMetric, requestsMetric} {
			l := labels.FromStrings(labels.MetricName, metric, "model", modelName(i), "region", "eu-central-1", "version", "v1")
			m.series[k] = peers.TimeSeries(l, prompb.Sample{})
		}
	}
	return f
}

func modelName(i int) string { return fmt.Sprintf("m%05d", i) }

// step lives one interval and returns the samples of all models at this time, as requests.
func (f *fleet) step(timeMS int64) []*prompb.WriteRequest {
	var requests []*prompb.WriteRequest
	var request *prompb.WriteRequest
	for i := range f.models {
		m := &f.models[i]
		handled := float64(int(m.requestsPerStep * (0.9 + 0.2*f.random.Float64())))
		m.requests += handled
		m.errors += float64(int(handled*m.errorRatio + f.random.Float64()))
		latency := m.latency * (0.95 + 0.1*f.random.Float64())
		if request == nil || len(request.Timeseries)+len(m.series) > writeBatch {
			request = &prompb.WriteRequest{}
			requests = append(requests, request)
		}
		for k, value := range []float64{latency, m.errors, m.requests} {
			m.series[k].Samples[0] = prompb.Sample{Timestamp: timeMS, Value: value}
		}
		request.Timeseries = append(request.Timeseries, m.series[:]...)
	}
	return requests
}

// write sends one step to every server.
func write(ctx context.Context, servers []*contender, requests []*prompb.WriteRequest) error {
	for _, s := range servers {
		for _, request := range requests {
			if err := s.server.Write(ctx, request); err != nil {
				return err
			}
		}
	}
	return nil
}

// sick lists what must fire: "slow m00000", "failing m00001" and so on, each as rule and model.
func (f *fleet) sick() map[string]bool {
	firing := map[string]bool{}
	for i := range f.models {
		switch i % sickEvery {
		case 0:
			firing[slowRule+" "+modelName(i)] = true
		case 1:
			firing[failingRule+" "+modelName(i)] = true
		}
	}
	return firing
}

const (
	latencyMetric  = "bench_latency_seconds"
	errorsMetric   = "bench_errors_total"
	requestsMetric = "bench_requests_total"

	slowRule    = "slow"
	failingRule = "failing"
)

// heddleRules has one instance of each rule for each model.
func heddleRules() string {
	return fmt.Sprintf(`metric latency  = gauge   %q
metric failures = counter %q
metric requests = counter %q

rule %s on model {
  when avg(latency, 5m) > %g
}

rule %s on model {
  when ratio(failures, requests, 5m) > %g
}
`, latencyMetric, errorsMetric, requestsMetric, slowRule, latencyLimitSeconds, failingRule, errorRatioLimit)
}

// prometheusRules is two alerting rules over all models: the cheapest way to say it in PromQL.
func prometheusRules() string {
	var text strings.Builder
	text.WriteString("groups:\n")
	writeGroup(&text, 0)
	writeRules(&text, "")
	return text.String()
}

// prometheusRulesPerModel is two rules for each model, in groups of a hundred, as rule files are written
// where each model has an owner and limits of its own.
func prometheusRulesPerModel(models int) string {
	const modelsPerGroup = 50
	var text strings.Builder
	text.WriteString("groups:\n")
	for i := range models {
		if i%modelsPerGroup == 0 {
			writeGroup(&text, i/modelsPerGroup)
		}
		writeRules(&text, fmt.Sprintf("{model=%q}", modelName(i)))
	}
	return text.String()
}

func writeGroup(text *strings.Builder, n int) {
	fmt.Fprintf(text, "- name: g%04d\n  rules:\n", n)
}

func writeRules(text *strings.Builder, selector string) {
	fmt.Fprintf(text, "  - alert: %s\n    expr: 'avg_over_time(%s%s[5m]) > %g'\n", slowRule, latencyMetric, selector, latencyLimitSeconds)
	fmt.Fprintf(text, "  - alert: %s\n    expr: 'rate(%s%s[5m]) / rate(%s%s[5m]) > %g'\n", failingRule, errorsMetric, selector, requestsMetric, selector, errorRatioLimit)
}
