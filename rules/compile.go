package rules

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// compiler turns the trees of one load into a program. Its tables are complete before the first
// expression is looked at, so the order of declarations and files does not matter.
type compiler struct {
	files   []*syntax.File
	metrics map[string]*metric // by name; metrics declared alike share an entry
	lets    map[string]*syntax.Let
	program *Program
	scopes  map[string]*scope
}

func newCompiler(files []*syntax.File) *compiler {
	c := &compiler{
		files: files, metrics: map[string]*metric{}, lets: map[string]*syntax.Let{},
		program: &Program{}, scopes: map[string]*scope{},
	}
	shared := map[string]*metric{}
	for _, d := range c.declarations() {
		switch d := d.(type) {
		case *syntax.Metric:
			if m, ok := newMetric(d); ok {
				c.metrics[d.Name.Text] = share(shared, m)
			}
		case *syntax.Let:
			c.lets[d.Name.Text] = d
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
	m.where, ok = matchers(d.Where)
	return m, ok
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

// unresolved reports the names in expressions that stand for nothing, and metrics of a catalogue of
// the wrong kind: what syntax.Check cannot know.
func (c *compiler) unresolved() (errs syntax.Errors) {
	known := map[string]bool{}
	for name := range c.metrics {
		known[name] = true
	}
	for f, d := range c.declarations() {
		if m, ok := d.(*syntax.Metric); ok {
			known[m.Name.Text] = true // with a mistake of its own, perhaps
		}
		for e := range expressions(d) {
			errs = append(errs, c.unknownNames(f, e, known)...)
		}
		if test, ok := d.(*syntax.Test); ok {
			errs = append(errs, c.unknownStimuli(f, test, known)...)
		}
	}
	return errs
}

// expressions gives the expressions of a declaration in which every name must stand for something. In
// a text, a name alone is a label, which syntax.Check has looked at.
func expressions(d syntax.Declaration) iter.Seq[syntax.Expr] {
	return func(yield func(syntax.Expr) bool) {
		conditions := map[syntax.Expr]bool{}
		if rule, ok := d.(*syntax.Rule); ok {
			for _, clause := range rule.Clauses {
				switch clause := clause.(type) {
				case *syntax.When:
					conditions[clause.Condition] = true
				case *syntax.Require:
					conditions[clause.Condition] = true
				case *syntax.Recover:
					conditions[clause.Condition] = true
				}
			}
		}
		for e := range syntax.Expressions(d) {
			_, alone := e.(*syntax.Ref)
			_, isRule := d.(*syntax.Rule)
			if alone && isRule && !conditions[e] {
				continue
			}
			if !yield(e) {
				return
			}
		}
	}
}

// unknownNames reports the names of one expression that stand for nothing.
func (c *compiler) unknownNames(f *syntax.File, e syntax.Expr, known map[string]bool) (errs syntax.Errors) {
	metricNames := slices.Values(slices.Sorted(maps.Keys(c.metrics)))
	for _, ref := range syntax.Metrics(e) {
		if !known[ref.Name] && c.lets[ref.Name] == nil {
			errs = append(errs, f.Error(ref.Span, fmt.Sprintf("%q is not a metric", ref.Name), hintFor(ref.Name, metricNames, "declare it: metric "+ref.Name+` = gauge "NAME"`)))
		}
	}
	syntax.Walk(e, func(e syntax.Expr) bool {
		switch e := e.(type) {
		case *syntax.Call:
			signature, ok := syntax.Function(e.Function.Text)
			if !ok || len(signature.Args) != len(e.Args) {
				return false
			}
			if _, ok := functions[signature.Name]; !ok && !isForm(signature.Name) {
				errs = append(errs, f.Error(e.Function.Span, fmt.Sprintf("%s is not available in this version", signature.Name), "compare with the past by baseline or ago"))
				return false
			}
			for i, arg := range e.Args {
				if signature.Args[i].Kind == syntax.ExprArg {
					errs = append(errs, c.unknownBare(f, arg, known)...)
				}
			}
			return false
		case *syntax.Ref:
			errs = append(errs, c.unknownBare(f, e, known)...)
		}
		return true
	})
	return errs
}

// unknownBare reports a name that should be a let; what is below a call is not looked into.
func (c *compiler) unknownBare(f *syntax.File, e syntax.Expr, known map[string]bool) (errs syntax.Errors) {
	ref, ok := e.(*syntax.Ref)
	if !ok {
		var inside syntax.Errors
		for _, err := range c.unknownNames(f, e, known) {
			if !slices.ContainsFunc(syntax.Metrics(e), func(r *syntax.Ref) bool { return r.Span == err.Span }) {
				inside = append(inside, err) // its metrics are reported by the caller
			}
		}
		return inside
	}
	if c.lets[ref.Name] != nil || known[ref.Name] || c.isRuleOrRoute(ref.Name) {
		return nil
	}
	letNames := slices.Values(slices.Sorted(maps.Keys(c.lets)))
	return syntax.Errors{f.Error(ref.Span, fmt.Sprintf("%q is not declared", ref.Name), hintFor(ref.Name, letNames, "declare it: let "+ref.Name+" = …"))}
}

// unknownStimuli reports the metrics of a test that are not declared.
func (c *compiler) unknownStimuli(f *syntax.File, test *syntax.Test, known map[string]bool) (errs syntax.Errors) {
	metricNames := slices.Values(slices.Sorted(maps.Keys(c.metrics)))
	for _, statement := range test.Statements {
		if s, ok := statement.(*syntax.Stimulus); ok && s.Metric.Text != "" && !known[s.Metric.Text] && c.lets[s.Metric.Text] == nil {
			errs = append(errs, f.Error(s.Metric.Span, fmt.Sprintf("%q is not a metric", s.Metric.Text), hintFor(s.Metric.Text, metricNames, "")))
		}
	}
	return errs
}

// isForm reports a function that is not a window of samples, but has its own compiled form.
func isForm(function string) bool {
	switch function {
	case "ago", "baseline", "firing", "serving":
		return true
	}
	return false
}

// isRuleOrRoute reports a name that syntax.Check has an answer for.
func (c *compiler) isRuleOrRoute(name string) bool {
	for _, d := range c.declarations() {
		switch d := d.(type) {
		case *syntax.Rule:
			if d.Name.Text == name {
				return true
			}
		case *syntax.Route:
			if d.Name.Text == name {
				return true
			}
		}
	}
	return false
}

func hintFor(word string, candidates iter.Seq[string], otherwise string) string {
	if hint := syntax.DidYouMean(word, candidates); hint != "" {
		return hint
	}
	return otherwise
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
	for _, s := range c.program.scopes {
		s.order()
		for _, m := range s.metrics {
			if !seen[m] {
				seen[m] = true
				c.program.metrics = append(c.program.metrics, m)
			}
		}
	}
	c.program.named, c.program.cost = c.metrics, c.cost()
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
		ordered = append(ordered, r)
	}
	for _, r := range s.rules {
		place(r)
	}
	s.rules = ordered
}
