package storagebench

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

func smallTelemetry() Telemetry {
	return Telemetry{Seed: 7, Series: 100, Start: time.UnixMilli(1767571200000), Span: 30 * time.Minute, Interval: 15 * time.Second}
}

// TestTelemetryIsDeterministic: a store is judged by what comes back, so the rows must be the same each
// time they are made, and others for another seed.
func TestTelemetryIsDeterministic(t *testing.T) {
	collect := func(seed uint64) (bits []uint64) {
		telemetry := smallTelemetry()
		telemetry.Seed = seed
		for _, target := range telemetry.Dataset().Targets {
			for row := range target.Rows() {
				bits = append(bits, uint64(row.TimeMS))
				for _, value := range row.Values {
					bits = append(bits, math.Float64bits(value))
				}
			}
		}
		return bits
	}
	first := collect(7)
	if len(first) != 4*120*(1+25) {
		t.Fatalf("%d numbers", len(first))
	}
	if !slices.Equal(first, collect(7)) {
		t.Error("the same seed gave other rows")
	}
	if slices.Equal(first, collect(8)) {
		t.Error("another seed gave the same rows")
	}
}

// TestTelemetryIsConsistent checks what holds in every real process: buckets grow with their bounds, the
// count is the last bucket, counters fall only together, times rise.
func TestTelemetryIsConsistent(t *testing.T) {
	telemetry := smallTelemetry()
	telemetry.Span = 12 * time.Hour
	resets := 0
	for _, target := range telemetry.Dataset().Targets {
		place := map[string]int{}
		var buckets []int
		for i, l := range target.Series() {
			place[l.Get(labels.MetricName)] = i
			if l.Has(labels.BucketLabel) {
				buckets = append(buckets, i)
			}
		}
		count, requests := place["llm_request_duration_seconds_count"], place["llm_requests_total"]
		lastTime, lastRequests := int64(0), 0.0
		for row := range target.Rows() {
			for i := 1; i < len(buckets); i++ {
				if row.Values[buckets[i]] < row.Values[buckets[i-1]] {
					t.Fatalf("%v at %d: bucket %d is below the one before", target.Selector(), row.TimeMS, i)
				}
			}
			if row.Values[count] != row.Values[buckets[len(buckets)-1]] || row.Values[count] != row.Values[requests] {
				t.Fatalf("%v at %d: count, +Inf and requests differ", target.Selector(), row.TimeMS)
			}
			if row.TimeMS <= lastTime {
				t.Fatalf("%v: %d ms after %d ms", target.Selector(), row.TimeMS, lastTime)
			}
			if row.Values[requests] < lastRequests {
				resets++
			}
			lastTime, lastRequests = row.TimeMS, row.Values[requests]
		}
	}
	if resets == 0 {
		t.Error("no process restarted in 48 hours of processes")
	}
}

// TestKindsPartition: the kinds together are all series, and none twice.
func TestKindsPartition(t *testing.T) {
	whole := map[string]bool{}
	for _, target := range smallTelemetry().Dataset().Targets {
		for _, l := range target.Series() {
			whole[l.String()] = true
		}
	}
	for _, kind := range Kinds() {
		telemetry := smallTelemetry()
		telemetry.Kind = kind
		for _, target := range telemetry.Dataset().Targets {
			if len(target.Series()) == 0 {
				t.Errorf("%s: a target without series", kind)
			}
			for _, l := range target.Series() {
				if !whole[l.String()] {
					t.Errorf("%s: %s is of another kind too, or of none", kind, l)
				}
				delete(whole, l.String())
			}
		}
	}
	if len(whole) > 0 {
		t.Errorf("%d series have no kind", len(whole))
	}
}

// TestShardsKeepTargetsTogether: no target is split between requests, and none exceeds the batch unless
// it is alone.
func TestShardsKeepTargetsTogether(t *testing.T) {
	data := smallTelemetry().Dataset()
	for batch, want := range map[int]string{1: "25 25 25 25", 50: "50 50", 60: "50 50", 75: "75 25", 1000: "100"} {
		var got []string
		for _, s := range shardsOf(data.Targets, batch) {
			n := 0
			for _, c := range s.targets {
				n += len(c.series)
			}
			s.stop()
			got = append(got, strconv.Itoa(n))
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("batch %d: %s, want %s", batch, text, want)
		}
	}
}
