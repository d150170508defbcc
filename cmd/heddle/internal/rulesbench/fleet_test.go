package rulesbench

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// TestFleetSeparatesSickFromHealthy: the count of missed and false alerts means something only if every
// model is clearly on one side of its limits in every window.
func TestFleetSeparatesSickFromHealthy(t *testing.T) {
	const models, steps = 500, 24 // steps: a window and a little more
	f := newFleet(3, models)
	sums := make([]float64, models)
	first := make([][2]float64, models)
	for step := range steps {
		i := 0
		for _, request := range f.step(int64(step) * 15000) {
			if len(request.Timeseries) > writeBatch {
				t.Fatalf("a request of %d series", len(request.Timeseries))
			}
			for ; len(request.Timeseries) > 0; request.Timeseries = request.Timeseries[3:] {
				values := [3]float64{}
				for k := range values {
					values[k] = request.Timeseries[k].Samples[0].Value
				}
				sums[i] += values[0]
				if step == 0 {
					first[i] = [2]float64{values[1], values[2]}
				}
				i++
			}
		}
		if i != models {
			t.Fatalf("step %d has %d models", step, i)
		}
	}
	sick := f.sick()
	if len(sick) != 2*models/sickEvery {
		t.Errorf("%d sick instances of %d models", len(sick), models)
	}
	for i, m := range f.models {
		mean := sums[i] / steps
		ratio := (m.errors - first[i][0]) / (m.requests - first[i][1])
		if slow := sick[slowRule+" "+modelName(i)]; slow != (mean > 1.2*latencyLimitSeconds) || slow == (mean < 0.9*latencyLimitSeconds) {
			t.Errorf("model %d has a mean latency of %v, and to be slow is %v", i, mean, slow)
		}
		if failing := sick[failingRule+" "+modelName(i)]; failing != (ratio > 1.2*errorRatioLimit) || failing == (ratio < 0.9*errorRatioLimit) {
			t.Errorf("model %d has an error ratio of %v, and to fail is %v", i, ratio, failing)
		}
	}
}

// TestRuleTexts: each server can read what it is given, and it is the number of rules that it claims.
func TestRuleTexts(t *testing.T) {
	file, errs := syntax.Parse("bench.rules", heddleRules())
	if len(errs) > 0 {
		t.Error(errs)
	}
	if text := syntax.Format(file); strings.Count(text, "when ") != 2 {
		t.Errorf("not two rules:\n%s", text)
	}
	for text, want := range map[string]int{prometheusRules(): 2, prometheusRulesPerModel(120): 240} {
		var file struct {
			Groups []struct {
				Name  string
				Rules []struct{ Alert, Expr string }
			}
		}
		if err := yaml.Unmarshal([]byte(text), &file); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, group := range file.Groups {
			for _, rule := range group.Rules {
				if _, err := parser.NewParser(parser.Options{}).ParseExpr(rule.Expr); err != nil {
					t.Errorf("%s: %v", rule.Expr, err)
				}
				n++
			}
		}
		if n != want {
			t.Errorf("%d rules, want %d", n, want)
		}
	}
}
