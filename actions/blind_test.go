package actions

import (
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/actions/alert"
	"github.com/neuroweaver/heddle/rules"
)

// TestBlindRuleOutlivesLoads: what a rule says of its own sight is in no rule file; a load and a restart
// leave it, and it ends with the rule.
func TestBlindRuleOutlivesLoads(t *testing.T) {
	w := newWorld(t)
	m := w.open()
	blind := &rules.RuleInfo{Name: rules.BlindRule, Hash: w.infos[0].Hash, On: []string{"rule"}, Severity: rules.Warning}
	said := rules.Transition{
		Rule: blind, Labels: labels.FromStrings("rule", "slow"), From: rules.Inactive, To: rules.Firing, Time: w.now, Since: w.now,
	}
	m.Handle(w.now, []rules.Transition{said})
	firing := func(m *Manager) int {
		t.Helper()
		states := 0
		for _, i := range m.Instances() {
			if i.Rule == rules.BlindRule && i.State == rules.Firing {
				states++
			}
		}
		alerts := 0
		for _, a := range m.Alerts(alert.Filter{}) {
			if a.Rule == rules.BlindRule && a.State == "firing" {
				alerts++
			}
		}
		if states != alerts {
			t.Errorf("%d instances fire, but %d alerts", states, alerts)
		}
		return alerts
	}
	w.advance(time.Minute)
	if err := m.SetRules(w.routes, w.infos); err != nil {
		t.Fatal(err)
	}
	if firing(m) != 1 {
		t.Error("a load ended the alert of a blind rule")
	}
	m.journal.Close()
	m = w.open()
	if firing(m) != 1 {
		t.Error("a restart ended the alert of a blind rule")
	}
	if err := m.SetRules(w.routes, w.infos[1:]); err != nil {
		t.Fatal(err)
	}
	if firing(m) != 0 {
		t.Error("the alert outlives its rule")
	}
}
