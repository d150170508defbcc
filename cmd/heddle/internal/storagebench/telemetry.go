package storagebench

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// Telemetry describes synthetic data of model servers. The same values give the same samples, bit for
// bit.
type Telemetry struct {
	Seed     uint64
	Series   int // in all, rounded up to whole targets
	Start    time.Time
	Span     time.Duration
	Interval time.Duration
	// Kind keeps only one kind of series; empty: all.
	Kind Kind
}

// Kind groups series whose values compress alike.
type Kind string

// The kinds of series that a target has.
const (
	Buckets  Kind = "histogram buckets and counts"
	Counters Kind = "counters"
	Decimals Kind = "short decimal gauges"
	Floats   Kind = "full-mantissa floats"
)

// Kinds lists all of them.
func Kinds() []Kind { return []Kind{Buckets, Counters, Decimals, Floats} }

const (
	// jitteredEvery: one target in three is scraped by somebody whose clock trembles by up to
	// jitterMS either way, as a loaded collector's does.
	jitteredEvery = 3
	jitterMS      = 5
	// restartEvery is the mean number of steps between two restarts, which reset all counters: half a
	// day at 15 s.
	restartEvery = 2880
	// driftEvery: a drift detector runs over a batch of requests, every five minutes at 15 s.
	driftEvery = 20
	// pageBytes is how memory of an accelerator's allocator grows.
	pageBytes = 2 << 20
)

// latencyBounds are the upper bounds of the histogram's buckets in seconds, without +Inf.
var latencyBounds = [...]float64{0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 3, 5, 10}

// Dataset lays out the targets.
func (t Telemetry) Dataset() *Dataset {
	steps := int(t.Span / t.Interval)
	data := &Dataset{Name: "model telemetry", Steps: steps, FirstMS: t.Start.UnixMilli() - jitterMS}
	data.LastMS = t.Start.Add(t.Span).UnixMilli() + jitterMS
	if t.Kind != "" {
		data.Name = string(t.Kind)
	}
	perTarget := len(columns(labels.EmptyLabels()))
	for i := range (t.Series + perTarget - 1) / perTarget {
		data.Targets = append(data.Targets, newModelServer(t, i, steps))
	}
	return data
}

// column is one series of a target: what it is and where its value comes from.
type column struct {
	kind   Kind
	labels labels.Labels
	value  func(*modelState) float64
}

// columns lists the series of a target with the given labels.
func columns(base labels.Labels) []column {
	var list []column
	add := func(kind Kind, value func(*modelState) float64, name string, extra ...string) {
		builder := labels.NewBuilder(base)
		builder.Set(labels.MetricName, name)
		for i := 0; i < len(extra); i += 2 {
			builder.Set(extra[i], extra[i+1])
		}
		list = append(list, column{kind, builder.Labels(), value})
	}
	add(Counters, func(s *modelState) float64 { return s.requests }, "llm_requests_total")
	add(Counters, func(s *modelState) float64 { return s.failures }, "llm_request_errors_total", "code", "500")
	add(Counters, func(s *modelState) float64 { return s.timeouts }, "llm_request_errors_total", "code", "504")
	add(Counters, func(s *modelState) float64 { return s.tokensIn }, "llm_tokens_total", "type", "input")
	add(Counters, func(s *modelState) float64 { return s.tokensOut }, "llm_tokens_total", "type", "output")
	for i, bound := range latencyBounds {
		le := strconv.FormatFloat(bound, 'g', -1, 64)
		add(Buckets, func(s *modelState) float64 { return s.buckets[i] }, "llm_request_duration_seconds_bucket", "le", le)
	}
	add(Buckets, func(s *modelState) float64 { return s.requests }, "llm_request_duration_seconds_bucket", "le", "+Inf")
	add(Buckets, func(s *modelState) float64 { return s.requests }, "llm_request_duration_seconds_count")
	add(Floats, func(s *modelState) float64 { return s.durationSum }, "llm_request_duration_seconds_sum")
	add(Floats, func(s *modelState) float64 { return s.meanLatency }, "llm_latency_average_seconds")
	add(Decimals, func(s *modelState) float64 { return s.accuracy }, "llm_accuracy_score")
	add(Decimals, func(s *modelState) float64 { return s.drift }, "llm_drift_score")
	add(Decimals, func(s *modelState) float64 { return s.queue }, "llm_queue_depth")
	add(Decimals, func(s *modelState) float64 { return s.utilization }, "llm_gpu_utilization_percent")
	add(Decimals, func(s *modelState) float64 { return s.memory }, "llm_gpu_memory_bytes")
	return list
}

// modelServer is one target: a process that serves one model.
type modelServer struct {
	settings Telemetry
	index    int
	steps    int
	instance string
	columns  []column
}

func newModelServer(t Telemetry, index, steps int) *modelServer {
	models := [...]string{"atlas-4", "atlas-4-mini", "borea-3", "cirrus-70b", "cirrus-8b", "delta-large", "eos-72b", "fjord-embed", "gale-rerank", "halo-vision"}
	regions := [...]string{"eu-central-1", "us-east-1", "us-west-2"}
	server := &modelServer{
		settings: t, index: index, steps: steps,
		instance: fmt.Sprintf("10.20.%d.%d:8000", index/250, index%250),
	}
	all := columns(labels.FromStrings(
		"instance", server.instance,
		"job", "model-server",
		"model", models[index%len(models)],
		"region", regions[index/len(models)%len(regions)],
		"version", "v"+strconv.Itoa(1+index%4),
	))
	server.columns = slices.DeleteFunc(all, func(c column) bool { return t.Kind != "" && c.kind != t.Kind })
	return server
}

