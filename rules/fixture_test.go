package rules

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/tsdb"
)

// bench is an engine with the series that a test names by their labels, and what it told.
type bench struct {
	t       testing.TB
	engine  *Engine
	names   []labels.Labels // by SeriesID − 1
	ids     map[string]tsdb.SeriesID
	told    []Transition
	serving map[string]string
	now     time.Time
}

// start is when the tests begin, on the server's clock.
var start = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

func newBench(t testing.TB, source string) *bench {
	t.Helper()
	b := &bench{t: t, ids: map[string]tsdb.SeriesID{}, serving: map[string]string{}, now: start}
	b.engine = NewEngine(b.options())
	b.load(source)
	return b
}

func (b *bench) options() Options {
	return Options{
		Labels:  func(id tsdb.SeriesID) labels.Labels { return b.names[id-1] },
		Notify:  func(_ time.Time, ts []Transition) { b.told = append(b.told, ts...) },
		Serving: func(route string) string { return b.serving[route] },
	}
}

func compileSource(t testing.TB, source string) *Program {
	t.Helper()
	file, errs := syntax.Parse("test.rules", source)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	p, errs := Compile([]*syntax.File{file}, CompileOptions{})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return p
}

func (b *bench) load(source string) {
	b.t.Helper()
	if err := b.engine.Load(context.Background(), compileSource(b.t, source), nil, b.now); err != nil {
		b.t.Fatal(err)
	}
}

// id returns the number of a series written as PromQL has it: requests{model="a"}.
func (b *bench) id(series string) tsdb.SeriesID {
	if id, ok := b.ids[series]; ok {
		return id
	}
	b.names = append(b.names, parseSeries(series))
	b.ids[series] = tsdb.SeriesID(len(b.names))
	return b.ids[series]
}

func parseSeries(series string) labels.Labels {
	name, rest, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
	pairs := []string{labels.MetricName, name}
	for _, pair := range strings.Split(rest, ",") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			pairs = append(pairs, strings.TrimSpace(key), strings.Trim(value, `"`))
		}
	}
	return labels.FromStrings(pairs...)
}

// push sends one row of samples, taken now; names and values alternate.
func (b *bench) push(samples ...any) { b.pushAt(b.now, samples...) }

func (b *bench) pushAt(taken time.Time, samples ...any) {
	row := tsdb.Row{TimeMS: taken.UnixMilli()}
	for i := 0; i < len(samples); i += 2 {
		row.Series = append(row.Series, b.id(samples[i].(string)))
		var v float64
		fmt.Sscan(fmt.Sprint(samples[i+1]), &v)
		row.Values = append(row.Values, v)
	}
	b.engine.Observe(&tsdb.Batch{Arrived: b.now, Rows: []tsdb.Row{row}}, b.now)
}

// wait lets time pass, with the ticks that are due in it.
func (b *bench) wait(d time.Duration) {
	end := b.now.Add(d)
	for next := b.engine.NextTick(); !next.IsZero() && !next.After(end); next = b.engine.NextTick() {
		if next.After(b.now) {
			b.now = next
		}
		b.engine.Tick(b.now)
	}
	b.now = end
}

// every pushes samples every step for a time.
func (b *bench) every(step, length time.Duration, samples ...any) {
	for end := b.now.Add(length); b.now.Before(end); b.wait(step) {
		b.push(samples...)
	}
}

// changes is what was told since the last call, one word each: "a:firing".
func (b *bench) changes() string {
	var words []string
	for _, t := range b.told {
		word := t.Labels.Get("model") + ":" + stateNames[t.To]
		switch {
		case t.Removed:
			word = t.Labels.Get("model") + ":removed"
		case t.From == t.To && t.Unknown:
			word = t.Labels.Get("model") + ":unknown"
		case t.From == t.To:
			word = t.Labels.Get("model") + ":known"
		}
		words = append(words, word)
	}
	b.told = nil
	return strings.Join(words, " ")
}

func (b *bench) want(what string) {
	b.t.Helper()
	if got := b.changes(); got != what {
		b.t.Errorf("at %v: got %q, want %q", b.now.Sub(start), got, what)
	}
}

func (b *bench) status(rule, model string) InstanceStatus {
	b.t.Helper()
	for _, s := range b.engine.Instances() {
		if s.Rule.Name == rule && s.Labels.Get("model") == model {
			return s
		}
	}
	b.t.Fatalf("no instance %s{model=%q}", rule, model)
	return InstanceStatus{}
}
