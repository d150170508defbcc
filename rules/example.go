package rules

import (
	"cmp"
	"fmt"
	"regexp/syntax"

	"github.com/prometheus/prometheus/model/labels"
)

// exampleFor returns a value that a matcher takes: what a series in a test must carry to belong to a
// metric. The empty value, which is no label, comes first; ok is false where nothing simple fits.
func exampleFor(m *labels.Matcher) (value string, ok bool) {
	candidates := []string{"", m.Value}
	if m.Type == labels.MatchRegexp {
		candidates = append(candidates, m.SetMatches()...)
		if tree, err := syntax.Parse(m.Value, syntax.Perl); err == nil {
			candidates = append(candidates, exampleOf(tree))
		}
	}
	candidates = append(candidates, "other")
	for _, c := range candidates {
		if m.Matches(c) {
			return c, true
		}
	}
	return "", false
}

// exampleOf returns a short text that a regular expression takes, in most cases.
func exampleOf(tree *syntax.Regexp) string {
	switch tree.Op {
	case syntax.OpLiteral:
		return string(tree.Rune)
	case syntax.OpCharClass:
		if len(tree.Rune) > 0 {
			return string(tree.Rune[0])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCapture, syntax.OpPlus, syntax.OpAlternate:
		return exampleOf(tree.Sub[0])
	case syntax.OpRepeat:
		text := ""
		for range tree.Min {
			text += exampleOf(tree.Sub[0])
		}
		return text
	case syntax.OpConcat:
		text := ""
		for _, part := range tree.Sub {
			text += exampleOf(part)
		}
		return text
	}
	return ""
}

// exampleSeries returns the labels of a series that belongs to a metric, with the given labels. Where they leave
// open by which selector of its where it belongs, it is the first.
func exampleSeries(m *metric, given []*labels.Matcher) (labels.Labels, error) {
	b := labels.NewBuilder(labels.FromStrings(labels.MetricName, m.sources[0]))
	for _, g := range given {
		if g.Type != labels.MatchEqual {
			return labels.EmptyLabels(), fmt.Errorf("%s does not say which value arrives; write %s=\"…\"", g, g.Name)
		}
		b.Set(g.Name, g.Value)
	}
	named := b.Labels()
	if m.takes(named) {
		return named, nil
	}
	var first error
	for _, list := range m.where {
		series, err := complete(named, m, list)
		if err == nil {
			return series, nil
		}
		first = cmp.Or(first, err)
	}
	return labels.EmptyLabels(), first
}

// complete gives a series the labels that a selector of the metric asks for.
func complete(series labels.Labels, m *metric, selector []*labels.Matcher) (labels.Labels, error) {
	b := labels.NewBuilder(series)
	for _, matcher := range selector {
		if matcher.Matches(b.Get(matcher.Name)) {
			continue
		}
		value, ok := exampleFor(matcher)
		if !ok || b.Get(matcher.Name) != "" {
			return labels.EmptyLabels(), fmt.Errorf("no series of %s has these labels: it takes only %s", m.name, matcher)
		}
		b.Set(matcher.Name, value)
	}
	return b.Labels(), nil
}
