package acceptance

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"
)

// utf8Rules look at what senders of OTLP send whose names are not escaped.
const utf8Rules = `
use "otel-genai"

metric waiting = gauge "gen_ai.server.queue" where "service.name" =~ "chat.*"

rule failing on "gen_ai.request.model" {
  when     ratio(failures, requests, 10s) > 20% and last(waiting, 10s) > 5
  for      0s
  summary  "{ratio(failures, requests, 10s)} of {\"gen_ai.request.model\"}"
  notify   oncall
}
`

// TestUTF8Names sends metrics and labels with dots in their names, lets a rule fire on them, and asks for them
// in every way there is.
func TestUTF8Names(t *testing.T) {
	t.Parallel()
	receiver := newReceiver(t, 0)
	files := storyFiles(receiver.URL)
	files["chat.rules"] = utf8Rules
	s := newServer(t, files)

	const count = "gen_ai.client.operation.duration_count"
	series := func(at time.Time, value float64, pairs ...string) prompb.TimeSeries {
		one := prompb.TimeSeries{Samples: []prompb.Sample{{Timestamp: at.UnixMilli(), Value: value}}}
		for i := 0; i < len(pairs); i += 2 {
			one.Labels = append(one.Labels, prompb.Label{Name: pairs[i], Value: pairs[i+1]})
		}
		return one
	}
	var sent float64
	var last time.Time
	eventually(t, "the rule fires", func() bool {
		if time.Since(last) < 200*time.Millisecond {
			return len(receiver.taken("heddle.alert.firing")) > 0
		}
		last = time.Now()
		sent++
		if err := remoteWrite(s.url(""),
			series(last, sent, "__name__", count, "error.type", "timeout", "gen_ai.request.model", "atlas"),
			series(last, sent, "__name__", count, "gen_ai.request.model", "atlas"),
			series(last, 9, "__name__", "gen_ai.server.queue", "gen_ai.request.model", "atlas", "service.name", "chat-eu"),
		); err != nil {
			t.Fatal(err)
		}
		return len(receiver.taken("heddle.alert.firing")) > 0
	})
	told := string(receiver.taken("heddle.alert.firing")[0].Event.Data)
	for _, want := range []string{`"gen_ai.request.model":"atlas"`, `"summary":"50% of atlas"`} {
		if !strings.Contains(told, want) {
			t.Errorf("no %s in %s", want, told)
		}
	}

	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"query", `{"gen_ai.client.operation.duration_count", "error.type"="timeout"}`}, "timeout"},
		{[]string{"query", `sum by ("gen_ai.request.model") ({"gen_ai.server.queue"})`}, "atlas"},
		{[]string{"query", "--rule-expr", "--use", "otel-genai", "--on", "gen_ai.request.model", "ratio(failures, requests, 1m)"}, "atlas"},
		{[]string{"query", "--rule-expr", "--rules", "chat.rules", "--on", "gen_ai.request.model", "last(waiting, 1m)"}, "9"},
		{[]string{"explain", `failing{"gen_ai.request.model"="atlas"}`}, "firing"},
		{[]string{"alert"}, "atlas"},
	} {
		code, stdout, stderr := run(t, s.dir, append(c.args, "--url", s.url(""))...)
		if code != 0 || !strings.Contains(stdout, c.want) {
			t.Errorf("heddle %q: exit %d\n%s%s", c.args, code, stdout, stderr)
		}
	}
	if code, stdout, stderr := run(t, s.dir, "check", "--url", s.url(""), "chat.rules"); code != 0 {
		t.Errorf("heddle check: exit %d\n%s%s", code, stdout, stderr)
	}

	s.kill()
	s.start()
	code, stdout, stderr := run(t, s.dir, "explain", "failing", "--url", s.url(""))
	if code != 0 || !strings.Contains(stdout, `"gen_ai.request.model"="atlas"`) {
		t.Errorf("after a restart: exit %d\n%s%s", code, stdout, stderr)
	}
}
