package syntax

import "testing"

const languageExample = `# chat.rules
use "otel-genai"                                      # canonical metrics, mapped over real-world names

metric accuracy = gauge   "model_accuracy_score"
metric requests = counter "llm_requests_total"
metric failures = counter "llm_requests_total" where status =~ "5..|timeout"
metric latency  = histogram "llm_request_duration_seconds"

route chat {
  models   "gpt-4o", "claude-sonnet", "llama-70b"     # order of preference; the first is the primary
  apply    litellm, file                              # connectors, by their name in the configuration
  guard    dwell 5m, max 3 per 1h
  return   after 10m, probe 5 of 5
}

let error_ratio = ratio(failures, requests, 1m)

rule slow on model {
  when     p95(latency, 1m) > 2s and p95(latency, 5m) > 1.5s
  require  increase(requests, 1m) >= 30
  for      15s
  recover  p95(latency, 5m) < 1.2s for 3m
  severity critical
  summary  "p95 {p95(latency, 1m)} on {model}, twice its limit"
  because  provider_down
  dedup    by model for 15m
  switch   chat
  notify   oncall
}

rule failing on model {
  when     error_ratio > 5%
  for      5s
  switch   chat
}

test "a slow primary is left and returned to" {
  every 5s
  requests{model="gpt-4o"}       counts 10/s
  latency{model="gpt-4o"}        is 0.4s for 5m, 3s for 2m, 0.4s for 20m
  latency{model="claude-sonnet"} is 0.5s for 27m
  at 5m    rule slow{model="gpt-4o"} is inactive
  at 5m40s route chat serves "claude-sonnet"
  at 26m   route chat serves "gpt-4o"
}
`

func TestParseExample(t *testing.T) {
	f, errs := Parse("chat.rules", languageExample)
	t.Log(errs)
	for _, d := range f.Declarations {
		t.Logf("%T %+v", d, d)
	}
}
