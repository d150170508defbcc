package promimport

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// metricSet declares each selection of series once, under a name of its own.
type metricSet struct {
	byKey map[string]string // declaration without its name → name
	taken map[string]bool
	order []string // declarations
}

func newMetricSet() *metricSet {
	return &metricSet{byKey: map[string]string{}, taken: map[string]bool{}}
}

// metric is one selection of series that an expression needs.
type metric struct {
	base, declaration string
}

// newMetric makes the declaration of a selector, without its name.
func newMetric(kind, source string, matchers []*labels.Matcher) metric {
	var where, chosen []string
	for _, m := range matchers {
		if m.Name == labels.MetricName {
			continue
		}
		where = append(where, fmt.Sprintf("%s %s %s", syntax.FormatLabel(m.Name), m.Type, quote(m.Value)))
		chosen = append(chosen, inName(m))
	}
	slices.Sort(chosen)
	slices.Sort(where)
	declaration := kind + " " + quote(source)
	if len(where) > 0 {
		declaration += " where " + strings.Join(where, ", ")
	}
	name := word(source)
	if suffix := strings.Join(slices.DeleteFunc(chosen, func(part string) bool { return part == "" }), "_"); suffix != "" {
		name += "_" + suffix[:min(len(suffix), maxSuffix)]
	}
	return metric{base: name, declaration: declaration}
}

// maxSuffix keeps the names of metrics readable that choose by long patterns.
const maxSuffix = 40

// inName is what a matcher adds to the name of its metric: the letters and digits of its value, 5xx for 5..
func inName(m *labels.Matcher) string {
	parts := strings.FieldsFunc(strings.ReplaceAll(m.Value, "..", "xx"), func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if m.Type == labels.MatchNotEqual || m.Type == labels.MatchNotRegexp {
		parts = append([]string{"not"}, parts...)
	}
	return strings.Join(parts, "_")
}

var stringEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

func quote(text string) string { return `"` + stringEscaper.Replace(text) + `"` }

// name returns the name of a metric, a new one where it is not declared yet.
func (s *metricSet) name(m metric) string {
	if name, ok := s.byKey[m.declaration]; ok {
		return name
	}
	name := m.base
	for n := 2; s.taken[name]; n++ {
		name = fmt.Sprintf("%s_%d", m.base, n)
	}
	s.taken[name] = true
	s.byKey[m.declaration] = name
	s.order = append(s.order, "metric "+name+" = "+m.declaration)
	return name
}

// clone is a copy to try an expression on.
func (s *metricSet) clone() *metricSet {
	c := newMetricSet()
	for k, v := range s.byKey {
		c.byKey[k] = v
	}
	for k := range s.taken {
		c.taken[k] = true
	}
	c.order = slices.Clone(s.order)
	return c
}

func (s *metricSet) declarations() string {
	if len(s.order) == 0 {
		return ""
	}
	return "\n" + strings.Join(s.order, "\n") + "\n"
}
