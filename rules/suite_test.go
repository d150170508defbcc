package rules

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/rules/syntax"
)

func runTests(t *testing.T, source string) *TestReport {
	t.Helper()
	file, errs := syntax.Parse("x.rules", source)
	if errs != nil {
		t.Fatal(errs)
	}
	report, errs := RunTests(context.Background(), []*syntax.File{file}, TestOptions{})
	if errs != nil {
		t.Fatal(errs)
	}
	return report
}

const chatRules = `
metric requests = counter "llm_requests_total"
metric failures = counter "llm_requests_total" where status =~ "5..|timeout"
metric latency  = histogram "llm_request_duration_seconds"
let error_ratio = ratio(failures, requests, 1m)
rule slow on model {
  when     p95(latency, 1m) > 2s and p95(latency, 5m) > 1.5s
  require  increase(requests, 1m) >= 30
  for      15s
  recover  p95(latency, 1m) < 1.2s for 3m
  summary  "p95 {p95(latency, 1m)} on {model}, errors {error_ratio}"
}
rule failing on model { when error_ratio > 5% for 5s because slow }
`

func TestSuite(t *testing.T) {
	report := runTests(t, chatRules+`
test "a slow model is noticed and recovers" {
  every 5s
  requests{model="gpt-4o"} counts 10/s
  latency{model="gpt-4o"}  is 0.4s for 5m, 3s for 3m, 0.4s for 20m
  at 5m    rule slow{model="gpt-4o"} is inactive
  at 8m    rule slow{model="gpt-4o"} is firing
  at 8m    alert slow is sent
  at 9m30s rule slow{model="gpt-4o"} is recovering
  at 14m   rule slow{model="gpt-4o"} is inactive
  at 14m   alert slow is resolved
  at 14m   alert failing is not sent
}
test "failures" {
  requests{model="a"} counts 10/s
  failures{model="a"} counts 0/s for 2m, 2/s for 2m, reset, 0/s for 5m
  at 2m    rule failing{model="a"} is inactive
  at 2m30s rule failing{model="a"} is firing
  at 6m    rule failing{model="a"} is inactive
}
test "silence is unknown" {
  requests{model="a"} counts 10/s for 3m, nothing
  failures{model="a"} counts 2/s for 3m, nothing
  at 3m  rule failing{model="a"} is firing
  at 6m  rule failing{model="a"} is firing
  at 6m  rule failing{model="a"} is unknown
}
`)
	for _, test := range report.Tests {
		for _, f := range test.Failures {
			t.Errorf("%s: at %v expected %s, got %s\n%s", test.Name, f.After, f.Expected, f.Got, strings.Join(f.Details, "\n"))
		}
		for _, m := range test.Timeline {
			t.Logf("%8v  %s", m.After, m.Text)
		}
	}
	if len(report.Tests) != 3 {
		t.Errorf("%d tests", len(report.Tests))
	}
	if o := report.Coverage[ConditionID{"slow", "require"}]; o == nil || o.True == 0 || o.False+o.Unknown == 0 {
		t.Errorf("coverage of require: %v", o)
	}
}

// TestSuiteFails: what is wrong fails, and says what was.
func TestSuiteFails(t *testing.T) {
	report := runTests(t, chatRules+`
test "wrong" {
  requests{model="a"} counts 10/s
  latency{model="a"}  is 0.4s
  at 5m rule slow{model="a"} is firing
  at 5m alert slow is sent
  at 5m rule slow{model="b"} is pending
}`)
	failures := report.Tests[0].Failures
	if len(failures) != 3 || report.Failed() != 1 {
		t.Fatalf("%+v", failures)
	}
	if f := failures[0]; f.Got != "it is inactive" || f.Position != "x.rules:18" || !strings.Contains(strings.Join(f.Details, "\n"), "p95(latency, 1m) = 0.") {
		t.Errorf("%+v", f)
	}
}

