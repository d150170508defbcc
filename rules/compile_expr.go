package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// place is where an expression stands.
type place struct {
	scope *scope
	file  *syntax.File // whose metrics it names
	// lag is how far back the expression looks, for what stands in ago.
	lag time.Duration
}

// earlier is the same place, for what looks further back.
func (p place) earlier(lag time.Duration) place {
	p.lag += lag
	return p
}

// expression compiles what syntax.Check found right.
func (c *compiler) expression(p place, e syntax.Expr) *node {
	switch e := e.(type) {
	case *syntax.Number:
		return &node{kind: nodeNumber, text: e.Text, number: e.Value, unit: e.Unit}
	case *syntax.Ref:
		let := c.lets[e.Name]
		inner := c.expression(place{p.scope, let.file, p.lag}, let.Value)
		if inner.x == nil {
			return inner
		}
		return inner.parenthesized()
	case *syntax.Paren:
		return c.expression(p, e.X).parenthesized()
	case *syntax.Unary:
		x := c.expression(p, e.X)
		if e.Op == syntax.Not {
			return &node{kind: nodeNot, op: e.Op, text: "not " + x.text, x: x}
		}
		if x.kind == nodeNumber {
			return &node{kind: nodeNumber, text: "-" + x.text, number: -x.number, unit: x.unit}
		}
		return &node{kind: nodeNegate, op: e.Op, text: "-" + x.text, x: x}
	case *syntax.Binary:
		x, y := c.expression(p, e.X), c.expression(p, e.Y)
		n := &node{kind: nodeArithmetic, op: e.Op, x: x, y: y, text: x.text + " " + string(e.Op) + " " + y.text}
		if e.Op.IsComparison() {
			n.kind = nodeCompare
		} else if e.Op.IsLogical() {
			n.kind = nodeLogic
		}
		return n
	case *syntax.Call:
		return c.call(p, e)
	}
	panic(fmt.Sprintf("syntax.Check let a %T through", e))
}

// parenthesized shows the node in parentheses where it is part of a larger expression.
func (n *node) parenthesized() *node {
	shown := *n
	shown.text = "(" + n.text + ")"
	return &shown
}

func (c *compiler) call(p place, e *syntax.Call) *node {
	switch e.Function.Text {
	case "firing":
		return &node{kind: nodeFiring, name: e.Args[0].(*syntax.Ref).Name, text: syntax.FormatExpr(e)}
	case "serving":
		return &node{kind: nodeServing, name: e.Args[0].(*syntax.Ref).Name, text: syntax.FormatExpr(e)}
	case "ago":
		return c.expression(p.earlier(duration(e.Args[1])), e.Args[0])
	case "baseline":
		return c.baseline(p, e)
	case "shifted":
		return c.shifted(p, e)
	}
	t := c.term(p, e)
	return &node{kind: nodeTerm, term: c.add(p.scope, t), text: t.text}
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
func (c *compiler) term(p place, e *syntax.Call) term {
	s, lag := p.scope, p.lag
	f := functions[e.Function.Text]
	t := term{text: syntax.FormatExpr(e), function: f.function, argument: f.share}
	if lag > 0 {
		t.text = fmt.Sprintf("ago(%s, %s)", t.text, formatDuration(lag))
	}
	args := e.Args
	if e.Function.Text == "quantile" {
		t.argument, args = number(args[0]), args[1:]
	}
	m := c.vocabulary.metric(p.file, args[0].(*syntax.Ref).Name)
	t.slot, t.kind = s.slot(m), m.kind
	var width time.Duration
	switch t.function {
	case functionAge:
		return t // keeps no window
	case functionAbove:
		t.argument, width = number(args[1]), duration(args[2])
	case functionRatio:
		divisor := c.vocabulary.metric(p.file, args[1].(*syntax.Ref).Name)
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
func (c *compiler) add(s *scope, t term) int {
	if i, ok := c.terms[s][t]; ok {
		return i
	}
	if c.terms[s] == nil {
		c.terms[s] = map[term]int{}
	}
	c.terms[s][t] = len(s.terms)
	s.terms = append(s.terms, t)
	return len(s.terms) - 1
}
