package ingest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/prompb"

	"github.com/neuroweaver/heddle/tsdb"
)

// discard is a sink that drops what it is given.
type discard struct{}

func (discard) series([]byte) error              { return nil }
func (discard) badSeries(error, int)             {}
func (discard) sample(int64, float64) error      { return nil }
func (discard) startedSample(tsdb.Sample) error  { return nil }
func (discard) histogram(tsdb.Sample) error      { return nil }
func (discard) exemplar(exemplar.Exemplar) error { return nil }
func (discard) metadata(metadata.Metadata) error { return nil }

// benchmarkRequest is one scrape of 200 models with 25 series each, as Prometheus sends it.
func benchmarkRequest(timeMS int64) *prompb.WriteRequest {
	random := rand.New(rand.NewPCG(1, 1))
	request := &prompb.WriteRequest{}
	for i := range 5000 {
		request.Timeseries = append(request.Timeseries, seriesV1(
			[]prompb.Sample{{Timestamp: timeMS, Value: float64(random.IntN(1e6)) / 100}},
			"__name__", fmt.Sprintf("llm_metric_number_%d_total", i%25), "instance", fmt.Sprintf("10.0.0.%d:9000", i/25),
			"job", "inference", "model", fmt.Sprintf("model-%d", i/25), "region", "eu-central-1", "version", "v1"))
	}
	return request
}

func BenchmarkWalkWriteRequest(b *testing.B) {
	body, err := benchmarkRequest(time.Now().UnixMilli()).Marshal()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := walkWriteRequest(body, discard{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/5000, "ns/sample")
}

func BenchmarkGeneratedDecoder(b *testing.B) {
	body, err := benchmarkRequest(time.Now().UnixMilli()).Marshal()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := new(prompb.WriteRequest).Unmarshal(body); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/5000, "ns/sample")
}

// BenchmarkRemoteWrite is the whole door over a real store, the next scrape each time.
func BenchmarkRemoteWrite(b *testing.B) {
	db, err := tsdb.Open(b.TempDir(), tsdb.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	door := NewRemoteWrite(db, Options{})
	start := time.Now().Add(-20 * 24 * time.Hour).UnixMilli()
	b.ReportAllocs()
	n := int64(0)
	for b.Loop() {
		b.StopTimer()
		encoded, err := benchmarkRequest(start + n*15_000).Marshal()
		if err != nil {
			b.Fatal(err)
		}
		body := snappy.Encode(nil, encoded)
		n++
		b.StartTimer()
		if answer := post(b, door, body); answer.Code != http.StatusNoContent {
			b.Fatal(answer.Code, answer.Body)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/5000, "ns/sample")
}

func BenchmarkParseObservation(b *testing.B) {
	line := []byte(`{"ts_ms":1767571215123,"kind":"done","id":17,"model":"atlas-4","version":"v1","region":"eu","status":200,"latency_ms":812,"ttft_ms":140,"tokens_in":310,"tokens_out":95,"cost_usd":0.0021,"score":0.93}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ParseObservation(line); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTally(b *testing.B) {
	o, _, err := ParseObservation([]byte(`{"model":"atlas-4","version":"v1","region":"eu","status":200,"latency_ms":812,"ttft_ms":140,"tokens_in":310,"tokens_out":95,"cost_usd":0.0021,"score":0.93}`))
	if err != nil {
		b.Fatal(err)
	}
	tally := NewTally(0, nil)
	samples := 0
	emit := func(*Column, int64, float64) { samples++ }
	b.ReportAllocs()
	for b.Loop() {
		if err := tally.Add(o, time.Now().UnixMilli(), emit); err != nil {
			b.Fatal(err)
		}
	}
	tally.Flush(emit)
	b.ReportMetric(float64(samples)/float64(b.N), "samples/op")
}
