package rules

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb"
)

// fleet is n models, half with a gauge and half with two counters, and the rules of the comparison
// with Prometheus: an average and a ratio of rates, both over five minutes.
type fleet struct {
	engine *Engine
	batch  tsdb.Batch
	at     time.Time
}

func newFleet(b *testing.B, n int) *fleet {
	f := &fleet{at: start}
	names := []labels.Labels{labels.EmptyLabels()}
	series := func(name, model string) tsdb.SeriesID {
		names = append(names, labels.FromStrings("__name__", name, "model", model))
		return tsdb.SeriesID(len(names) - 1)
	}
	for i := range n {
		model := fmt.Sprintf("model-%07d", i)
		if i%2 == 0 {
			f.batch.Rows = append(f.batch.Rows, tsdb.Row{
				Series: []tsdb.SeriesID{series("latency_seconds", model)}, Values: make([]float64, 1)})
		} else {
			f.batch.Rows = append(f.batch.Rows, tsdb.Row{
				Series: []tsdb.SeriesID{series("requests_total", model), series("failures_total", model)}, Values: make([]float64, 2)})
		}
	}
	f.engine = NewEngine(Options{Labels: func(id tsdb.SeriesID) labels.Labels { return names[id] }})
	program := compileSource(b, `
metric latency  = gauge "latency_seconds"
metric requests = counter "requests_total"
metric failures = counter "failures_total"
rule slow on model { when avg(latency, 5m) > 2s for 1m }
rule failing on model { when rate(failures, 5m) / rate(requests, 5m) > 5% for 1m }
`)
	if err := f.engine.Load(b.Context(), program, nil, f.at); err != nil {
		b.Fatal(err)
	}
	return f
}

// round brings one sample of every series, 15 s after the round before.
func (f *fleet) round() {
	f.at = f.at.Add(15 * time.Second)
	f.batch.Arrived = f.at
	elapsed := f.at.Sub(start).Seconds()
	for i := range f.batch.Rows {
		row := &f.batch.Rows[i]
		row.TimeMS = f.at.UnixMilli()
		if len(row.Values) == 1 {
			row.Values[0] = 0.5 + float64(i%7)/10
		} else {
			row.Values[0], row.Values[1] = elapsed*10, elapsed/10
		}
	}
}

// BenchmarkRound is a round of 10,000 instances, with the timers that ring in between. The goal is a twentieth of
// what Prometheus takes for two rules over all of them: 5 to 7 ms.
func BenchmarkRound(b *testing.B) {
	f := newFleet(b, 10_000)
	for range 25 { // fill the windows
		f.round()
		f.engine.Observe(&f.batch, f.at)
	}
	for b.Loop() {
		f.round()
		f.engine.Tick(f.at)
		f.engine.Observe(&f.batch, f.at)
	}
}

// BenchmarkSampleToDecision is one row that arrives alone, with 10,000 instances in force.
func BenchmarkSampleToDecision(b *testing.B) {
	f := newFleet(b, 10_000)
	for range 25 {
		f.round()
		f.engine.Observe(&f.batch, f.at)
	}
	rows := f.batch.Rows
	n := len(rows)
	var took []time.Duration
	for b.Loop() {
		if n == len(rows) {
			n = 0
			f.round()
		}
		began := time.Now()
		f.engine.Observe(&tsdb.Batch{Arrived: f.at, Rows: rows[n : n+1]}, f.at)
		took = append(took, time.Since(began))
		n++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
	b.ReportMetric(float64(took[len(took)*999/1000]), "p99.9-ns")
}

// BenchmarkSampleToDecisionUnderLoad sends 100,000 samples a second, each row at its moment whether or not the
// engine is done with the one before, and counts from that moment to the decision. The goal is 1 ms for
// 99 of 100.
func BenchmarkSampleToDecisionUnderLoad(b *testing.B) {
	const samplesPerSecond = 100_000
	f := newFleet(b, 10_000)
	for range 25 {
		f.round()
		f.engine.Observe(&f.batch, f.at)
	}
	rows := f.batch.Rows
	n, sent := len(rows), 0
	var took []time.Duration
	began := time.Now()
	for b.Loop() {
		if n == len(rows) {
			n = 0
			f.round()
		}
		due := began.Add(time.Duration(sent) * time.Second / samplesPerSecond)
		for time.Now().Before(due) { // a sleep would wake too late
		}
		f.engine.Observe(&tsdb.Batch{Arrived: f.at, Rows: rows[n : n+1]}, f.at)
		took = append(took, time.Since(due))
		sent += len(rows[n].Values)
		n++
	}
	slices.Sort(took)
	b.ReportMetric(float64(sent)/time.Since(began).Seconds(), "samples/s")
	b.ReportMetric(float64(took[len(took)/2]), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
	b.ReportMetric(float64(took[len(took)-1]), "max-ns")
}

// BenchmarkMemory reports the heap that one instance takes with full windows. A million are to fit in
// 4 GB, of which the garbage collector leaves half to what lives.
func BenchmarkMemory(b *testing.B) {
	const instances = 200_000
	for b.Loop() {
		f := newFleet(b, instances)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range 25 {
			f.round()
			f.engine.Observe(&f.batch, f.at)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/instances, "B/instance")
		runtime.KeepAlive(f)
	}
}

// BenchmarkHistogramRow is a row of a classic histogram with twelve buckets, and two quantiles of it.
func BenchmarkHistogramRow(b *testing.B) {
	names := []labels.Labels{labels.EmptyLabels()}
	row := tsdb.Row{}
	add := func(pairs ...string) {
		names = append(names, labels.FromStrings(append(pairs, "model", "a")...))
		row.Series = append(row.Series, tsdb.SeriesID(len(names)-1))
		row.Values = append(row.Values, 0)
	}
	for _, le := range []string{"0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10", "30", "+Inf"} {
		add("__name__", "latency_seconds_bucket", "le", le)
	}
	add("__name__", "latency_seconds_count")
	add("__name__", "latency_seconds_sum")
	e := NewEngine(Options{Labels: func(id tsdb.SeriesID) labels.Labels { return names[id] }})
	program := compileSource(b, `
metric latency = histogram "latency_seconds"
rule slow on model { when p95(latency, 1m) > 2s and p95(latency, 5m) > 1.5s for 1m }`)
	if err := e.Load(b.Context(), program, nil, start); err != nil {
		b.Fatal(err)
	}
	at := start
	for b.Loop() {
		at = at.Add(time.Second)
		row.TimeMS = at.UnixMilli()
		for i := range row.Values {
			row.Values[i] += float64(i)
		}
		e.Observe(&tsdb.Batch{Arrived: at, Rows: []tsdb.Row{row}}, at)
	}
}

// BenchmarkReplayMonth is the goal of 30 days of 50 models at 15 s in at most 30 s, the reading of the
// data left out.
func BenchmarkReplayMonth(b *testing.B) {
	for b.Loop() {
		f := newFleet(b, 50)
		recording := Recording{Labels: f.engine.options.Labels, Batches: func(yield func(*tsdb.Batch, error) bool) {
			for range 30 * 24 * 3600 / 15 {
				if f.round(); !yield(&f.batch, nil) {
					return
				}
			}
		}}
		if err := Replay(b.Context(), f.engine.force.program, recording, nil, func(Event) bool { return true }); err != nil {
			b.Fatal(err)
		}
	}
}
