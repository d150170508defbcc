package rules

import (
	"math"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// stimulus is one series of a test: what it sends at each step.
type stimulus struct {
	kind     syntax.MetricKind
	segments []segment
	step     time.Duration
	// counter is what a counter has reached; observed what a histogram has.
	counter  float64
	observed *histogram.FloatHistogram
}

// segment is one stretch of a stimulus, from start up to, not including, end.
type segment struct {
	syntax.Segment
	start, end time.Duration
}

// exactSchema is the finest resolution of native histograms: a quantile is within 0.3 % of the value
// that the test states.
const exactSchema = 8

// defaultObservations is how many requests a second a histogram sees where a test does not say.
const defaultObservations = 10

func newStimulus(s *syntax.Stimulus, kind syntax.MetricKind, step time.Duration) *stimulus {
	made := &stimulus{kind: kind, step: step}
	at := time.Duration(0)
	for _, written := range s.Segments {
		length := time.Duration(0)
		if written.For != nil {
			length = written.For.Value()
		} else if written.Kind != syntax.Reset {
			length = math.MaxInt64 - at // to the test's end
		}
		made.segments = append(made.segments, segment{written, at, at + length})
		at += length
	}
	made.fresh()
	return made
}

// end is when the stimulus has said all; 0 where it goes on to the test's end.
func (s *stimulus) end() time.Duration {
	last := s.segments[len(s.segments)-1]
	if last.For == nil && last.Kind != syntax.Reset {
		return 0
	}
	return last.end
}

func (s *stimulus) fresh() {
	s.counter = 0
	s.observed = &histogram.FloatHistogram{Schema: exactSchema, ZeroThreshold: 1e-128}
}

// at returns the sample that is sent at a time since the test's start; sends is false where none is.
// Times must rise by one step.
func (s *stimulus) at(t time.Duration) (v float64, h *histogram.FloatHistogram, sends bool) {
	for _, seg := range s.segments {
		if seg.Kind == syntax.Reset && t-s.step < seg.start && seg.start <= t {
			s.fresh()
		}
		if t < seg.start || t >= seg.end {
			continue
		}
		switch seg.Kind {
		case syntax.Nothing:
			return 0, nil, false
		case syntax.Stale:
			return math.Float64frombits(value.StaleNaN), nil, t-s.step < seg.start
		}
		return s.send(seg, t)
	}
	return 0, nil, false
}

func (s *stimulus) send(seg segment, t time.Duration) (v float64, h *histogram.FloatHistogram, sends bool) {
	level := seg.level(t)
	switch {
	case seg.Kind == syntax.Rate:
		if t > 0 {
			s.counter += level * s.step.Seconds() / seg.Per.Value().Seconds()
		}
		return s.counter, nil, true
	case s.kind == syntax.Histogram:
		if t > 0 {
			s.observe(level, seg.observations()*s.step.Seconds())
		}
		return s.observed.Sum, s.observed.Copy(), true
	}
	return level, nil, true
}

// level is the written value or rate at a time: on the straight line from From to To.
func (seg *segment) level(t time.Duration) float64 {
	if seg.To == nil || seg.end == math.MaxInt64 {
		return seg.From.Value
	}
	passed := float64(t-seg.start) / float64(seg.end-seg.start)
	return seg.From.Value + (seg.To.Value-seg.From.Value)*passed
}

// observations is how many a histogram sees a second.
func (seg *segment) observations() float64 {
	if seg.Observations == nil {
		return defaultObservations
	}
	return seg.Observations.Value / seg.ObservationsPer.Value().Seconds()
}

// observe adds n observations of v.
func (s *stimulus) observe(v, n float64) {
	h := &histogram.FloatHistogram{Schema: exactSchema, ZeroThreshold: s.observed.ZeroThreshold, Count: n, Sum: n * v}
	switch {
	case v > 0:
		h.PositiveSpans, h.PositiveBuckets = oneBucket(v), []float64{n}
	case v < 0:
		h.NegativeSpans, h.NegativeBuckets = oneBucket(-v), []float64{n}
	default:
		h.ZeroCount = n
	}
	// The two have one schema and one zero threshold, so they can be added.
	if sum, _, _, err := s.observed.Add(h); err == nil {
		s.observed = sum
	}
}

// oneBucket is the span of the bucket that holds v: with schema n, bucket i reaches up to 2^(i·2⁻ⁿ).
func oneBucket(v float64) []histogram.Span {
	return []histogram.Span{{Offset: int32(math.Ceil(math.Log2(v) * (1 << exactSchema))), Length: 1}}
}
