package lsp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/neuroweaver/heddle/rules"
)

// fixedLive is a server whose answers are written down; one that runs is asked in the tests of the
// command.
type fixedLive struct {
	instances map[string][]Instance
	values    map[string][]string
	// block holds every answer back until its context ends.
	block bool
}

func (f fixedLive) wait(ctx context.Context) error {
	if f.block {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (f fixedLive) Explain(ctx context.Context, rule string) ([]Instance, error) {
	if found, ok := f.instances[rule]; ok {
		return found, f.wait(ctx)
	}
	return nil, errors.Join(f.wait(ctx), errors.New("there is no rule "+rule))
}

func (f fixedLive) LabelNames(ctx context.Context, _ []string) ([]string, error) {
	return []string{"__name__", "error.type", "model", "zone"}, f.wait(ctx)
}

func (f fixedLive) LabelValues(ctx context.Context, label string, metrics []string) (found []string, err error) {
	for _, value := range f.values[label] {
		if label != nameLabel || len(metrics) == 0 || slices.Contains(metrics, value) {
			found = append(found, value)
		}
	}
	return found, f.wait(ctx)
}

const hoverRules = `use "vllm"

# Seconds until the answer, é😀.
metric latency = histogram "llm_latency_seconds" or "other_latency"
let slowness = p95(latency, 1m)
let is_slow = slowness > 2s or not avg(queue, 1m) < 5
route chat {
  models "a", "b"
  apply file
}
rule slow on model {
  when     is_slow and count(latency, 90s) > 2k
  severity critical
  summary  "😀 {p95(latency, 1m)} on {model}"
  switch   chat
}
`

func TestHover(t *testing.T) {
	live := fixedLive{
		values: map[string][]string{nameLabel: {"llm_latency_seconds_bucket", "llm_latency_seconds_sum"}},
		instances: map[string][]Instance{"slow": {{Labels: map[string]string{"model": "a"}, State: "firing", Clauses: []rules.Clause{{Name: "when", Tree: rules.ExplanationNode{
			Text: "(p95(latency, 1m) > 2s or not avg(queue, 1m) < 5) and count(latency, 90s) > 2k", Value: "true", Parts: []rules.ExplanationNode{
				{Text: "(p95(latency, 1m) > 2s or not avg(queue, 1m) < 5)", Value: "unknown", Parts: []rules.ExplanationNode{{Text: "p95(latency, 1m)", Value: "3.2s", Samples: 17}}},
				{Text: "count(latency, 90s)", Value: "2077"},
			},
		}}}}}},
	}
	for _, c := range []struct {
		word string
		// want with a server, and what must not be there without one.
		want, live []string
	}{
		{"= p‸95(", []string{"p95(m, w)", "95% of the observations", "quantile(95%, m, w)", "unit: as m", "no data: unknown", "late sample: the value is corrected"}, []string{`{model="a"}`, "3.2s", "17 samples", "slow is firing"}},
		{"let slow‸ness", []string{"let slowness = p95(latency, 1m)", "chat.rules:5"}, []string{"**3.2s**"}},
		{"  is_‸slow and", []string{"let is_slow = slowness > 2s"}, []string{"**unknown**"}},
		{"let is_s‸low", []string{"let is_slow"}, []string{"**unknown**"}},
		{"p95(lat‸ency", []string{`metric latency = histogram "llm_latency_seconds"`, "Seconds until the answer, é😀."}, []string{"`llm_latency_seconds` **arrives**", "`other_latency` no series"}},
		{"avg(que‸ue", []string{"num_requests_waiting", "gauge", "from the catalogue `vllm`"}, []string{"no series"}},
		{`😀 {p95‸(`, []string{"p95(m, w)"}, []string{"**3.2s**"}},
		{"on {mod‸el}", []string{"label `model`"}, nil},
		{"‸when ", []string{"when p95(latency, 1m) > 2s"}, []string{"**true**"}},
		{"sev‸erity", []string{"severity info|warning|critical"}, nil},
		{"rule sl‸ow", []string{"rule slow on model {\n  when     is_slow"}, []string{"**true**"}},
		{"ch‸at\n}", []string{"route chat {", `models "a", "b"`}, nil},
		{"9‸0s)", []string{"`90s` is 90 seconds"}, nil},
		{"2‸k", []string{"`2k` is 2000"}, nil},
		{`"vl‸lm"`, []string{"catalogue `vllm`", "`ttft` histogram"}, nil},
	} {
		for _, online := range []bool{true, false} {
			plain := strings.Replace(c.word, "‸", "", 1)
			source, place := marked(t, strings.Replace(hoverRules, plain, c.word, 1))
			options := Options{}
			if online {
				options.Live = live
			}
			e := start(t, options)
			e.open(chat, source)
			var got hover
			e.ask("textDocument/hover", at(chat, place), &got)
			for _, want := range c.want {
				if !strings.Contains(got.Contents.Value, want) {
					t.Errorf("%s: no %q in %q", c.word, want, got.Contents.Value)
				}
			}
			for _, want := range c.live {
				if strings.Contains(got.Contents.Value, want) != online {
					t.Errorf("%s with a server %v: %q in %q", c.word, online, want, got.Contents.Value)
				}
			}
			text := newText(source)
			if from, to := text.offset(got.Range.Start), text.offset(got.Range.End); from > text.offset(place) || to < text.offset(place) || from == to {
				t.Errorf("%s: the range %+v does not hold the place %+v", c.word, got.Range, place)
			}
		}
	}
}

func TestHoverSaysWhyThereIsNoValue(t *testing.T) {
	source, place := marked(t, strings.Replace(hoverRules, "count(latency", "coun‸t(latency", 1))
	for _, c := range []struct {
		live fixedLive
		want string
	}{
		{fixedLive{}, "there is no rule slow"},
		{fixedLive{instances: map[string][]Instance{"slow": nil}}, "slow has no instance"},
		{fixedLive{instances: map[string][]Instance{"slow": {{}}}}, "another version of slow"},
	} {
		e := start(t, Options{Live: c.live})
		e.open(chat, source)
		var got hover
		if e.ask("textDocument/hover", at(chat, place), &got); !strings.Contains(got.Contents.Value, c.want) || !strings.Contains(got.Contents.Value, "count(m, w)") {
			t.Errorf("no %q in %q", c.want, got.Contents.Value)
		}
	}
}
