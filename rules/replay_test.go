package rules

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

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
rule worse on model { when firing(slow) and avg(latency, 10s) > ago(avg(latency, 10s), 20s) }
metric calls = histogram "calls_seconds"
` + randomRules(r, 20)
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
		calls              []float64 // by bucket, cumulative
	}
	var senders []*sender
	for _, model := range []string{"a", "b", "c"} {
		senders = append(senders, &sender{series: []tsdb.SeriesID{id("latency_seconds", model), id("requests_total", model), id("failures_total", model)}, at: start})
		last := senders[len(senders)-1]
		for _, le := range []string{"0.5", "1", "+Inf"} {
			names = append(names, labels.FromStrings("__name__", "calls_seconds_bucket", "model", model, "le", le))
			last.series = append(last.series, tsdb.SeriesID(len(names)-1))
		}
		last.calls = make([]float64, 3)
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
		upTo := 0.0
		for i := range s.calls {
			upTo += math.Floor(r.Float64() * 4 * (s.level + 0.1))
			s.calls[i] += upTo
		}
		values := append([]float64{s.level * (0.8 + r.Float64()*0.4), s.requests, s.failures}, s.calls...)
		taken := now.UnixMilli() - int64(r.IntN(200))
		switch r.IntN(40) {
		case 0: // late, within the grace window and beyond it
			taken -= int64(r.IntN(30_000))
		case 1: // the sender starts anew
			s.requests, s.failures = 0, 0
			clear(s.calls)
		case 2: // it says that its series end
			for i := range values {
				values[i] = math.Float64frombits(value.StaleNaN)
			}
		case 3:
			values[0] = []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[r.IntN(3)]
		}
		batches = append(batches, &tsdb.Batch{Arrived: now, Rows: []tsdb.Row{{TimeMS: taken, Series: s.series, Values: values}}})
	}
	naming := func(id tsdb.SeriesID) labels.Labels { return names[id] }
	describe := func(e Event) string { return fmt.Sprintf("%d %s", e.Time.UnixMilli(), e) }

	var live []string
	e := NewEngine(Options{Labels: naming, Notify: func(_ time.Time, ts []Transition) {
		for i := range ts {
			// A replay says nothing of metrics that a recording does not have.
			if event, ok := alertEvent(&ts[i]); ok && ts[i].Rule.Name != BlindRule {
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
	if diff := cmp.Diff(live, replayed); diff != "" {
		t.Errorf("seed %d: -live +replayed\n%s\nrules:\n%s", seed, diff, source)
	}
}

// randomRules writes rules of every function, hold and clause, with thresholds that the values of the test
// cross.
func randomRules(r *rand.Rand, n int) string {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	term := func() string {
		w := pick("5s", "10s", "30s", "2m")
		switch r.IntN(4) {
		case 0:
			return pick("rate", "increase") + "(" + pick("requests", "failures") + ", " + w + ")"
		case 1:
			return pick("avg", "sum", "min", "max", "stddev", "last", "slope", "ewma", "p50", "p90", "count") + "(latency, " + w + ")"
		case 2:
			return pick("p50(calls, ", "p95(calls, ", "avg(calls, ", "quantile(0.2, calls, ") + w + ")"
		}
		return pick("5 * above(calls, 0.7s, "+w+")", "5 * ratio(failures, requests, "+w+")", "5 * coverage(latency, "+w+")", "age(latency)", "ago(avg(latency, "+w+"), 15s)")
	}
	condition := func() string {
		one := func() string { return term() + pick(" > ", " < ", " >= ", " <= ") + pick("0.1", "0.5", "1", "2", "10") }
		return pick(one(), one()+" and "+one(), one()+" or "+one(), "not ("+one()+")", term()+" > "+term())
	}
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "rule random%d on model {\n when %s\n", i, condition())
		for _, clause := range []string{
			pick("", "for 3s", "for 12s", "for 2 of 4"), pick("", "require "+condition()), pick("", "", "recover "+condition()+pick("", " for 6s")),
			pick("", "missing hold", "missing fire after 10s", "missing clear after 5s"), "severity " + pick("info", "critical"),
		} {
			b.WriteString(clause + "\n")
		}
		b.WriteString("}\n")
	}
	return b.String()
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
