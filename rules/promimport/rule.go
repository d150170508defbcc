package promimport

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// rule writes one rule, or why it is left out.
func (w *writer) rule(g group, r rule) {
	if r.Record != "" {
		w.note(r.Record, false, "recording rules are not imported; a rule names the metric itself, and let names a part of a condition")
		return
	}
	expr, err := w.parser.ParseExpr(r.Expr)
	if err != nil {
		w.leaveOut(r, fmt.Sprintf("its expression is not PromQL: %v", err))
		return
	}
	c := &converter{metrics: w.metrics, defaultOn: w.options.On, fixed: fixedLabels(expr)}
	condition, err := c.condition(expr)
	if err != nil {
		w.leaveOut(r, err.Error())
		return
	}
	hold, err := holdTime("for", r.For)
	keep, keepErr := holdTime("keep_firing_for", r.KeepFiringFor)
	if err != nil || keepErr != nil {
		w.leaveOut(r, cmpError(err, keepErr).Error())
		return
	}
	// Only now is it certain that the rule is written, and its metrics with it.
	c.commit()
	name := w.uniqueName(r.Alert)
	for _, difference := range c.differences {
		w.note(r.Alert, true, "%s", difference)
	}
	if name != r.Alert {
		w.note(r.Alert, true, "the rule is called %s", name)
	}
	w.imported++
	on := make([]string, len(c.labels()))
	for i, label := range c.labels() {
		on[i] = syntax.FormatLabel(label)
	}
	fmt.Fprintf(&w.rules, "\nrule %s on %s {\nwhen %s\nfor %s\nrecover not (%s) for %s\nmissing clear after 1s\n",
		name, strings.Join(on, ", "), condition, hold, condition, keep)
	w.texts(g, r, c)
	w.rules.WriteString("}\n")
}

func cmpError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// leaveOut notes a rule that is not imported, and keeps it as a comment.
func (w *writer) leaveOut(r rule, reason string) {
	w.note(r.Alert, false, "%s", reason)
	fmt.Fprintf(&w.rules, "\n# Not imported: %s: %s\n", oneLine(r.Alert), oneLine(reason))
	for line := range strings.Lines(strings.TrimSpace(r.Expr)) {
		fmt.Fprintf(&w.rules, "#   %s\n", oneLine(line))
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func holdTime(what, text string) (string, error) {
	if text == "" {
		return "0s", nil
	}
	d, err := model.ParseDuration(text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return d.String(), nil
}

// uniqueName makes a name of the language of an alert's name.
func (w *writer) uniqueName(alert string) string {
	base := word(alert)
	name := base
	for n := 2; w.names[name]; n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	w.names[name] = true
	return name
}

// word makes a name of any text: letters, digits and '_', not beginning with a digit.
func word(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == '_', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9' && i > 0:
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	if name := b.String(); name != "" && name != "and" && name != "or" && name != "not" {
		return name
	}
	return "rule_" + b.String()
}

// texts writes severity, labels, summary and annotations.
func (w *writer) texts(g group, r rule, c *converter) {
	labels := maps.Clone(g.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, r.Labels)
	severity := "warning"
	switch labels["severity"] {
	case "info", "warning", "critical":
		severity = labels["severity"]
	case "":
	default:
		w.note(r.Alert, true, "its severity %q is none of info, warning and critical; it is warning here", labels["severity"])
	}
	delete(labels, "severity")
	fmt.Fprintf(&w.rules, "severity %s\n", severity)
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if slices.Contains(c.labels(), key) {
			w.note(r.Alert, true, "its label %q would hide the one that the rule is declared on, and is left out", key)
			continue
		}
		if word(key) != key {
			w.note(r.Alert, true, "its label %q has a name that cannot be written here, and is left out", key)
			continue
		}
		fmt.Fprintf(&w.rules, "label %s %s\n", key, w.template(r, labels[key], c))
	}
	if summary, ok := r.Annotations["summary"]; ok {
		fmt.Fprintf(&w.rules, "summary %s\n", w.template(r, summary, c))
	}
	for _, key := range slices.Sorted(maps.Keys(r.Annotations)) {
		if key == "summary" {
			continue
		}
		if word(key) != key {
			w.note(r.Alert, true, "its annotation %q has a name that cannot be written here, and is left out", key)
			continue
		}
		fmt.Fprintf(&w.rules, "annotation %s %s\n", key, w.template(r, r.Annotations[key], c))
	}
}
