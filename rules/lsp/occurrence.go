package lsp

import (
	"iter"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// occurrence is one word of a file that stands for something.
type occurrence struct {
	kind occurrenceKind
	at   syntax.Span
	// name is what it names: the function, the metric, the rule.
	name string
	// in is the declaration that it stands in, expr the expression that it begins, nil for none.
	in   syntax.Declaration
	expr syntax.Expr
}

type occurrenceKind uint8

const (
	functionWord occurrenceKind = iota
	// valueWord is a metric or a let.
	valueWord
	ruleWord
	routeWord
	labelWord
	numberWord
	// sourceText is the name under which a metric arrives.
	sourceText
	catalogueText
	importText
)

// occurrenceAt finds the word at a place. Between two words that touch it is the second.
func occurrenceAt(f *syntax.File, at syntax.Pos) (found occurrence, ok bool) {
	for _, d := range f.Declarations {
		if span := d.Range(); at.Before(span.Start) || span.End.Before(at) {
			continue
		}
		for o := range occurrences(d) {
			if !at.Before(o.at.Start) && !o.at.End.Before(at) {
				found, ok = o, true
			}
		}
	}
	return found, ok
}

// occurrences gives the words of a declaration that stand for something.
func occurrences(d syntax.Declaration) iter.Seq[occurrence] {
	return func(yield func(occurrence) bool) {
		l := &listing{in: d}
		l.declaration(d)
		for _, o := range l.list {
			if !yield(o) {
				return
			}
		}
	}
}

// listing collects the occurrences of one declaration.
type listing struct {
	in   syntax.Declaration
	list []occurrence
}

func (l *listing) add(kind occurrenceKind, at syntax.Span, name string, expr syntax.Expr) {
	if at.Start.Line > 0 && name != "" {
		l.list = append(l.list, occurrence{kind, at, name, l.in, expr})
	}
}

func (l *listing) names(kind occurrenceKind, names ...syntax.Name) {
	for _, n := range names {
		l.add(kind, n.Span, n.Text, nil)
	}
}

func (l *listing) labels(labels ...syntax.Label) {
	for _, label := range labels {
		l.add(labelWord, label.Span, label.Text, nil)
	}
}

func (l *listing) matchers(matchers []syntax.Matcher) {
	for _, m := range matchers {
		l.labels(m.Label)
	}
}

func (l *listing) declaration(d syntax.Declaration) {
	switch d := d.(type) {
	case *syntax.Use:
		l.add(catalogueText, d.Catalogue.Span, d.Catalogue.Value, nil)
	case *syntax.Import:
		l.add(importText, d.Path.Span, d.Path.Value, nil)
	case *syntax.Metric:
		l.names(valueWord, d.Name)
		for _, source := range d.Sources {
			l.add(sourceText, source.Span, source.Value, nil)
		}
		for _, selector := range d.Where {
			l.matchers(selector.Matchers)
		}
	case *syntax.Let:
		l.names(valueWord, d.Name)
		l.expression(d.Value)
	case *syntax.Route:
		l.names(routeWord, d.Name)
	case *syntax.Rule:
		l.names(ruleWord, d.Name)
		l.labels(d.On...)
		for _, clause := range d.Clauses {
			l.clause(clause)
		}
	case *syntax.Test:
		for _, statement := range d.Statements {
			l.statement(statement)
		}
	}
}

func (l *listing) clause(c syntax.RuleClause) {
	switch c := c.(type) {
	case *syntax.When:
		l.expression(c.Condition)
	case *syntax.Require:
		l.expression(c.Condition)
	case *syntax.Recover:
		l.expression(c.Condition)
	case *syntax.Summary:
		l.template(c.Text)
	case *syntax.LabelText:
		l.template(c.Text)
	case *syntax.AnnotationText:
		l.template(c.Text)
	case *syntax.Dedup:
		l.labels(c.By...)
	case *syntax.Because:
		l.names(ruleWord, c.Rules...)
	case *syntax.Switch:
		l.names(routeWord, c.Routes...)
	}
}

func (l *listing) statement(s syntax.Statement) {
	switch s := s.(type) {
	case *syntax.Stimulus:
		l.names(valueWord, s.Metric)
		l.matchers(s.Matchers)
	case *syntax.At:
		switch {
		case s.Rule != nil:
			l.names(ruleWord, s.Rule.Rule)
			l.matchers(s.Rule.Matchers)
		case s.Route != nil:
			l.names(routeWord, s.Route.Route)
		case s.Alert != nil:
			l.names(ruleWord, s.Alert.Rule)
			l.matchers(s.Alert.Matchers)
		}
	}
}

// template lists the expressions of a text; a name alone is a label.
func (l *listing) template(t syntax.Template) {
	for _, part := range t.Parts {
		if ref, ok := part.Expr.(*syntax.Ref); ok {
			l.add(labelWord, ref.Span, ref.Name, nil)
		} else {
			l.expression(part.Expr)
		}
	}
}

func (l *listing) expression(e syntax.Expr) {
	if e == nil {
		return
	}
	// others are the names that are not values: arguments of firing and serving, and directions.
	others := map[syntax.Expr]bool{}
	syntax.Walk(e, func(e syntax.Expr) bool {
		switch e := e.(type) {
		case *syntax.Number:
			l.add(numberWord, e.Span, e.Text, e)
		case *syntax.Ref:
			if !others[e] {
				l.add(valueWord, e.Span, e.Name, e)
			}
		case *syntax.Call:
			l.add(functionWord, e.Function.Span, e.Function.Text, e)
			l.arguments(e, others)
		}
		return true
	})
}

// arguments lists those arguments that are names of something else than values.
func (l *listing) arguments(call *syntax.Call, others map[syntax.Expr]bool) {
	signature, ok := syntax.Function(call.Function.Text)
	if !ok {
		return
	}
	for i, arg := range call.Args {
		ref, isRef := arg.(*syntax.Ref)
		if !isRef || i >= len(signature.Args) {
			continue
		}
		switch signature.Args[i].Kind {
		case syntax.RuleArg:
			others[ref] = true
			l.add(ruleWord, ref.Span, ref.Name, nil)
		case syntax.RouteArg:
			others[ref] = true
			l.add(routeWord, ref.Span, ref.Name, nil)
		case syntax.DirectionArg:
			others[ref] = true
		}
	}
}
