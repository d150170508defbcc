package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// expression compiles what syntax.Check found right. lag is how far back the expression looks, for
// what stands in ago.
func (c *compiler) expression(s *scope, e syntax.Expr, lag time.Duration) *node {
	switch e := e.(type) {
	case *syntax.Number:
		return &node{kind: nodeNumber, text: e.Text, number: e.Value, unit: e.Unit}
	case *syntax.Ref:
		inner := c.expression(s, c.lets[e.Name].Value, lag)
		if inner.x == nil {
			return inner
		}
		return inner.parenthesized()
	case *syntax.Paren:
		return c.expression(s, e.X, lag).parenthesized()
	case *syntax.Unary:
		x := c.expression(s, e.X, lag)
		if e.Op == syntax.Not {
			return &node{kind: nodeNot, op: e.Op, text: "not " + x.text, x: x}
		}
		if x.kind == nodeNumber {
			return &node{kind: nodeNumber, text: "-" + x.text, number: -x.number, unit: x.unit}
		}
		return &node{kind: nodeNegate, op: e.Op, text: "-" + x.text, x: x}
	case *syntax.Binary:
		x, y := c.expression(s, e.X, lag), c.expression(s, e.Y, lag)
		n := &node{kind: nodeArithmetic, op: e.Op, x: x, y: y, text: x.text + " " + string(e.Op) + " " + y.text}
		if e.Op.IsComparison() {
			n.kind = nodeCompare
		} else if e.Op.IsLogical() {
			n.kind = nodeLogic
		}
		return n
	case *syntax.Call:
		return c.call(s, e, lag)
	}
	panic(fmt.Sprintf("syntax.Check let a %T through", e))
}

// parenthesized shows the node in parentheses where it is part of a larger expression.
func (n *node) parenthesized() *node {
	shown := *n
	shown.text = "(" + n.text + ")"
	return &shown
}

func (c *compiler) call(s *scope, e *syntax.Call, lag time.Duration) *node {
	switch e.Function.Text {
	case "firing":
		return &node{kind: nodeFiring, name: e.Args[0].(*syntax.Ref).Name, text: syntax.FormatExpr(e)}
	case "serving":
		return &node{kind: nodeServing, name: e.Args[0].(*syntax.Ref).Name, text: syntax.FormatExpr(e)}
	case "ago":
		return c.expression(s, e.Args[0], lag+duration(e.Args[1]))
	case "baseline":
		return c.baseline(s, e, lag)
	}
	t := c.term(s, e, lag)
	return &node{kind: nodeTerm, term: s.add(t), text: t.text}
}

// duration is the time that an argument states.
func duration(e syntax.Expr) time.Duration { return e.(*syntax.Number).Duration() }

// number is the number that an argument states, perhaps with a sign.
func number(e syntax.Expr) float64 {
	if negative, ok := e.(*syntax.Unary); ok {
		return -negative.X.(*syntax.Number).Value
	}
	return e.(*syntax.Number).Value
}

// term makes the window function of a call.
func (c *compiler) term(s *scope, e *syntax.Call, lag time.Duration) term {
	f := functions[e.Function.Text]
	t := term{text: syntax.FormatExpr(e), function: f.function, argument: f.share}
	if lag > 0 {
		t.text = fmt.Sprintf("ago(%s, %s)", t.text, formatDuration(lag))
	}
	args := e.Args
	if e.Function.Text == "quantile" {
		t.argument, args = number(args[0]), args[1:]
	}
	m := c.metrics[args[0].(*syntax.Ref).Name]
	t.slot, t.kind = s.slot(m), m.kind
	var width time.Duration
	switch t.function {
	case functionAge:
		return t // keeps no window
	case functionAbove:
		t.argument, width = number(args[1]), duration(args[2])
	case functionRatio:
		divisor := c.metrics[args[1].(*syntax.Ref).Name]
		width = duration(args[2])
		t.divisor, t.isPart = s.slot(divisor), m.isPartOf(divisor)
		t.divisorSpec = divisor.spec(f.function.family(divisor.kind), width, lag)
	case functionEwma:
		width = ewmaWidth(duration(args[1]))
	default:
		width = duration(args[1])
	}
	t.spec = m.spec(f.function.family(m.kind), width, lag)
	t.covers = f.function.waits()
	return t
}

// slot returns the place of a metric in the scope, which it adds when it is new.
func (s *scope) slot(m *metric) int {
	if i := slices.Index(s.metrics, m); i >= 0 {
		return i
	}
	s.metrics = append(s.metrics, m)
	return len(s.metrics) - 1
}

// add returns the place of a term in the scope; rules that ask the same share it.
func (s *scope) add(t term) int {
	if i := slices.Index(s.terms, t); i >= 0 {
		return i
	}
	s.terms = append(s.terms, t)
	return len(s.terms) - 1
}

// baseline is the median of what the expression was at this time of day on each of the days that d
// spans, at least one.
func (c *compiler) baseline(s *scope, e *syntax.Call, lag time.Duration) *node {
	const day = 24 * time.Hour
	n := &node{kind: nodeMedian, text: syntax.FormatExpr(e)}
	for back := day; back <= max(day, duration(e.Args[1])); back += day {
		n.days = append(n.days, c.expression(s, e.Args[0], lag+back))
	}
	return n
}
