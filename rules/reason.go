package rules

import (
	"strings"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// reason says in one line why the instance is in its state: the comparisons that decided, with their
// values. resolves: it has just ceased to fire.
func (i *instance) reason(f *facts, resolves bool) string {
	v := i.life.verdict
	r := i.rule
	if i.life.presumed() {
		return "unknown for " + formatDuration(r.policy.missingAfter)
	}
	switch {
	case i.life.unknown && r.require != nil && r.require.truth(f) != True:
		return "require: " + r.require.because(f)
	case i.life.unknown && i.life.fires() && r.recover != nil:
		return r.recover.because(f)
	case i.life.fires() && r.recover != nil && v.when != True:
		return r.recover.because(f)
	case resolves && !i.life.unknown && r.recover != nil && v.recovered == True:
		return r.recover.because(f)
	}
	return r.when.because(f)
}

// because names the comparisons on which the value of a condition rests: for a true `and` both sides,
// for a false one those that are false, and so on.
func (n *node) because(f *facts) string {
	switch n.kind {
	case nodeCompare:
		return n.compared(f)
	case nodeLogic:
		whole := n.truth(f)
		var parts []string
		for _, side := range []*node{n.x, n.y} {
			if side.truth(f) == whole {
				parts = append(parts, side.because(f))
			}
		}
		return strings.Join(parts, " and ")
	case nodeNot:
		return n.x.because(f)
	case nodeShifted:
		return n.shiftReason(f)
	}
	truth := n.truth(f)
	if truth == True {
		return n.text
	}
	return n.text + " is " + truth.String()
}

// compared shows a comparison with the values of its sides: "p95(latency, 1m) = 3.2 > 2".
func (n *node) compared(f *facts) string {
	x, xKnown := n.x.value(f)
	y, yKnown := n.y.value(f)
	if !xKnown || !yKnown {
		unknown := n.x
		if xKnown {
			unknown = n.y
		}
		return unknown.text + " is unknown"
	}
	op := n.op
	if !compare(op, x, y) {
		op = opposite[op]
	}
	left := n.x.text
	if n.x.kind != nodeNumber {
		left += " = " + formatNumber(x)
	}
	right := formatNumber(y)
	if n.y.kind != nodeNumber {
		right = n.y.text + " = " + right
	}
	return left + " " + string(op) + " " + right
}

// opposite is what holds where a comparison does not.
var opposite = map[syntax.Op]syntax.Op{
	syntax.Greater: syntax.LessEqual, syntax.GreaterEqual: syntax.Less, syntax.Less: syntax.GreaterEqual,
	syntax.LessEqual: syntax.Greater, syntax.Equal: syntax.NotEqual, syntax.NotEqual: syntax.Equal,
}

// terms lists the window functions of the rule's conditions with their values, in the order in which
// they are written, each once for each comparison it stands in.
func (i *instance) terms(f *facts) []Term {
	var list []Term
	seen := map[Term]bool{}
	add := func(n *node, op syntax.Op, threshold float64) {
		r := f.values[n.term]
		t := Term{Text: n.text, Value: r.Value, Known: r.Known, Samples: int(r.Samples), Op: string(op), Threshold: threshold}
		if !t.Known {
			t.Value = 0
		}
		if !seen[t] {
			seen[t] = true
			list = append(list, t)
		}
	}
	var visit func(n *node)
	visit = func(n *node) {
		switch {
		case n == nil, n.kind == nodeBaseline: // whose functions are about the past
		case n.kind == nodeTerm:
			add(n, "", 0)
		case n.kind == nodeShifted:
			list = append(list, n.shift.measured(f.values[n.term], f.detectors[n.detector].Report()))
		case n.kind == nodeCompare && n.x.kind == nodeTerm && n.y.kind == nodeNumber:
			add(n.x, n.op, n.y.number)
		default:
			visit(n.x)
			visit(n.y)
		}
	}
	visit(i.rule.when)
	visit(i.rule.recover)
	visit(i.rule.require)
	return list
}
