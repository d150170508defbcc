package index

import (
	"slices"

	"github.com/prometheus/prometheus/model/labels"
)

// Matching returns the series that all matchers select. A label that a series does not have counts
// as empty, as in PromQL.
func (t *Table) Matching(matchers ...*labels.Matcher) Postings {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.matching(matchers)
}

func (t *Table) matching(matchers []*labels.Matcher) Postings {
	var keep, drop []Postings
	for _, m := range matchers {
		if m.Matches("") {
			// Series without the label match too: take away those whose value does not.
			drop = append(drop, t.withValue(m.Name, func(v string) bool { return !m.Matches(v) }))
			continue
		}
		selected := t.selected(m)
		if len(selected) == 0 {
			return nil
		}
		keep = append(keep, selected)
	}
	result := slices.Clip(t.all)
	if len(keep) > 0 {
		result = intersect(keep)
	}
	for _, gone := range drop {
		result = subtract(result, gone)
	}
	return result
}

// selected returns the series whose value m matches; m does not match the empty value.
func (t *Table) selected(m *labels.Matcher) Postings {
	values := t.names[m.Name]
	var literals []string
	switch m.Type {
	case labels.MatchEqual:
		literals = []string{m.Value}
	case labels.MatchRegexp:
		literals = m.SetMatches()
	}
	if len(literals) == 0 {
		return t.withValue(m.Name, m.Matches)
	}
	var lists []Postings
	for _, value := range literals {
		if ref, known := values[value]; known {
			lists = append(lists, slices.Clip(t.pairs[ref].series))
		}
	}
	return union(lists)
}

// withValue returns the series that have the label with a value that match accepts.
func (t *Table) withValue(name string, match func(string) bool) Postings {
	var lists []Postings
	for value, ref := range t.names[name] {
		if match(value) {
			lists = append(lists, slices.Clip(t.pairs[ref].series))
		}
	}
	return union(lists)
}

// LabelNames returns the label names of the selected series in order; of all series without matchers.
func (t *Table) LabelNames(matchers ...*labels.Matcher) []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var names []string
	if len(matchers) == 0 {
		for name := range t.names {
			names = append(names, name)
		}
	} else {
		seen := map[string]bool{}
		for _, id := range t.matching(matchers) {
			for _, ref := range t.refsOf(id) {
				if name := t.pairs[ref].name; !seen[name] {
					seen[name] = true
					names = append(names, name)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

// LabelValues returns the values of a label among the selected series in order; among all series
// without matchers.
func (t *Table) LabelValues(name string, matchers ...*labels.Matcher) []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var selected Postings
	if len(matchers) > 0 {
		selected = t.matching(matchers)
	}
	var values []string
	for value, ref := range t.names[name] {
		if len(matchers) == 0 || intersects(t.pairs[ref].series, selected) {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return values
}

func intersects(a, b Postings) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	for _, id := range a {
		b = skipTo(b, id)
		if len(b) == 0 {
			return false
		}
		if b[0] == id {
			return true
		}
	}
	return false
}
