package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestRuleExpressionsAgreeWithPromQL asks a server the same in both languages, over a range and at one
// time: the numbers are the same.
func TestRuleExpressionsAgreeWithPromQL(t *testing.T) {
	inDirectory(t, map[string]string{"chat.rules": latencyRules})
	base, _ := serve(t, "--data", "data")
	first := time.Now().Add(-20 * time.Minute).Truncate(time.Minute)
	var text strings.Builder
	for n := range 200 {
		at := first.Add(time.Duration(n) * 5 * time.Second).UnixMilli()
		fmt.Fprintf(&text, "latency_seconds{model=\"a\"} %d %d\nlatency_seconds{model=\"b\"} %d %d\n", n%17, at, n%5, at)
		fmt.Fprintf(&text, "requests_total{model=\"a\",status=\"200\"} %d %d\nrequests_total{model=\"a\",status=\"500\"} %d %d\n", n*n, at, n, at)
	}
	response, err := http.Post(base+"/api/v1/import/prometheus", "text/plain", strings.NewReader(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	ask := func(args ...string) (answer queryAnswer) {
		t.Helper()
		code, stdout, stderr := run(t, append([]string{"query", "--url", base, "--json"}, args...)...)
		if code != exitDone {
			t.Fatalf("query %v: exit code %d\n%s", args, code, stderr)
		}
		if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	from, to := first.Add(3*time.Minute).UTC().Format(time.RFC3339), first.Add(16*time.Minute).UTC().Format(time.RFC3339)
	for _, c := range []struct{ expression, promQL string }{
		{`avg(latency, 1m)`, `avg by (model) (avg_over_time(latency_seconds[1m]))`},
		{`max(latency, 30s) - min(latency, 30s)`, `max by (model) (max_over_time(latency_seconds[30s])) - min by (model) (min_over_time(latency_seconds[30s]))`},
		{`rate(requests, 1m)`, `sum by (model) (rate(requests_total[1m]))`},
		{`avg(latency, 1m) > 5 or last(latency, 5m) == 0`, `(avg by (model) (avg_over_time(latency_seconds[1m])) > bool 5) + (avg by (model) (latency_seconds) == bool 0) > bool 0`},
	} {
		for _, span := range [][]string{{"--start", from, "--end", to, "--step", "30s"}, {"--time", from}} {
			got := ask(append([]string{"--rule-expr", "--rules", "chat.rules", c.expression}, span...)...)
			want := ask(append([]string{c.promQL}, span...)...)
			if string(got.Data.Result) != string(want.Data.Result) || got.Data.ResultType != want.Data.ResultType {
				t.Errorf("%s %v: %s %s\n%s: %s %s", c.expression, span, got.Data.ResultType, got.Data.Result, c.promQL, want.Data.ResultType, want.Data.Result)
			}
		}
	}
	for _, c := range []struct{ args, want string }{
		{`p95(latncy,1m)`, "expression:1:5: \"latncy\" is not a metric\n    1 | p95(latncy,1m)\n      |     ^^^^^^ did you mean \"latency\"?"},
		{`p95(latency,1m)>2>3`, "expression:1:18: a comparison cannot be compared again"},
		{`p95(latency,1m`, "expression:1:1: a parenthesis in the expression is not closed"},
		{`p95(latency,1m) --use vlm`, `--use: "vlm" is not a catalogue; there are dcgm, heddle`},
		{`1`, "looks at no metric"},
		{`p95(latency,1m) --plot`, "--plot draws a range"},
		{`p95(latency,1m) --start 1h --step 1ms`, "make --step longer"},
	} {
		code, stdout, stderr := run(t, append([]string{"query", "--url", base, "--rule-expr"}, strings.Fields(c.args)...)...)
		if code == exitDone || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, want %q\n%s%s", c.args, code, c.want, stdout, stderr)
		}
	}
}
