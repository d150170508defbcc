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
metric q = gauge "vllm:num_requests_waiting" or "vllm_num_requests_waiting" where {model_name != "x", engine !~ "a|b"} # c
# about l
metric latency_seconds = histogram "a"

metric f = counter "b" where status =~ "5..", kind = "\"quoted\" \\ \n"
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
}
