package lsp

import (
	"slices"
	"strings"
	"testing"
)

// completionRules hold everything that a completion may name; %s is where a case is typed.
const completionRules = `use "vllm"
metric failures = counter "llm_failures_total"
metric accuracy = gauge "model_accuracy"
metric latency  = histogram "llm_latency_seconds"
let slowness = p95(latency, 1m)
route chat {
  models "gpt-é😀", "llama"
  apply litellm
}
rule slow on model, region {
  when   slowness > 2s
  switch chat
  notify "team b", oncall
}
`

func TestCompletion(t *testing.T) {
	live := fixedLive{values: map[string][]string{nameLabel: {"gpu_bucket", "gpu_temperature"}, "zone": {"east", "west"}, "error.type": {"timeout"}, "model": {"phi"}}}
	for _, c := range []struct {
		typed         string
		want, without string
	}{
		{"‸", "use import metric rule route test let alarms", "when p95"},
		{"me‸", "metric", "when"},
		{`use "‸`, "vllm otel-genai dcgm", "use"},
		{"use ‸", `"vllm"`, "counter"},
		{"metric m = ‸", "counter gauge histogram", "p95"},
		{`metric m = gauge "‸`, "gpu gpu_temperature", "gpu_bucket gauge"},
		{`metric m = gauge "gpu" ‸`, "or where", "counter"},
		{`metric m = gauge "gpu" where ‸`, "zone model region", "__name__"},
		{`metric m = gauge "gpu" where zone = "‸`, "east west", "phi llama"},
		{`metric m = gauge "gpu" where model =~ ‸`, `"phi" "llama" "gpt-é😀"`, "east"},
		{`metric m = gauge "gpu" where ‸`, `zone "error.type"`, "error.type"},
		{`metric m = gauge "gpu" where "‸`, "zone error.type", "and"},
		{`metric m = gauge "gpu" where "error.type" = "‸`, "timeout", "east"},
		{"let x = ‸", "p95 rate slowness not", "latency failures and when"},
		{"let x = p9‸", "p95 p99", "when"},
		{"let x = p95(‸", "latency accuracy ttft", "failures slowness p95"},
		{"let x = ratio(failures, ‸", "failures requests", "latency accuracy"},
		{"let x = p95(latency, ‸", "1m 5m", "latency"},
		{"let x = quantile(‸", "99%", "latency"},
		{"let x = ago(‸", "p95 slowness", "latency"},
		{"let x = p95(latency, 1m) ‸", "and or", "p95"},
		{"let x = firing(‸", "slow", "chat latency"},
		{"let x = serving(‸", "chat", "slow"},
		{"let x = shifted(latency, ‸", "up down", "latency"},
		{"let x = (1 + ‸", "p95 slowness", "and"},
		{"rule r ‸", "on", "when"},
		{"rule r on ‸", "model region zone", "when"},
		{"rule r on model {\n  ‸", "when require for recover severity switch because dedup", "models rule p95"},
		{"rule r on model {\n  wh‸", "when", "models"},
		{"rule r on model { ‸", "when", "models"},
		{"rule r on model {\n  when ‸", "p95 slowness", "latency and"},
		{"rule r on model {\n  when slowness > 2s ‸", "and or for switch", "p95"},
		{"rule r on model {\n  when slowness > 2s\n  ‸", "and for severity", "p95"},
		{"rule r on model {\n  when slowness > 2s and ‸", "p95 slowness", "severity"},
		{"rule r on model {\n  when slowness > ‸", "p95", "severity"},
		{"rule r on model {\n  when 1 > 2\n  severity ‸", "info warning critical", "when"},
		{"rule r on model {\n  mode ‸", "shadow approve auto", "info"},
		{"rule r on model {\n  missing ‸", "hold fire clear", "after"},
		{"rule r on model {\n  missing fire ‸", "after", "hold"},
		{"rule r on model {\n  missing fire after ‸", "1m", "hold"},
		{"rule r on model {\n  for ‸", "15s", "hold"},
		{"rule r on model {\n  recover slowness < 1s for ‸", "3m", "p95"},
		{"rule r on model, zone {\n  dedup by ‸", "model zone", "region when"},
		{"rule r on \"error.type\", zone {\n  dedup by ‸", `"error.type" zone`, "region error.type"},
		{"rule r on \"error.type\", zone {\n  summary \"{‸", `\"error.type\" zone`, "region"},
		{"rule r on model {\n  because ‸", "slow", "chat"},
		{"rule r on model {\n  switch ‸", "chat", "slow"},
		{"rule r on model {\n  notify ‸", `"team b" oncall`, "slow"},
		{"rule r on model {\n  summary \"é😀 {‸", "model p95", "region when"},
		{"rule r on model {\n  summary \"é😀 {p95(‸", "latency", "model when"},
		{"rule r on model {\n  summary \"é😀 ‸", "", "model p95 when"},
		{"rule r on model {\n  label team \"{‸", "model p95", "and"},
		{"rule r on model {\n  summary \"{{é ‸", "", "model p95"},
		{"rule r on model {\n  # ‸", "", "when p95"},
		{"route r {\n  ‸", "models apply guard return shift prefer mode", "when"},
		{"route r {\n  models \"‸", "llama gpt-é😀 phi", "chat"},
		{"route r {\n  models \"a\", \"b\"\n  apply ‸", "litellm", "chat"},
		{"route r {\n  guard ‸", "dwell max", "after"},
		{"route r {\n  return ‸", "after probe never", "dwell"},
		{"route r {\n  prefer ‸", "cost capacity", "dwell"},
		{"test \"t\" {\n  ‸", "every at latency failures ttft", "when"},
		{"test \"t\" {\n  latency{‸", "model zone", "is"},
		{"test \"t\" {\n  latency{model=\"‸", "llama phi", "is"},
		{"test \"t\" {\n  latency{model=\"a\"} ‸", "is counts", "every"},
		{"test \"t\" {\n  at 5m ‸", "rule route alert", "every"},
		{"test \"t\" {\n  at 5m rule ‸", "slow", "chat"},
		{"test \"t\" {\n  at 5m rule slow{model=\"a\"} is ‸", "firing unknown", "sent"},
		{"test \"t\" {\n  at 5m alert slow is ‸", "sent held not", "firing"},
		{"test \"t\" {\n  at 5m route chat serves ‸", `"llama"`, "slow"},
	} {
		source, place := marked(t, completionRules+c.typed)
		e := start(t, Options{Live: live})
		e.open(chat, source)
		var list completionList
		e.ask("textDocument/completion", at(chat, place), &list)
		labels := make([]string, len(list.Items))
		for i, item := range list.Items {
			labels[i] = item.Label
			text := newText(source)
			before := text.content[text.offset(item.TextEdit.Range.Start):text.offset(place)]
			if strings.ContainsAny(before, " \n\"(") {
				t.Errorf("%q: %s takes the place of %q", c.typed, item.Label, before)
			}
		}
		for _, want := range fields(c.want) {
			if !slices.Contains(labels, want) {
				t.Errorf("%q: no %s in %q", c.typed, want, labels)
			}
		}
		for _, not := range fields(c.without) {
			if slices.Contains(labels, not) {
				t.Errorf("%q: %s in %q", c.typed, not, labels)
			}
		}
	}
}

// fields cuts at blanks outside of quotes.
func fields(list string) []string {
	quoted := false
	return strings.FieldsFunc(list, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}

func TestSnippetsAreRules(t *testing.T) {
	source, place := marked(t, completionRules+"rule r on model {\n  when ‸")
	e := start(t, Options{})
	e.open(chat, source)
	var list completionList
	e.ask("textDocument/completion", at(chat, place), &list)
	for _, item := range list.Items {
		if item.Label == "p95" && (item.InsertTextFormat != formatSnippet || item.TextEdit.NewText != "p95(${1:m}, ${2:1m})") {
			t.Errorf("p95 inserts %+v", item.TextEdit)
		}
	}
}
