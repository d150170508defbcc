package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// TestList: pages of chosen instances, in order, with the number of all that are chosen.
func TestList(t *testing.T) {
	b := newBench(t, `
metric latency = gauge "latency_seconds"
rule high on model { when last(latency, 1m) > 1 }
rule low  on model { when last(latency, 1m) < 0 }`)
	const models = 3*turnInstances + 7 // several turns
	var samples []any
	for n := range models {
		samples = append(samples, fmt.Sprintf(`latency_seconds{model="m%04d"}`, n), n%2*5)
	}
	b.every(time.Second, 5*time.Second, samples...)
	describe := func(s Selection) string {
		list, chosen := b.engine.List(s)
		words := []string{fmt.Sprint(chosen)}
		for _, i := range list {
			words = append(words, i.Rule.Name+"/"+i.Labels.Get("model"))
		}
		return strings.Join(words, " ")
	}
	fires := func(_ *RuleInfo, state State, _ bool) bool { return state == Firing }
	for _, c := range []struct {
		selection Selection
		want      string
	}{
		{Selection{Limit: 2}, "614 high/m0000 high/m0001"},
		{Selection{Rule: "low", Skip: 305}, "307 low/m0305 low/m0306"},
		{Selection{Wanted: fires, Limit: 1, Skip: 1}, "153 high/m0003"},
		{Selection{Matchers: []*labels.Matcher{labels.MustNewMatcher(labels.MatchRegexp, "model", "m.*300")}}, "2 high/m0300 low/m0300"},
		{Selection{Skip: 1000}, "614"},
		{Selection{Rule: "none"}, "0"},
	} {
		if got := describe(c.selection); got != c.want {
			t.Errorf("%+v: %s, want %s", c.selection, got, c.want)
		}
	}
	if n := len(b.engine.Instances()); n != 2*models {
		t.Errorf("%d instances", n)
	}
}
