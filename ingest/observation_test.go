package ingest

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb"
)

func TestParseObservation(t *testing.T) {
	f := func(want, line string) {
		t.Helper()
		o, unknown, err := ParseObservation([]byte(line))
		got := fmt.Sprintf("%s %s", o.Kind, o.Model)
		if unknown != "" {
			got += " ignoring " + unknown
		}
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
	f("done a", `{"model":"a"}`)
	f("start a", `{"model":"a","kind":"start","id":"any text"}`)
	f("judge a", `{"model":"a","kind":"judge","score":0.25,"id":7}`)
	f("done a ignoring latency", `{"model":"a","latency":3}`)
	f("done a", `{"model":"a","status":0}`)
	f("model is missing", `{}`)
	f("model is missing", `{"model":""}`)
	f("not a JSON object", ``)
	f("not a JSON object", `{"model":"a"`)
	f("more than one JSON object", `{"model":"a"}{"model":"b"}`)
	f("kind", `{"model":"a","kind":"dome"}`)
	f("needs a score", `{"model":"a","kind":"judge"}`)
	f("0 or 1, not 0.5", `{"model":"a","kind":"thumb","score":0.5}`)
	f("status 99", `{"model":"a","status":99}`)
	f("status can not be a string", `{"model":"a","status":"ok"}`)
	f("latency_ms is -1", `{"model":"a","latency_ms":-1}`)
	f("tokens_in is 1e+10", `{"model":"a","tokens_in":1e10}`)
	f("score is 1.5", `{"model":"a","score":1.5}`)
	f("at most 256 bytes", `{"model":"`+strings.Repeat("a", 257)+`"}`)
}

// FuzzParseObservation: whatever comes in is refused, or counted as finite numbers that do not fall.
func FuzzParseObservation(f *testing.F) {
	f.Add(`{"ts_ms":1767571215123,"kind":"done","id":17,"model":"atlas-4","version":"v1","region":"eu","status":200,"latency_ms":812,"ttft_ms":140,"tokens_in":310,"tokens_out":95,"cost_usd":0.0021,"score":0.93,"deliver_ms":1767571215200}`)
	f.Add(`{"model":"a","kind":"thumb","score":1}`)
	f.Add(`{"model":"a","kind":"start","tokens_in":1e9}`)
	f.Add(`{"model":"a","latency_ms":1e308}`)
	f.Fuzz(func(t *testing.T, line string) {
		o, _, err := ParseObservation([]byte(line))
		if err != nil {
			return
		}
		o.TimeMS = nil
		tally, last := NewTally(0, nil), map[string]float64{}
		for i := range int64(3) {
			emit := func(c *Column, timeMS int64, v float64) {
				key := c.Labels.String()
				if math.IsNaN(v) || math.IsInf(v, 0) || v < last[key] && c.metric != metricInFlight && c.metric != metricAccuracy {
					t.Errorf("%s at %d: %v after %v", key, timeMS, v, last[key])
				}
				last[key] = v
			}
			if err := tally.Add(o, 1e12+i*700, emit); err != nil {
				t.Fatal(err)
			}
			tally.Flush(emit)
			tally.Commit()
		}
	})
}

func TestTallyLimit(t *testing.T) {
	tally := NewTally(2, nil)
	for i, want := range []bool{true, true, false} {
		err := tally.Add(Observation{Model: fmt.Sprint(i), Kind: KindDone}, 1, func(*Column, int64, float64) {})
		if (err == nil) != want {
			t.Errorf("model %d: %v", i, err)
		}
	}
}

func TestInFlight(t *testing.T) {
	tally := NewTally(0, nil)
	add := func(kind string) {
		if err := tally.Add(Observation{Model: "a", Kind: kind}, 1, func(*Column, int64, float64) {}); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range []string{KindDone, KindStart, KindStart, KindDone, KindDone, KindDone, KindStart} {
		add(kind)
	}
	got := math.NaN()
	tally.Flush(func(c *Column, _ int64, v float64) {
		if c.metric == metricInFlight {
			got = v
		}
	})
	if got != 1 {
		t.Errorf("in flight: %v, want 1: a lost start must not make it negative", got)
	}
}

// TestTotalsUnderConcurrency: requests that share rows are each counted, once.
func TestTotalsUnderConcurrency(t *testing.T) {
	db := openStore(t, tsdb.Options{})
	door := runObservations(t, db, Options{})
	const senders, requests, lines = 8, 12, 5
	body := []byte(strings.Repeat("{\"model\":\"a\",\"latency_ms\":5,\"cost_usd\":0.0001}\n", lines))
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for range requests {
				if answer := post(t, door, body); answer.Code != http.StatusOK {
					t.Errorf("%d %s", answer.Code, answer.Body)
				}
			}
		})
	}
	all.Wait()
	const total = senders * requests * lines
	for name, want := range map[string]float64{
		"heddle_requests_total": total, "heddle_request_duration_seconds_count": total,
		"heddle_request_duration_seconds_sum": total * 0.005, "heddle_cost_usd_total": total * 0.0001,
	} {
		got := contents(t, db, labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, name))
		if len(got) != 1 || !strings.HasSuffix(got[0], fmt.Sprintf("=%v", want)) {
			t.Errorf("%s: %v, want %v at the end", name, got, want)
		}
	}
}
