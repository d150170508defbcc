package syntax

// seeds are rule files that are read without a mistake: together they use every declaration,
// clause and form of the language. Parser, printer and fuzzers start from them.
var seeds = []string{
	languageExample,
	"",
	"# only a comment\n\n\n# and another",
	`use "vllm" # a
import "base.rules" # bb

alarms 1 per 1y
metric q = gauge "vllm:num_requests_waiting" or "vllm_num_requests_waiting" where {model_name != "x", engine !~ "a|b" or "or" = "b" or c = ""} # c
# about l
metric latency_seconds = histogram "a"

metric f = counter "b" where status =~ "5..", "error.type" != "", "plain" = "x", "for" = "\\", kind = "\"quoted\" \\ \n"
let hot = (q > 5 or not q <= 3) and -1.5e3 + 2 * 3 / 4 % 5 - -q != 1`,
	`rule a on model, region {when count(q, 1m) == 0 for 3 of 5 missing fire after 1m severity info mode shadow}
route r {models "m"   return never   guard max 3 per 1h, dwell 5m   mode approve}
route s { # the second
  # leading

  models "a",   # first
         "b"    # second
  apply "on-call", file, litellm
  return after 1h30m, probe 3 of 5
  shift 10%, 50%, 100% every 1m

  prefer cost
  # closing
} # done`,
	`rule everything on model {
  when quantile(99%, latency, 1m) > 250ms and above(latency, 2s, 5m) > 1% and baseline(p95(latency, 5m), 7d) < ago(p95(latency, 5m), 1w)
    and shifted(failures / requests, up, 5%) # inside
    and shifted(latency, down, 20%) or firing(other) and not serving(chat)
  require coverage(latency, 1m) >= 80% and age(latency) < 30s
  for 0s
  recover slope(queue, 5m) < 0 and ewma(queue, 1m) < 512MiB for 3m
  missing clear after 10m
  summary "{{literal}} {p95(latency, 1m)} of \"{model}\" at 100%"
  label team "ops"
  label model_family "{model}"
  annotation runbook "https://example.org/{model}"
  dedup by model, region for 15m
  because a, b
  switch chat, search
  notify oncall, "team b"
  mode approve
}`,
	`test "all of it" {
  every 250ms
  # comment
  q{model="a"} is -5 to 10 for 5m, nothing for 1m, stale for 2m, 3, 4k for 1h
  requests{} counts 10/s to 20/s for 5m, reset, 3/m
  latency{model="a", region=~"e.*"} is 0.4s at 20/s for 5m, 1s to 2s at 3/s

  at 5m rule a{model="a"} is unknown # trailing
  at 10m30s alert a{model="a"} is not sent
  at 11m alert a is resolved
  at 11m route r serves "a"
  # end
}
test "empty" {
}`,
	"rule x on y\n{\nwhen z\n}\n",
	`rule x on "gen_ai.request.model", "model", "a b" {
when z
summary "{\"gen_ai.request.model\"} { \"model\" } {\"a \\\"b\\\\\"}"
dedup by "gen_ai.request.model", "a b" for 5m
}
test "quoted labels" {
q{"gen_ai.request.model"="a", "\n"="b"} is 1
at 1m rule x{"a b"="c"} is firing
at 1m alert x{"a b"="c", model="d"} is sent
}`,
}

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
