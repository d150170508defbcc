package rules

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb"
)

// TestReplayDecidesAsLive feeds the same samples in the same order to an engine that runs live, with a
// clock that asks it again and again, and to a replay: the decisions are the same, to the millisecond.
func TestReplayDecidesAsLive(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	source := `
metric latency  = gauge "latency_seconds"
metric requests = counter "requests_total"
metric failures = counter "failures_total"
rule slow on model { when avg(latency, 30s) > 1s for 5s recover max(latency, 10s) < 1s for 7s missing clear after 40s }
rule failing on model { when ratio(failures, requests, 30s) > 10% for 3 of 5 }
rule dark on model { when age(latency) > 20s }
rule worse on model { when firing(slow) and avg(latency, 10s) > ago(avg(latency, 10s), 20s) }`
	var batches []*tsdb.Batch
	names := []labels.Labels{labels.EmptyLabels()}
	id := func(name, model string) tsdb.SeriesID {
		names = append(names, labels.FromStrings("__name__", name, "model", model))
		return tsdb.SeriesID(len(names) - 1)
	}
	type sender struct {
		series             []tsdb.SeriesID
		at                 time.Time
		level              float64
		requests, failures float64
	}
	var senders []*sender
	for _, model := range []string{"a", "b", "c"} {
		senders = append(senders, &sender{series: []tsdb.SeriesID{id("latency_seconds", model), id("requests_total", model), id("failures_total", model)}, at: start})
	}
	for now := start; now.Before(start.Add(15 * time.Minute)); now = now.Add(time.Duration(100+r.IntN(900)) * time.Millisecond) {
		s := senders[r.IntN(len(senders))]
		if r.IntN(60) == 0 {
			s.level = r.Float64() * 2.5
		}
		if r.IntN(200) == 0 {
			now = now.Add(time.Duration(r.IntN(90)) * time.Second)
		}
		s.requests += 10
		if s.level > 1.2 {
			s.failures += r.Float64() * 4
		}
		batches = append(batches, &tsdb.Batch{Arrived: now, Rows: []tsdb.Row{{
			TimeMS: now.UnixMilli() - int64(r.IntN(200)), Series: s.series, Values: []float64{s.level * (0.8 + r.Float64()*0.4), s.requests, s.failures},
		}}})
	}
	naming := func(id tsdb.SeriesID) labels.Labels { return names[id] }
	describe := func(e Event) string { return fmt.Sprintf("%d %s", e.Time.UnixMilli(), e) }

	var live []string
	e := NewEngine(Options{Labels: naming, Notify: func(_ time.Time, ts []Transition) {
		for i := range ts {
			if event, ok := alertEvent(&ts[i]); ok {
				live = append(live, describe(event))
			}
		}
	}})
	if err := e.Load(context.Background(), compileSource(t, source), nil, batches[0].Arrived); err != nil {
		t.Fatal(err)
	}
	clock := batches[0].Arrived
	for _, b := range batches {
		for {
			due := e.NextTick()
			if due.IsZero() || due.After(b.Arrived) {
				break
			}
			clock = later(due, clock)
			e.Tick(clock)
			clock = clock.Add(time.Millisecond)
		}
		e.Observe(b, b.Arrived)
	}

	var replayed []string
	err := Replay(context.Background(), compileSource(t, source), Recording{Labels: naming, Batches: func(yield func(*tsdb.Batch, error) bool) {
		for _, b := range batches {
			if !yield(b, nil) {
				return
			}
		}
	}}, nil, func(e Event) bool {
		replayed = append(replayed, describe(e))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(live) < 10 {
		t.Errorf("seed %d: only %d events", seed, len(live))
	}
	if a, b := strings.Join(live, "\n"), strings.Join(replayed, "\n"); a != b {
		t.Errorf("seed %d: live\n%s\nreplayed\n%s", seed, a, b)
	}
}

func TestEventJSON(t *testing.T) {
	at := time.UnixMilli(1767571299000)
	for _, c := range []struct {
		event Event
		want  string
	}{
		{Event{Time: at, Type: "alert", Rule: "slow", Severity: Critical, Labels: map[string]string{"model": "a"}}, `{"ts_ms":1767571299000,"type":"alert","rule":"slow","severity":"critical","labels":{"model":"a"}}`},
		{Event{Time: at, Type: "resolve", Rule: "slow", Labels: map[string]string{"model": "a"}}, `{"ts_ms":1767571299000,"type":"resolve","rule":"slow","labels":{"model":"a"}}`},
		{Event{Time: at, Type: "switch", Route: "chat", Action: "switch", From: "a", To: "b", Reason: "r"}, `{"ts_ms":1767571299000,"type":"switch","route":"chat","action":"switch","from":"a","to":"b","reason":"r"}`},
	} {
		got, err := json.Marshal(c.event)
		if err != nil || string(got) != c.want {
			t.Errorf("%s, %v; want %s", got, err, c.want)
		}
	}
}
