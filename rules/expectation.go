package rules

import (
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// examine compares what a test expects with what is.
func (s *scenario) examine(a *syntax.At) (failure TestFailure, failed bool) {
	failure = TestFailure{After: a.Time.Value(), Position: fmt.Sprintf("%s:%d", s.file.Name, a.Start.Line)}
	switch {
	case a.Rule != nil:
		return s.examineRule(a.Rule, failure)
	case a.Route != nil:
		failure.Expected = fmt.Sprintf("route %s serves %q", a.Route.Route.Text, a.Route.Model.Value)
		if s.router == nil {
			failure.Got = "there are no routes here"
			return failure, true
		}
		model, _ := s.router.Serving(a.Route.Route.Text)
		failure.Got = fmt.Sprintf("it serves %q", model)
		for _, status := range s.replay.engine.Instances() {
			if slices.Contains(status.Rule.Switch, a.Route.Route.Text) {
				failure.Details = append(failure.Details, describe(status)...)
			}
		}
		return failure, model != a.Route.Model.Value
	case a.Alert != nil:
		return s.examineAlert(a.Alert, failure)
	}
	return failure, false
}

// examineRule looks at all instances that agree with the written labels; a rule that has none yet
// is inactive.
func (s *scenario) examineRule(want *syntax.RuleIs, failure TestFailure) (TestFailure, bool) {
	failure.Expected = fmt.Sprintf("rule %s%s is %s", want.Rule.Text, written(want.Matchers), want.State.Text)
	wanted := agreeing(want.Matchers)
	found, failed := false, false
	for _, status := range s.replay.engine.Instances() {
		if status.Rule.Name != want.Rule.Text || !wanted(status.Labels) {
			continue
		}
		found = true
		if got := status.State.String(); got != want.State.Text && !(want.State.Text == "unknown" && status.Unknown) {
			failed = true
			if failure.Got = "it is " + got; status.Unknown {
				failure.Got += ", and unknown"
			}
			failure.Details = append(failure.Details, describe(status)...)
		}
	}
	if !found && want.State.Text != "inactive" {
		failure.Got = "no series has brought such an instance"
		return failure, true
	}
	return failure, failed
}

func (s *scenario) examineAlert(want *syntax.AlertIs, failure TestFailure) (TestFailure, bool) {
	not := ""
	if want.Not {
		not = "not "
	}
	failure.Expected = fmt.Sprintf("alert %s%s is %s%s", want.Rule.Text, written(want.Matchers), not, want.Outcome.Text)
	a := s.book.latest(want.Rule.Text, agreeing(want.Matchers))
	is := false
	failure.Got = "it has not fired"
	if a != nil {
		failure.Got = "it was sent"
		if a.held {
			failure.Got = "it was held"
		}
		if a.isResolved {
			failure.Got += " and resolved"
		}
		switch want.Outcome.Text {
		case "sent":
			is = !a.held
		case "held":
			is = a.held
		case "resolved":
			is = a.isResolved
		}
	}
	return failure, is == want.Not
}

// agreeing reports whether labels have all the written values.
func agreeing(written []syntax.Matcher) func(labels.Labels) bool {
	list, _ := matchers(written)
	return func(l labels.Labels) bool {
		for _, m := range list {
			if !m.Matches(l.Get(m.Name)) {
				return false
			}
		}
		return true
	}
}

// written gives matchers as a person writes them.
func written(list []syntax.Matcher) string {
	text := ""
	for i, m := range list {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s%s%q", syntax.FormatLabel(m.Label.Text), m.Op, m.Value.Value)
	}
	if text == "" {
		return ""
	}
	return "{" + text + "}"
}

// describe gives an instance with the values behind it, one a line.
func describe(s InstanceStatus) []string {
	lines := []string{fmt.Sprintf("%s%s is %s: %s", s.Rule.Name, s.Labels, s.State, s.Reason)}
	for _, t := range s.Terms {
		value := "unknown"
		if t.Known {
			value = formatNumber(t.Value)
		}
		line := fmt.Sprintf("  %s = %s (%d samples)", t.Text, value, t.Samples)
		if t.Op != "" {
			line += fmt.Sprintf(", compared %s %s", t.Op, formatNumber(t.Threshold))
		}
		lines = append(lines, line)
	}
	return lines
}
