package ingest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/neuroweaver/heddle/tsdb"
)

// transcript is a sink that writes down what a walk finds, one line each.
type transcript struct{ lines []string }

func (t *transcript) add(format string, args ...any) {
	t.lines = append(t.lines, fmt.Sprintf(format, args...))
}

func (t *transcript) series(key []byte) error {
	set, err := Limits{}.withDefaults().parseLabels(key)
	if err != nil {
		t.add("bad series: %v", err)
		return nil
	}
	t.add("series %s", set)
	return nil
}

func (t *transcript) badSeries(err error, samples int) { t.add("bad series of %d: %v", samples, err) }

func (t *transcript) sample(timeMS int64, value float64) error {
	t.add("sample %d %x", timeMS, math.Float64bits(value))
	return nil
}

func (t *transcript) startedSample(s tsdb.Sample) error {
	t.add("sample %d %x since %d", s.TimeMS, math.Float64bits(s.Value), s.StartMS)
	return nil
}

func (t *transcript) histogram(s tsdb.Sample) error {
	t.add("histogram %d since %d %v %v", s.TimeMS, s.StartMS, s.Histogram, s.FloatHistogram)
	return nil
}

func (t *transcript) exemplar(e exemplar.Exemplar) error {
	t.add("exemplar %s %g %d", e.Labels, e.Value, e.Ts)
	return nil
}

func (t *transcript) metadata(m metadata.Metadata) error {
	t.add("metadata %s %q %q", m.Type, m.Unit, m.Help)
	return nil
}

// oracleV1 is the transcript by the generated decoder.
func oracleV1(body []byte) ([]string, error) {
	var request prompb.WriteRequest
	if err := request.Unmarshal(body); err != nil {
		return nil, err
	}
	t := &transcript{}
	for _, series := range request.Timeseries {
		var key []byte
		for _, l := range series.Labels {
			key = appendLabel(key, l.Name, l.Value)
		}
		t.series(key)
		for _, s := range series.Samples {
			t.sample(s.Timestamp, s.Value)
		}
		for _, e := range series.Exemplars {
			b := labels.NewScratchBuilder(0)
			t.exemplar(e.ToExemplar(&b, nil))
		}
		for _, h := range series.Histograms {
			if h.IsFloatHistogram() {
				t.histogram(tsdb.Sample{TimeMS: h.Timestamp, FloatHistogram: h.ToFloatHistogram()})
			} else {
				t.histogram(tsdb.Sample{TimeMS: h.Timestamp, Histogram: h.ToIntHistogram()})
			}
		}
	}
	return t.lines, nil
}

// randomRequests are requests of both versions with the same content.
func randomRequests(random *rand.Rand) (*prompb.WriteRequest, *writev2.Request) {
	v1, v2, symbols := &prompb.WriteRequest{}, &writev2.Request{}, writev2.NewSymbolTable()
	values := []float64{0, math.Copysign(0, -1), 1, 0.25, math.NaN(), math.Inf(1), math.MaxFloat64, math.SmallestNonzeroFloat64}
	for range random.IntN(5) {
		set := labels.FromStrings("__name__", "metric", "zone", strings.Repeat("z", random.IntN(300)), "ünïcode", "✓")
		one := prompb.TimeSeries{}
		set.Range(func(l labels.Label) {
			one.Labels = append(one.Labels, prompb.Label{Name: l.Name, Value: l.Value})
		})
		two := writev2.TimeSeries{LabelsRefs: symbols.SymbolizeLabels(set, nil)}
		for range 1 + random.IntN(4) {
			timeMS, value := random.Int64N(1<<42)-1000, values[random.IntN(len(values))]
			one.Samples = append(one.Samples, prompb.Sample{Timestamp: timeMS, Value: value})
			two.Samples = append(two.Samples, writev2.Sample{Timestamp: timeMS, Value: value})
		}
		if random.IntN(3) == 0 {
			h := &histogram.Histogram{
				Schema: 1, ZeroThreshold: 0.001, ZeroCount: 2, Count: 7, Sum: 3.5,
				PositiveSpans: []histogram.Span{{Offset: 1, Length: 2}}, PositiveBuckets: []int64{2, 1},
			}
			one.Histograms = append(one.Histograms, prompb.FromIntHistogram(5, h), prompb.FromFloatHistogram(6, h.ToFloat(nil)))
			two.Histograms = append(two.Histograms, writev2.FromIntHistogram(0, 5, h), writev2.FromFloatHistogram(0, 6, h.ToFloat(nil)))
		}
		v1.Timeseries, v2.Timeseries = append(v1.Timeseries, one), append(v2.Timeseries, two)
	}
	v2.Symbols = symbols.Symbols()
	return v1, v2
}

func TestWalksAgreeWithTheGeneratedDecoder(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	for range 500 {
		v1, v2 := randomRequests(random)
		body1, err := v1.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		body2, err := v2.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		want, err := oracleV1(body1)
		if err != nil {
			t.Fatal(err)
		}
		got1, got2 := &transcript{}, &transcript{}
		if err := walkWriteRequest(body1, got1); err != nil {
			t.Fatalf("seed %d: 1.0: %v", seed, err)
		}
		if err := walkRequest(body2, &requestV2{limits: Limits{}.withDefaults()}, got2); err != nil {
			t.Fatalf("seed %d: 2.0: %v", seed, err)
		}
		if diff := cmp.Diff(want, got1.lines); diff != "" {
			t.Fatalf("seed %d: 1.0 differs from the generated decoder (-want +got):\n%s", seed, diff)
		}
		if diff := cmp.Diff(want, got2.lines); diff != "" {
			t.Fatalf("seed %d: 2.0 differs from 1.0 (-want +got):\n%s", seed, diff)
		}
	}
}

