package rules

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// TestBlindRuleSaysSo: a rule whose metric never comes, and one whose metric stops, raise an alert
// about themselves after ten minutes, and end it when they see again.
func TestBlindRuleSaysSo(t *testing.T) {
	b := newBench(t, slowRules+`
metric other = gauge "no_such_metric"
rule never on model { when last(other, 1m) > 2 notify oncall }`)
	b.every(time.Second, 20*time.Second, `latency_seconds{model="a"}`, 0.5)
	b.wait(20 * time.Minute)
	told := map[string]time.Duration{}
	for _, tr := range b.told {
		if tr.Rule.Name != BlindRule || tr.To != Firing {
			t.Errorf("%+v", tr)
		}
		told[tr.Labels.Get("rule")] = tr.Time.Sub(start)
	}
	if d := told["never"]; d != 10*time.Minute {
		t.Errorf("never said so after %v", d)
	}
	if d := told["slow"]; d < 10*time.Minute+29*time.Second || d > 10*time.Minute+32*time.Second {
		t.Errorf("slow said so after %v", d)
	}
	b.told = nil
	b.push(`latency_seconds{model="a"}`, 0.5)
	if len(b.told) != 1 || b.told[0].To != Inactive || b.told[0].Labels.Get("rule") != "slow" {
		t.Errorf("%+v", b.told)
	}
	b.wait(5 * time.Minute)
	// A restart neither repeats nor forgets it.
	e := NewEngine(b.options())
	b.told = nil
	restored := []InstanceState{{Rule: BlindRule, Labels: labels.FromStrings("rule", "never"), State: Firing, Since: start}}
	if err := e.Load(context.Background(), compileSource(t, slowRules+`
metric other = gauge "no_such_metric"
rule never on model { when last(other, 1m) > 2 notify oncall }`), restored, b.now); err != nil {
		t.Fatal(err)
	}
	for range 40 {
		e.Tick(b.now)
		b.now = b.now.Add(time.Minute)
	}
	for _, tr := range b.told {
		if tr.Labels.Get("rule") == "never" {
			t.Errorf("%+v", tr)
		}
	}
}