// TestQuotedLabels runs a rule whose labels need quotes, through where, on, dedup, a text and the test itself.
func TestQuotedLabels(t *testing.T) {
	source := `
metric requests = counter "gen_ai.client.operation.duration_count"
metric failures = counter "gen_ai.client.operation.duration_count" where "error.type" != ""
rule failing on "gen_ai.request.model", region {
  when    ratio(failures, requests, 1m) > 5%
  for     5s
  dedup   by "gen_ai.request.model" for 1h
  summary "{ratio(failures, requests, 1m)} of {\"gen_ai.request.model\"} in {region}"
}
`
	report := runTests(t, source+`
test "one model fails, in two regions" {
  requests{"gen_ai.request.model"="a", region="eu"} counts 9/s
  failures{"gen_ai.request.model"="a", region="eu", "error.type"="timeout"} counts 1/s
  requests{"gen_ai.request.model"="a", region="us"} counts 9/s
  failures{"gen_ai.request.model"="a", region="us"} counts 0/s for 2m, 1/s
  requests{"gen_ai.request.model"="b", region="eu"} counts 9/s
  at 2m rule failing{"gen_ai.request.model"="a", region="eu"} is firing
  at 2m rule failing{"gen_ai.request.model"="b"} is inactive
  at 5m rule failing{"gen_ai.request.model"="a", region="us"} is firing
  at 5m alert failing{"gen_ai.request.model"="a", region="us"} is held
}
`)
	for _, f := range report.Tests[0].Failures {
		t.Errorf("at %v expected %s, got %s\n%s", f.After, f.Expected, f.Got, strings.Join(f.Details, "\n"))
	}
	report = runTests(t, source+`
test "what is not so" {
  requests{"gen_ai.request.model"="b", region="eu"} counts 9/s
  at 2m rule failing{"gen_ai.request.model"="b"} is firing
}
`)
	if f := report.Tests[0].Failures; len(f) != 1 || f[0].Expected != `rule failing{"gen_ai.request.model"="b"} is firing` {
		t.Errorf("%+v", f)
	}

	b := newBench(t, source)
	for i := range 20 {
		b.push(`gen_ai.client.operation.duration_count{gen_ai.request.model="a",region="eu",error.type="timeout"}`, i, `gen_ai.client.operation.duration_count{gen_ai.request.model="a",region="eu"}`, i)
		b.wait(5 * time.Second)
	}
	if len(b.told) == 0 || b.told[len(b.told)-1].Summary != "50% of a in eu" {
		t.Errorf("%+v", b.told)
	}
}

// TestSelectors: a series belongs to a metric where it fulfils one of the selectors of its where, as a whole.
func TestSelectors(t *testing.T) {
	source := `
metric requests = counter "a" or "b"
metric failures = counter "a" or "b" where error_type != "", region = "eu" or "error.type" != ""
rule failing on model { when ratio(failures, requests, 1m) > 5% }
`
	for series, want := range map[string]State{
		`a{model="m",error_type="x",region="eu"}`: Firing, `b{model="m",error.type="x",region="us"}`: Firing, `a{model="m",error_type="x",error.type="y"}`: Firing,
		`a{model="m",error_type="x",region="us"}`: Inactive, `a{model="m",region="eu"}`: Inactive,
	} {
		b := newBench(t, source)
		for i := range 30 {
			b.push(series, i, `a{model="m"}`, i)
			b.wait(5 * time.Second)
		}
		if got := b.status("failing", "m").State; got != want {
			t.Errorf("%s: %v", series, got)
		}
	}

	report := runTests(t, source+`
test "series of each kind, and one that says less" {
  requests{model="a"} counts 9/s
  failures{model="a", error_type="x", region="eu"} counts 1/s
  requests{model="b"} counts 9/s
  failures{model="b", "error.type"="x"} counts 1/s
  requests{model="c"} counts 9/s
  failures{model="c", region="us"} counts 1/s
  at 2m rule failing{model="a"} is firing
  at 2m rule failing{model="b"} is firing
  at 2m rule failing{model="c"} is firing
}
`)
	for _, f := range report.Tests[0].Failures {
		t.Errorf("at %v expected %s, got %s\n%s", f.After, f.Expected, f.Got, strings.Join(f.Details, "\n"))
	}
}
