package syntax

import (
	"cmp"
	"fmt"
)

// limit is a comparison of a term with a written number: TERM op value.
type limit struct {
	term  string
	op    Op
	value float64
	at    Span
}

// turned are the comparisons when their sides are exchanged, opposite those that hold when they do not.
var (
	turned   = map[Op]Op{Greater: Less, GreaterEqual: LessEqual, Less: Greater, LessEqual: GreaterEqual, Equal: Equal, NotEqual: NotEqual}
	opposite = map[Op]Op{Greater: LessEqual, GreaterEqual: Less, Less: GreaterEqual, LessEqual: Greater, Equal: NotEqual, NotEqual: Equal}
)

// limits are the comparisons that must all hold for a condition to be true, or, negated, to be false.
func (l *linter) limits(e Expr, negated bool) []limit {
	switch e := e.(type) {
	case *Paren:
		return l.limits(e.X, negated)
	case *Ref:
		if written := l.expand(e); written != Expr(e) {
			inner := l.limits(written, negated)
			for i := range inner {
				inner[i].at = e.Span // where it is used
			}
			return inner
		}
	case *Unary:
		if e.Op == Not {
			return l.limits(e.X, !negated)
		}
	case *Binary:
		if e.Op == And && !negated || e.Op == Or && negated {
			return append(l.limits(e.X, negated), l.limits(e.Y, negated)...)
		}
		if found, ok := l.limitOf(e); ok {
			if negated {
				found.op = opposite[found.op]
			}
			return []limit{found}
		}
	}
	return nil
}

func (l *linter) limitOf(e *Binary) (limit, bool) {
	if !e.Op.IsComparison() {
		return limit{}, false
	}
	if value, ok := constant(e.Y); ok {
		return limit{l.term(e.X), e.Op, value, e.Span}, true
	}
	if value, ok := constant(e.X); ok {
		return limit{l.term(e.Y), turned[e.Op], value, e.Span}, true
	}
	return limit{}, false
}

// term is the text of what is compared, with lets written out.
func (l *linter) term(e Expr) string { return FormatExpr(bare(l.expand(e))) }

// bare is an expression without the parentheses around it.
func bare(e Expr) Expr {
	for {
		paren, ok := e.(*Paren)
		if !ok {
			return e
		}
		e = paren.X
	}
}

// excludes reports whether two limits of one term can not hold at once.
func (a limit) excludes(b limit) bool {
	switch {
	case a.op == Equal:
		return !compare(a.value, b.op, b.value)
	case b.op == Equal:
		return !compare(b.value, a.op, a.value)
	case a.isLower() && b.isUpper():
	case a.isUpper() && b.isLower():
		a, b = b, a
	default:
		return false
	}
	return a.value > b.value || a.value == b.value && (a.op == Greater || b.op == Less)
}

func (a limit) isLower() bool { return a.op == Greater || a.op == GreaterEqual }
func (a limit) isUpper() bool { return a.op == Less || a.op == LessEqual }

// constant is the value of a written number, perhaps with a sign or in parentheses.
func constant(e Expr) (float64, bool) {
	switch e := e.(type) {
	case *Number:
		return e.Value, true
	case *Paren:
		return constant(e.X)
	case *Unary:
		if e.Op == Negate {
			v, ok := constant(e.X)
			return -v, ok
		}
	}
	return 0, false
}

// compare applies a comparison.
func compare(x float64, op Op, y float64) bool {
	c := cmp.Compare(x, y)
	switch op {
	case Greater:
		return c > 0
	case GreaterEqual:
		return c >= 0
	case Less:
		return c < 0
	case LessEqual:
		return c <= 0
	case Equal:
		return c == 0
	}
	return c != 0
}

// condition looks for comparisons that are never or always true, in themselves or together.
func (l *linter) condition(e Expr, items ...item) {
	inChain := map[Expr]bool{} // links that were looked at with the whole chain
	Walk(e, func(e Expr) bool {
		b, ok := e.(*Binary)
		if !ok {
			return true
		}
		if b.Op == And || b.Op == Or {
			for _, side := range []Expr{bare(b.X), bare(b.Y)} {
				if link, ok := side.(*Binary); ok && link.Op == b.Op {
					inChain[link] = true
				}
			}
			switch {
			case inChain[b]:
			case b.Op == And:
				l.contradiction(l.limits(b, false), neverTrue, "never true", items)
			default:
				l.contradiction(l.limits(b, true), alwaysTrue, "always true", items)
			}
		}
		if b.Op.IsComparison() {
			l.comparison(b, items)
		}
		return true
	})
}

func (l *linter) comparison(b *Binary, items []item) {
	x, xIsConstant := constant(b.X)
	y, yIsConstant := constant(b.Y)
	if xIsConstant && yIsConstant {
		name, what := neverTrue, "never true"
		if compare(x, b.Op, y) {
			name, what = alwaysTrue, "always true"
		}
		l.warn(name, b.Span, items, "", "this is %s", what)
		return
	}
	limit, ok := l.limitOf(b)
	if !ok {
		if x, y := l.term(b.X), l.term(b.Y); x == y && compare(0, b.Op, 0) {
			l.warn(alwaysTrue, b.Span, items, "", "this is always true: both sides are %s", x)
		} else if x == y {
			l.warn(neverTrue, b.Span, items, "", "this is never true: both sides are %s", x)
		}
		return
	}
	side := b.X
	if xIsConstant {
		side = b.Y
	}
	call, isCall := bare(l.expand(side)).(*Call)
	if !isCall {
		return
	}
	least, most := bounds(call.Function.Text)
	if least > most {
		return
	}
	atLeast, atMost := compare(least, limit.op, limit.value), compare(most, limit.op, limit.value)
	switch {
	case limit.op == Equal || limit.op == NotEqual || atLeast != atMost:
	case atLeast:
		l.warn(alwaysTrue, b.Span, items, "", "this is always true: %s is never below %s", call.Function.Text, number(least))
	default:
		l.warn(neverTrue, b.Span, items, "", "this is never true: %s lies between %s and %s", call.Function.Text, number(least), number(most))
	}
}

// bounds are the least and the most that a function can give; least > most where it has none.
func bounds(function string) (least, most float64) {
	const endless = 1e300
	if signature, ok := Function(function); ok && signature.Share {
		return 0, 1
	}
	switch function {
	case "count", "age", "rate", "increase", "stddev", "ratio":
		return 0, endless
	}
	return 1, 0
}

func number(v float64) string {
	if v >= 1e300 {
		return "without end"
	}
	return fmt.Sprint(v)
}

// contradiction reports two limits on one term that exclude each other.
func (l *linter) contradiction(all []limit, name, what string, items []item) {
	if len(all) > maxLimits {
		return
	}
	for i, a := range all {
		for _, b := range all[:i] {
			if a.term == b.term && a.excludes(b) {
				l.warn(name, a.at, items, "", "this is %s together with the limit at %s", what, b.at.Start)
			}
		}
	}
}

// maxLimits bounds the comparison of each with each; nobody writes as many by hand.
const maxLimits = 50