// Series implements Target.
func (m *modelServer) Series() []labels.Labels {
	list := make([]labels.Labels, len(m.columns))
	for i, c := range m.columns {
		list[i] = c.labels
	}
	return list
}

// Selector implements Target.
func (m *modelServer) Selector() string {
	return fmt.Sprintf("{instance=%q}", m.instance)
}

// Rows implements Target.
func (m *modelServer) Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		random := rand.New(rand.NewPCG(m.settings.Seed, uint64(m.index)))
		state := newModelState(random)
		jittered := m.index%jitteredEvery == 0
		intervalMS := m.settings.Interval.Milliseconds()
		at := m.settings.Start.UnixMilli() + random.Int64N(intervalMS)
		row := Row{Values: make([]float64, len(m.columns))}
		for step := range m.steps {
			state.advance(random, step, float64(intervalMS)/1000)
			row.TimeMS = at + int64(step)*intervalMS
			if jittered {
				row.TimeMS += random.Int64N(2*jitterMS+1) - jitterMS
			}
			for i, c := range m.columns {
				row.Values[i] = c.value(state)
			}
			if !yield(row) {
				return
			}
		}
	}
}

// modelState is what a model server has counted and measured so far. Requests are simulated one by
// one, so that buckets, sum, count and mean agree as they do in a real process.
type modelState struct {
	// What the server is like; fixed.
	perSecond, phase           float64
	usualLocation, spread      float64 // of the logarithm of latency
	failureRate                float64
	promptTokens, answerTokens float64 // means
	usualAccuracy              float64

	location    float64 // wanders around usualLocation
	requests    float64
	failures    float64
	timeouts    float64
	tokensIn    float64
	tokensOut   float64
	buckets     [len(latencyBounds)]float64 // cumulative over bounds
	durationSum float64
	meanLatency float64
	accuracy    float64
	drift       float64
	queue       float64
	utilization float64
	memory      float64
}

func newModelState(random *rand.Rand) *modelState {
	s := &modelState{
		perSecond:     math.Exp(random.Float64()*4) * 0.2, // 3 to 160 requests in 15 s
		phase:         random.Float64() * 2 * math.Pi,
		usualLocation: math.Log(0.2 + 0.8*random.Float64()),
		spread:        0.4 + 0.3*random.Float64(),
		failureRate:   0.002 + 0.01*random.Float64(),
		promptTokens:  100 + 900*random.Float64(),
		answerTokens:  50 + 450*random.Float64(),
		usualAccuracy: 0.85 + 0.12*random.Float64(),
		utilization:   float64(20 + random.IntN(60)),
		memory:        float64(8+random.IntN(56)) * (1 << 30),
	}
	s.location = s.usualLocation
	s.accuracy = roundTo(s.usualAccuracy, 4)
	return s
}

// advance lives one interval.
func (s *modelState) advance(random *rand.Rand, step int, seconds float64) {
	if random.IntN(restartEvery) == 0 {
		s.requests, s.failures, s.timeouts, s.tokensIn, s.tokensOut, s.durationSum = 0, 0, 0, 0, 0, 0
		s.buckets = [len(latencyBounds)]float64{}
	}
	day := 2 * math.Pi * float64(step) * seconds / (24 * 60 * 60)
	expected := s.perSecond * seconds * (1 + 0.6*math.Sin(day+s.phase))
	s.location += 0.03*(s.usualLocation-s.location) + 0.05*random.NormFloat64()

	n := poisson(random, expected)
	sum := 0.0
	for range n {
		latency := math.Exp(s.location + s.spread*random.NormFloat64())
		sum += latency
		for i := len(latencyBounds) - 1; i >= 0 && latency <= latencyBounds[i]; i-- {
			s.buckets[i]++
		}
		s.tokensIn += math.Ceil(s.promptTokens * random.ExpFloat64())
		s.tokensOut += math.Ceil(s.answerTokens * random.ExpFloat64())
		switch chance := random.Float64(); {
		case chance < s.failureRate:
			s.failures++
		case chance < 1.5*s.failureRate:
			s.timeouts++
		}
	}
	s.requests += float64(n)
	s.durationSum += sum
	if n > 0 {
		s.meanLatency = sum / float64(n)
	}
	s.queue = float64(poisson(random, s.perSecond*s.meanLatency))

	// Gauges move each at its own pace, as those of real exporters do.
	if random.IntN(2) == 0 {
		s.accuracy = roundTo(min(1, s.accuracy+0.2*(s.usualAccuracy-s.accuracy)+0.003*random.NormFloat64()), 4)
	}
	if step%driftEvery == 0 {
		s.drift = roundTo(math.Abs(0.05+0.03*random.NormFloat64()), 3)
	}
	s.utilization = min(100, max(0, math.Round(s.utilization+6*random.NormFloat64())))
	if random.IntN(3) == 0 {
		s.memory = min(80<<30, max(1<<30, s.memory+float64(random.IntN(129)-64)*pageBytes))
	}
}

// poisson draws a number of events. Knuth's product method (The Art of Computer Programming, vol. 2,
// 3.4.1) is exact; its cost grows with the mean, which is at most some hundreds here.
func poisson(random *rand.Rand, mean float64) int {
	limit, product, n := math.Exp(-mean), random.Float64(), 0
	for product > limit {
		product *= random.Float64()
		n++
	}
	return n
}

// roundTo gives the float64 nearest to the decimal, as a program does that prints and parses it.
func roundTo(x float64, digits int) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', digits, 64), 64)
	return rounded
}
