package actions

import (
	"fmt"
	"maps"
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/actions/alert"
	"github.com/neuroweaver/heddle/actions/route"
	"github.com/neuroweaver/heddle/rules"
)

// Alerts that the action layer raises about itself. Their names are those of rules, so that they can
// be silenced and listed like them.
const (
	AlertNoBackupModel     = "no_backup_model"    // a model must be left, and there is none to go to
	AlertManualMode        = "manual_mode"        // the limit of switches was reached
	AlertApprovalWanted    = "approval_wanted"    // a switch waits for a person
	AlertSwitchFailed      = "switch_failed"      // a switch was undone
	AlertConnectorFailing  = "connector_failing"  // a target has not taken an epoch for some attempts
	AlertConnectorDisabled = "connector_disabled" // a target asked never to be called again
)

// ownAlerts are their severities. It never changes.
var ownAlerts = map[string]rules.Severity{
	AlertNoBackupModel:     rules.Critical,
	AlertManualMode:        rules.Critical,
	AlertApprovalWanted:    rules.Warning,
	AlertSwitchFailed:      rules.Critical,
	AlertConnectorFailing:  rules.Warning,
	AlertConnectorDisabled: rules.Critical,
}

// failingAttempts is how many attempts on a target must fail before people are told: at the pauses
// between them, about three seconds.
const failingAttempts = 5

// condition is one thing that is wrong with a route.
type condition struct {
	alert  string
	labels labels.Labels
	reason string
}

func (c condition) key() string { return c.alert + c.labels.String() }

// conditionsOf lists what is wrong with a route.
func conditionsOf(r *route.Route, f *flight) []condition {
	s := &r.State
	var out []condition
	add := func(alert, reason string, more ...string) {
		if reason != "" {
			out = append(out, condition{alert, labels.FromStrings(append([]string{"route", s.Name}, more...)...), reason})
		}
	}
	add(AlertNoBackupModel, s.NoBackup)
	if s.ManualMode {
		add(AlertManualMode, "too many switches: only a person moves the route now (heddle route approve, switch or unpin)")
	}
	if p := s.Proposal; p != nil && !s.ManualMode {
		add(AlertApprovalWanted, fmt.Sprintf("%s from %s to %s waits for approval: %s", p.Action, p.From, p.To, p.Reason))
	}
	add(AlertSwitchFailed, s.SwitchFailed)
	for _, name := range f.targetNames() {
		target := f.Targets[name]
		switch {
		case target.Disabled:
			add(AlertConnectorDisabled, "the target asked never to be called again: "+target.Error, "connector", name)
		case target.Attempts >= failingAttempts:
			add(AlertConnectorFailing, fmt.Sprintf("epoch %d is not applied after %d attempts: %s", f.Epoch, target.Attempts, target.Error), "connector", name)
		}
	}
	return out
}

// raiseConditions turns what is wrong, or no longer wrong, with routes into alerts.
func (t *turn) raiseConditions() {
	m := t.m
	now := map[string]condition{}
	for _, name := range m.table.Names() {
		for _, c := range conditionsOf(m.table.Route(name), m.flights[name]) {
			now[c.key()] = c
		}
	}
	for _, key := range slices.Sorted(maps.Keys(now)) {
		if _, ok := m.raised[key]; !ok {
			t.alert(m.conditionTransition(now[key], rules.Inactive, rules.Firing, t))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.raised)) {
		if _, ok := now[key]; !ok {
			over := m.conditionTransition(m.raised[key], rules.Firing, rules.Inactive, t)
			over.Reason = "no longer so: " + over.Reason
			t.alert(over)
		}
	}
	m.raised = now
}

// conditionTransition gives a condition the form of a rule's transition.
func (m *Manager) conditionTransition(c condition, from, to rules.State, t *turn) rules.Transition {
	return rules.Transition{
		Rule: &rules.RuleInfo{
			Name: c.alert, On: []string{"route"}, Severity: ownAlerts[c.alert],
			Notify: interested(c.labels.Get("route"), m.infos),
		},
		Labels: c.labels, From: from, To: to, Time: t.now, Since: t.now,
		Reason: c.reason, Summary: fmt.Sprintf("route %s: %s", c.labels.Get("route"), c.reason),
	}
}

// restoreCondition takes back a condition that was alerted before a restart.
func (m *Manager) restoreCondition(a *alert.Alert) {
	if _, own := ownAlerts[a.Rule]; own && a.Firing() {
		c := condition{a.Rule, labels.FromMap(a.Group), a.Reason}
		m.raised[c.key()] = c
	}
}
