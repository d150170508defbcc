package peers

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
)

// TestPeer starts the real peers, writes to them, and reads all back. A peer that is not installed is
// skipped.
func TestPeer(t *testing.T) {
	for name, start := range map[string]Start{"Prometheus": Prometheus, "VictoriaMetrics": VictoriaMetrics} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			server, err := start(ctx, Options{Dir: t.TempDir()})
			if errors.Is(err, ErrNotInstalled) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := server.Stop(); err != nil {
					t.Error(err)
				}
			})
			start := time.Now().Truncate(time.Second).Add(-time.Hour)
			want := []Point{{start.UnixMilli() + 1, 0.1}, {start.UnixMilli() + 15001, -3}}
			request := &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{TimeSeries(labels.FromStrings("__name__", "m", "a", "b"),
				prompb.Sample{Timestamp: want[0].TimeMS, Value: want[0].Value}, prompb.Sample{Timestamp: want[1].TimeMS, Value: want[1].Value})}}
			if err := server.Write(ctx, request); err != nil {
				t.Fatal(err)
			}
			disk, err := server.Compact(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if disk.SampleBytes < 50 || disk.SampleBytes > 100_000 {
				t.Errorf("two samples take %d bytes", disk.SampleBytes)
			}
			series, err := server.Raw(ctx, `{a="b"}`, time.Hour, start.Add(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			if len(series) != 1 || series[0].Metric["__name__"] != "m" || len(series[0].Values) != 2 || series[0].Values[0] != want[0] || series[0].Values[1] != want[1] {
				t.Errorf("read back %v, want %v", series, want)
			}
			usage, err := server.Usage()
			if err != nil {
				t.Fatal(err)
			}
			if usage.CPUSeconds <= 0 || usage.PeakRSSBytes < 1<<20 {
				t.Errorf("usage %+v", usage)
			}
		})
	}
}

// TestUsageCountsCPU: a process that works for a while is charged about that.
func TestUsageCountsCPU(t *testing.T) {
	before, err := usageOf(os.Getpid())
	if err != nil {
		t.Skip(err) // not Linux
	}
	for x := 0.0; ; x++ {
		math.Sin(x)
		after, err := usageOf(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if after.CPUSeconds-before.CPUSeconds >= 0.05 {
			return
		}
	}
}

// TestStartFails: a program that ends at once is an error with what it said.
func TestStartFails(t *testing.T) {
	s := newServer("broken", "", "127.0.0.1:1")
	_, err := s.run(t.Context(), Options{Dir: t.TempDir()}, "/", "sh", "-c", "echo the reason; exit 3")
	if err == nil || !strings.Contains(err.Error(), "the reason") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("%v", err)
	}
}

// TestPoint: the forms in which servers write samples.
func TestPoint(t *testing.T) {
	for text, want := range map[string]Point{
		`[1767571215.123,"0.5"]`:      {1767571215123, 0.5},
		`[1767571215, "-1e-9"]`:       {1767571215000, -1e-9},
		`[1.767571215123e+09,"+Inf"]`: {1767571215123, math.Inf(1)},
	} {
		var got Point
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{`[]`, `["a","1"]`, `[1,"x"]`} {
		var got Point
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s was read as %v", text, got)
		}
	}
}