func TestLabelsAfterSamples(t *testing.T) {
	label := appendLabel(nil, "__name__", "late")
	sample := []byte{tagSample, 2, tagTimestamp, 7}
	series := append(append(append([]byte{}, label...), sample...), appendLabel(nil, "zone", "a")...)
	got := &transcript{}
	if err := walkSeriesV1(series, got); err != nil {
		t.Fatal(err)
	}
	want := []string{`series {__name__="late", zone="a"}`, "sample 7 0"}
	if diff := cmp.Diff(want, got.lines); diff != "" {
		t.Error(diff)
	}
}

func TestV2Refusals(t *testing.T) {
	limits := Limits{}.withDefaults()
	name := strings.Repeat("n", limits.LabelNameBytes+1)
	f := func(want string, request *writev2.Request) {
		t.Helper()
		body, err := request.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got := &transcript{}
		if err := walkRequest(body, &requestV2{limits: limits}, got); err != nil {
			got.add("error: %v", err)
		}
		if text := strings.Join(got.lines, "\n"); !strings.Contains(text, want) {
			t.Errorf("want %q in:\n%s", want, text)
		}
	}
	sample := []writev2.Sample{{Timestamp: 1, Value: 1}}
	f("symbol table", &writev2.Request{})
	f("symbol table", &writev2.Request{Symbols: []string{"a"}})
	f("not pairs", &writev2.Request{Symbols: []string{""}, Timeseries: []writev2.TimeSeries{{LabelsRefs: []uint32{0}, Samples: sample}}})
	f("label reference 9", &writev2.Request{Symbols: []string{""}, Timeseries: []writev2.TimeSeries{{LabelsRefs: []uint32{0, 9}, Samples: sample}}})
	f("bad series of 1: label", &writev2.Request{Symbols: []string{"", name}, Timeseries: []writev2.TimeSeries{{LabelsRefs: []uint32{1, 0}, Samples: sample}}})
	f("more than 64 labels", &writev2.Request{Symbols: []string{"", "a"}, Timeseries: []writev2.TimeSeries{{LabelsRefs: make([]uint32, 130), Samples: sample}}})
	f("without samples", &writev2.Request{Symbols: []string{"", "__name__", "up"}, Timeseries: []writev2.TimeSeries{{LabelsRefs: []uint32{1, 2}}}})
	f("since 9", &writev2.Request{Symbols: []string{"", "__name__", "up"}, Timeseries: []writev2.TimeSeries{
		{LabelsRefs: []uint32{1, 2}, Samples: []writev2.Sample{{Timestamp: 10, Value: 1, StartTimestamp: 9}}}}})
}

func TestParseLabels(t *testing.T) {
	limits := Limits{LabelsPerSeries: 3, LabelNameBytes: 10, LabelValueBytes: 10}.withDefaults()
	f := func(want string, pairs ...string) {
		t.Helper()
		var key []byte
		for i := 0; i < len(pairs); i += 2 {
			key = appendLabel(key, pairs[i], pairs[i+1])
		}
		set, err := limits.parseLabels(key)
		got := set.String()
		if err != nil {
			got = err.Error()
			if !isLabelError(err) {
				t.Errorf("%v is not a label error", err)
			}
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q: got %s, want %s", pairs, got, want)
		}
	}
	f(`{__name__="up", a="1", b="2"}`, "b", "2", "a", "1", "__name__", "up")
	f(`{__name__="up"}`, "__name__", "up", "empty", "")
	f("there twice", "__name__", "up", "a", "1", "a", "2")
	f("no metric name", "a", "1")
	f("no metric name", "__name__", "")
	f("has no name", "__name__", "up", "", "x")
	f("more than 3 labels", "__name__", "up", "a", "1", "b", "1", "c", "1")
	f("longer than 10", "__name__", "up", "eleven_long", "1")
	f("longer than 10", "__name__", "eleven_long")
	f("not valid UTF-8", "__name__", "up\xff")
	f("not valid UTF-8", "__name__", "up", "\xff", "1")
}

func FuzzWalkWriteRequest(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		v1, v2 := randomRequests(random)
		body1, _ := v1.Marshal()
		body2, _ := v2.Marshal()
		f.Add(body1)
		f.Add(body2)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		// 2.0 on any bytes: an error or a transcript, never a panic.
		_ = walkRequest(body, &requestV2{limits: Limits{}.withDefaults()}, &transcript{})

		got := &transcript{}
		gotErr := walkWriteRequest(body, got)
		want, wantErr := oracleV1(body)
		if gotErr != nil || wantErr != nil {
			// The generated decoder also checks the metadata, which the walk skips, and accepts
			// some encodings that are not protobuf's; so only what both accept is compared.
			return
		}
		if diff := cmp.Diff(want, got.lines); diff != "" {
			t.Errorf("differs from the generated decoder (-want +got):\n%s", diff)
		}
	})
}

func TestWalkDoesNotAllocate(t *testing.T) {
	body, err := benchmarkRequest(1).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	allocations := testing.AllocsPerRun(10, func() {
		if err := walkWriteRequest(body, discard{}); err != nil {
			t.Error(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations for a request, want none", allocations)
	}
}
