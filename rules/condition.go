package rules

import (
	"math"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/detect"
	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/rules/window"
)

// node is one step of a compiled expression. Its value is a number or a truth; either may be
// unknown.
type node struct {
	op syntax.Op // for operations; "" for the leaves
	// kind says which of the fields below count.
	kind nodeKind
	// text is the part of the expression as written, lets written out.
	text string
	x, y *node
	// number is a constant, written in unit.
	number float64
	unit   syntax.Unit
	// term is the place of a function among the terms of the scope, or of a baseline among its baselines,
	// whose x is what the past is looked through for; detector is that of shifted among the detectors.
	term, detector int
	// shift is the term of a shifted.
	shift *term
	// name is the rule of firing, the route of serving.
	name string
}

type nodeKind uint8

const (
	nodeNumber nodeKind = iota
	nodeTerm
	nodeNegate
	nodeArithmetic
	nodeBaseline
	nodeCompare
	nodeLogic // and, or
	nodeNot
	nodeFiring
	nodeServing
	nodeShifted
)

// facts are what a condition is evaluated on.
type facts struct {
	// values are those of the scope's terms, detectors those of its shifted, pasts those of its baselines.
	values    []window.Result
	detectors []*detect.Detector
	pasts     []*past
	// unlearned: the detectors have not been given their past.
	unlearned bool
	// labels name the instance.
	labels labels.Labels
	// firing reports whether a rule fires for the instances with the same shared labels, serving
	// whether a route serves the instance's model.
	firing  func(rule string, instance labels.Labels) Truth
	serving func(route string, instance labels.Labels) Truth
}

// value is the number of an expression; known is false where a part is unknown, where it divides by
// 0, and where the result is not a number.
func (n *node) value(f *facts) (v float64, known bool) {
	switch n.kind {
	case nodeNumber:
		return n.number, true
	case nodeTerm:
		r := f.values[n.term]
		return r.Value, r.Known
	case nodeNegate:
		v, known = n.x.value(f)
		return -v, known
	case nodeArithmetic:
		x, xKnown := n.x.value(f)
		y, yKnown := n.y.value(f)
		if !xKnown || !yKnown {
			return 0, false
		}
		v, known = calculate(n.op, x, y)
		return v, known && !math.IsNaN(v)
	case nodeBaseline:
		usual := f.pasts[n.term].usual
		return usual.Value, usual.Known
	}
	return 0, false
}

// constant returns the value of an expression that looks at nothing; ok is false for others.
func (n *node) constant() (v float64, ok bool) {
	plain := true
	n.walk(func(part *node) {
		plain = plain && (part.kind == nodeNumber || part.kind == nodeNegate || part.kind == nodeArithmetic)
	})
	if !plain {
		return 0, false
	}
	return n.value(nil)
}

func calculate(op syntax.Op, x, y float64) (v float64, known bool) {
	switch op {
	case syntax.Add:
		return x + y, true
	case syntax.Subtract:
		return x - y, true
	case syntax.Multiply:
		return x * y, true
	case syntax.Divide:
		return x / y, y != 0
	case syntax.Modulo:
		return math.Mod(x, y), y != 0
	}
	return 0, false
}

// truth is whether a condition holds.
func (n *node) truth(f *facts) Truth {
	switch n.kind {
	case nodeCompare:
		x, xKnown := n.x.value(f)
		y, yKnown := n.y.value(f)
		if !xKnown || !yKnown {
			return Unknown
		}
		return truthOf(compare(n.op, x, y))
	case nodeLogic:
		if n.op == syntax.And {
			return n.x.truth(f).and(n.y.truth(f))
		}
		return n.x.truth(f).or(n.y.truth(f))
	case nodeNot:
		return n.x.truth(f).not()
	case nodeFiring:
		return f.firing(n.name, f.labels)
	case nodeServing:
		return f.serving(n.name, f.labels)
	case nodeShifted:
		if r := f.values[n.term]; r.Known {
			return truthOf(r.Value > 0)
		}
	}
	return Unknown
}

func compare(op syntax.Op, x, y float64) bool {
	switch op {
	case syntax.Greater:
		return x > y
	case syntax.GreaterEqual:
		return x >= y
	case syntax.Less:
		return x < y
	case syntax.LessEqual:
		return x <= y
	case syntax.Equal:
		return x == y
	case syntax.NotEqual:
		return x != y
	}
	return false
}

// isCondition reports whether the expression is true or false rather than a number.
func (n *node) isCondition() bool { return n.kind >= nodeCompare }

// walk visits the node and all below it, left to right.
func (n *node) walk(visit func(*node)) {
	if n == nil {
		return
	}
	visit(n)
	n.x.walk(visit)
	n.y.walk(visit)
}
