package rules

import (
	"fmt"
	"iter"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// compiler turns the trees of one load into a program. Its tables are complete before the first
// expression is looked at, so the order of declarations and files does not matter.
type compiler struct {
	files      []*syntax.File
	vocabulary vocabulary     // metrics declared alike share an entry
	lets       map[string]let // seen by all files
	program    *Program
	scopes     map[string]*scope
	terms      map[*scope]map[term]int // the places of the terms of a scope
}

// let is a part of a condition with the file whose metrics it names.
type let struct {
	*syntax.Let
	file *syntax.File
}

func newCompiler(files []*syntax.File) *compiler {
	c := &compiler{
		files: files, vocabulary: vocabulary{map[string]*metric{}, map[string]map[string]*metric{}}, lets: map[string]let{},
		program: &Program{}, scopes: map[string]*scope{}, terms: map[*scope]map[term]int{},
	}
	shared := map[string]*metric{}
	for f, d := range c.declarations() {
		switch d := d.(type) {
		case *syntax.Metric:
			if m, ok := newMetric(d); ok {
				c.vocabulary.add(f, d.Name.Text, share(shared, m))
			}
		case *syntax.Let:
			c.lets[d.Name.Text] = let{d, f}
		}
	}
	return c
}

// share returns the metric that is declared like m, m itself when it is the first.
func share(shared map[string]*metric, m *metric) *metric {
	if same, ok := shared[m.key()]; ok {
		return same
	}
	shared[m.key()] = m
	return m
}

// declarations gives all declarations with their files.
func (c *compiler) declarations() iter.Seq2[*syntax.File, syntax.Declaration] {
	return func(yield func(*syntax.File, syntax.Declaration) bool) {
		for _, f := range c.files {
			for _, d := range f.Declarations {
				if !yield(f, d) {
					return
				}
			}
		}
	}
}

// newMetric makes a metric of its declaration; ok is false where the declaration has a mistake.
func newMetric(d *syntax.Metric) (m *metric, ok bool) {
	kind, ok := syntax.ParseMetricKind(d.Kind.Text)
	if !ok {
		return nil, false
	}
	m = &metric{name: d.Name.Text, kind: kind}
	for _, source := range d.Sources {
		m.sources = append(m.sources, source.Value)
	}
	for _, selector := range d.Where {
		list, ok := matchers(selector.Matchers)
		if !ok {
			return nil, false
		}
		m.where = append(m.where, list)
	}
	return m, true
}

func matchers(written []syntax.Matcher) ([]*labels.Matcher, bool) {
	types := map[string]labels.MatchType{"=": labels.MatchEqual, "!=": labels.MatchNotEqual, "=~": labels.MatchRegexp, "!~": labels.MatchNotRegexp}
	var made []*labels.Matcher
	for _, w := range written {
		matcher, err := labels.NewMatcher(types[w.Op], w.Label.Text, w.Value.Value)
		if err != nil {
			return nil, false
		}
		made = append(made, matcher)
	}
	return made, true
}

// compile builds the program of files without mistakes.
func (c *compiler) compile() *Program {
	seen := map[*metric]bool{}
	for f, d := range c.declarations() {
		switch d := d.(type) {
		case *syntax.Route:
			c.program.routes = append(c.program.routes, compileRoute(d))
		case *syntax.Rule:
			r := c.rule(f, d)
			c.program.rules = append(c.program.rules, r)
			c.program.infos = append(c.program.infos, r.info)
		}
	}
	c.program.alarmsPerMS = c.alarms()
	for _, s := range c.program.scopes {
		s.order()
		for _, m := range s.metrics {
			if !seen[m] {
				seen[m] = true
				c.program.metrics = append(c.program.metrics, m)
			}
		}
	}
	c.program.vocabulary, c.program.cost = c.vocabulary, c.cost()
	return c.program
}

// scope returns the scope of some labels.
func (c *compiler) scope(on []string) *scope {
	key := fmt.Sprintf("%q", on)
	s, ok := c.scopes[key]
	if !ok {
		s = &scope{on: on}
		c.scopes[key] = s
		c.program.scopes = append(c.program.scopes, s)
	}
	return s
}

// order puts each rule after those whose firing it asks for. There is no cycle.
func (s *scope) order() {
	byName, placed := map[string]*rule{}, map[*rule]bool{}
	for _, r := range s.rules {
		byName[r.info.Name] = r
	}
	ordered := make([]*rule, 0, len(s.rules))
	var place func(r *rule)
	place = func(r *rule) {
		if r == nil || placed[r] {
			return
		}
		placed[r] = true
		for _, name := range r.asks {
			place(byName[name])
		}
		r.order = len(ordered)
		ordered = append(ordered, r)
	}
	for _, r := range s.rules {
		place(r)
	}
	s.rules = ordered
}
