package window

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// memory is a storage.Queryable over series kept in order of time, for PromQL's engine to read.
type memory struct {
	names  []labels.Labels
	points [][]chunks.Sample
}

type list []chunks.Sample

func (s list) Get(i int) chunks.Sample { return s[i] }
func (s list) Len() int                { return len(s) }

type floatSample point

func (s floatSample) ST() int64                     { return 0 }
func (s floatSample) T() int64                      { return s.time }
func (s floatSample) F() float64                    { return s.value }
func (s floatSample) H() *histogram.Histogram       { return nil }
func (s floatSample) FH() *histogram.FloatHistogram { return nil }
func (s floatSample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s floatSample) Copy() chunks.Sample           { return s }

type histogramSample struct {
	time int64
	h    *histogram.FloatHistogram
}

func (s histogramSample) ST() int64                     { return 0 }
func (s histogramSample) T() int64                      { return s.time }
func (s histogramSample) F() float64                    { return 0 }
func (s histogramSample) H() *histogram.Histogram       { return nil }
func (s histogramSample) FH() *histogram.FloatHistogram { return s.h }
func (s histogramSample) Type() chunkenc.ValueType      { return chunkenc.ValFloatHistogram }
func (s histogramSample) Copy() chunks.Sample           { return histogramSample{s.time, s.h.Copy()} }

// series adds a series and returns its number.
func (m *memory) series(pairs ...string) int {
	m.names = append(m.names, labels.FromStrings(pairs...))
	m.points = append(m.points, nil)
	return len(m.names) - 1
}

// add puts a sample in its place; the first of two with the same time stays.
func (m *memory) add(series int, s chunks.Sample) {
	at, found := slices.BinarySearchFunc(m.points[series], s.T(), func(p chunks.Sample, t int64) int {
		return int(p.T() - t)
	})
	if !found {
		m.points[series] = slices.Insert(m.points[series], at, s)
	}
}

func (m *memory) Querier(_, _ int64) (storage.Querier, error) { return m, nil }
func (m *memory) Close() error                                { return nil }

func (m *memory) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (m *memory) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (m *memory) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	set := &seriesSet{next: -1}
	for i, name := range m.names {
		if matches(name, matchers) {
			set.series = append(set.series, &storage.SeriesEntry{Lset: name, SampleIteratorFn: func(chunkenc.Iterator) chunkenc.Iterator {
				return storage.NewListSeriesIteratorWithCopy(list(m.points[i])) // the engine writes into histograms
			}})
		}
	}
	slices.SortFunc(set.series, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return set
}

func matches(name labels.Labels, matchers []*labels.Matcher) bool {
	for _, matcher := range matchers {
		if !matcher.Matches(name.Get(matcher.Name)) {
			return false
		}
	}
	return true
}

type seriesSet struct {
	series []storage.Series
	next   int
}

func (s *seriesSet) Next() bool                        { s.next++; return s.next < len(s.series) }
func (s *seriesSet) At() storage.Series                { return s.series[s.next] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// oracle answers PromQL over a memory.
type oracle struct {
	*memory
	t      *testing.T
	engine *promql.Engine
}

func newOracle(t *testing.T) *oracle {
	return &oracle{&memory{}, t, promql.NewEngine(promql.EngineOpts{
		MaxSamples: 50_000_000, Timeout: time.Minute, LookbackDelta: time.Minute,
		Parser: parser.NewParser(parser.Options{}),
	})}
}

// at is the value of a PromQL expression with at most one series; known is false where it has none,
// or a NaN.
func (o *oracle) at(expr string, end int64) (v float64, known bool) {
	o.t.Helper()
	query, err := o.engine.NewInstantQuery(context.Background(), o.memory, nil, expr, time.UnixMilli(end))
	if err != nil {
		o.t.Fatal(err)
	}
	defer query.Close()
	result := query.Exec(context.Background())
	vector, err := result.Vector()
	if err != nil {
		o.t.Fatalf("%s: %v", expr, err)
	}
	if len(vector) > 1 {
		o.t.Fatalf("%s: %d series", expr, len(vector))
	}
	if len(vector) == 0 || math.IsNaN(vector[0].F) {
		return 0, false
	}
	return vector[0].F, true
}

// promFunction calls one of PromQL's range functions itself, without an engine around it, so that
// millions of points can be compared. The points are those of the window.
func promFunction(name string, scalar float64, points []point, end, width int64) (float64, bool) {
	if len(points) == 0 {
		return 0, false
	}
	floats := make([]promql.FPoint, len(points))
	for i, p := range points {
		floats[i] = promql.FPoint{T: p.time, F: p.value}
	}
	selector := &parser.MatrixSelector{VectorSelector: &parser.VectorSelector{}, Range: time.Duration(width) * time.Millisecond}
	args, scalars := parser.Expressions{selector}, []promql.Vector(nil)
	if name == "quantile_over_time" {
		args = parser.Expressions{&parser.NumberLiteral{Val: scalar}, selector}
		scalars = []promql.Vector{{promql.Sample{F: scalar}}}
	}
	out, _ := promql.FunctionCalls[name](scalars, promql.Matrix{{Floats: floats}}, args, &promql.EvalNodeHelper{Ts: end})
	if len(out) == 0 || math.IsNaN(out[0].F) {
		return 0, false
	}
	return out[0].F, true
}

// agree reports whether got is want up to a tolerance relative to size, the largest number behind
// it; tolerance 0 asks for every bit.
func agree(got Result, want float64, known bool, tolerance, size float64) error {
	if got.Known != known {
		return fmt.Errorf("got %+v, want %v, known %v", got, want, known)
	}
	if !known || got.Value == want {
		return nil
	}
	if diff := math.Abs(got.Value - want); diff <= tolerance*max(math.Abs(want), size) {
		return nil
	}
	return fmt.Errorf("got %.17g, want %.17g", got.Value, want)
}
