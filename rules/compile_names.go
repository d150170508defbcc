package rules

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// resolver looks for names in expressions and tests that stand for nothing: what syntax.Check cannot
// know.
type resolver struct {
	*compiler
	file *syntax.File // that is looked at
	// broken are metrics whose declaration has a mistake of its own; blocks are rules and routes, for
	// which syntax.Check has an answer.
	broken, blocks map[string]bool
	// letNames, and metricNames of the file that is looked at, are what a mistyped name may mean; nil
	// until one is met.
	letNames, metricNames []string
	errors                syntax.Errors
}

// unresolved reports the names in expressions that stand for nothing.
func (c *compiler) unresolved() syntax.Errors {
	r := &resolver{compiler: c, broken: map[string]bool{}, blocks: map[string]bool{}}
	for f, d := range c.declarations() {
		switch d := d.(type) {
		case *syntax.Metric:
			if f.TakenBy == nil && c.vocabulary.declared[d.Name.Text] == nil {
				r.broken[d.Name.Text] = true
			}
		case *syntax.Rule:
			r.blocks[d.Name.Text] = true
		case *syntax.Route:
			r.blocks[d.Name.Text] = true
		}
	}
	for f, d := range c.declarations() {
		if r.file != f {
			r.file, r.metricNames = f, nil
		}
		for e := range expressions(d) {
			r.names(e)
		}
		if test, ok := d.(*syntax.Test); ok {
			r.stimuli(test)
		}
	}
	return r.errors
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

// isMetric reports whether a name stands for a metric, perhaps one with a mistake.
func (r *resolver) isMetric(name string) bool {
	return r.broken[name] || r.vocabulary.metric(r.file, name) != nil
}

func (r *resolver) isLet(name string) bool {
	_, ok := r.lets[name]
	return ok
}

// names reports the names of one expression that stand for nothing.
func (r *resolver) names(e syntax.Expr) {
	for _, ref := range syntax.Metrics(e) {
		if !r.isMetric(ref.Name) && !r.isLet(ref.Name) {
			r.notMetric(ref.Span, ref.Name, "declare it: metric "+ref.Name+` = gauge "NAME"`)
		}
	}
	r.bareNames(e)
}

// bareNames reports the names that stand by themselves and should be a let. The metrics of calls have
// been looked at.
func (r *resolver) bareNames(e syntax.Expr) {
	syntax.Walk(e, func(e syntax.Expr) bool {
		switch e := e.(type) {
		case *syntax.Call:
			signature, ok := syntax.Function(e.Function.Text)
			if !ok || len(signature.Args) != len(e.Args) {
				return false
			}
			for i, arg := range e.Args {
				if signature.Args[i].Kind == syntax.ExprArg {
					r.bareNames(arg)
				}
			}
			return false
		case *syntax.Ref:
			r.bareName(e)
		}
		return true
	})
}

func (r *resolver) bareName(ref *syntax.Ref) {
	if ref.Name == "" || r.isLet(ref.Name) || r.isMetric(ref.Name) || r.blocks[ref.Name] {
		return
	}
	if ref.Name == "true" || ref.Name == "false" {
		r.report(ref.Span, "a comparison is true or false in itself", "%q is not a value", ref.Name)
		return
	}
	if r.letNames == nil {
		r.letNames = slices.Sorted(maps.Keys(r.lets))
	}
	r.report(ref.Span, r.hint(ref.Name, r.letNames, "declare it: let "+ref.Name+" = …"), "%q is not declared", ref.Name)
}

// stimuli reports the metrics of a test that are not declared.
func (r *resolver) stimuli(test *syntax.Test) {
	for _, statement := range test.Statements {
		if s, ok := statement.(*syntax.Stimulus); ok && s.Metric.Text != "" && !r.isMetric(s.Metric.Text) && !r.isLet(s.Metric.Text) {
			r.notMetric(s.Metric.Span, s.Metric.Text, "")
		}
	}
}

func (r *resolver) notMetric(at syntax.Span, name, otherwise string) {
	if r.metricNames == nil {
		r.metricNames = r.vocabulary.names(r.file)
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count", "_total"} {
		if whole, ok := strings.CutSuffix(name, suffix); ok && r.isMetric(whole) {
			otherwise = fmt.Sprintf("did you mean %q?", whole)
		}
	}
	r.report(at, r.hint(name, r.metricNames, otherwise), "%q is not a metric", name)
}

func (r *resolver) report(at syntax.Span, hint, format string, args ...any) {
	r.errors = append(r.errors, r.file.Error(at, fmt.Sprintf(format, args...), hint))
}

// hinted is how many mistakes get a hint that looks through all names: as many as are shown of one load,
// because thousands would take minutes.
const hinted = 200

func (r *resolver) hint(word string, candidates []string, otherwise string) string {
	if len(r.errors) < hinted {
		if hint := syntax.DidYouMean(word, slices.Values(candidates)); hint != "" {
			return hint
		}
	}
	return otherwise
}
