package lsp

import (
	"slices"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// maxLetDepth bounds the writing out of lets that come back to themselves, which is a mistake.
const maxLetDepth = 32

// writtenOut gives an expression in the form in which a server explains it: with lets written out.
func (n names) writtenOut(e syntax.Expr, depth int) string {
	switch e := e.(type) {
	case *syntax.Ref:
		let, ok := n.values[e.Name].node.(*syntax.Let)
		if !ok || depth > maxLetDepth {
			return e.Name
		}
		inner := n.writtenOut(let.Value, depth+1)
		if n.isCompound(let.Value, depth+1) {
			return "(" + inner + ")"
		}
		return inner
	case *syntax.Paren:
		return "(" + n.writtenOut(e.X, depth) + ")"
	case *syntax.Unary:
		operator := string(e.Op)
		if e.Op == syntax.Not {
			operator += " "
		}
		return operator + n.writtenOut(e.X, depth)
	case *syntax.Binary:
		return n.writtenOut(e.X, depth) + " " + string(e.Op) + " " + n.writtenOut(e.Y, depth)
	case nil:
		return ""
	}
	return syntax.FormatExpr(e)
}

// isCompound reports whether an expression has parts, so that it stands in parentheses within another.
func (n names) isCompound(e syntax.Expr, depth int) bool {
	switch e := e.(type) {
	case *syntax.Ref:
		let, ok := n.values[e.Name].node.(*syntax.Let)
		return ok && depth <= maxLetDepth && n.isCompound(let.Value, depth+1)
	case *syntax.Paren:
		return n.isCompound(e.X, depth)
	case *syntax.Unary:
		_, isNumber := e.X.(*syntax.Number)
		return !isNumber
	case *syntax.Binary:
		return true
	}
	return false
}

// ruleWith finds the first rule that asks for a let, perhaps by way of others; "" where none does.
func (a *analysis) ruleWith(let string) string {
	for _, f := range a.files {
		for _, d := range f.Declarations {
			rule, ok := d.(*syntax.Rule)
			if !ok {
				continue
			}
			for e := range syntax.Expressions(rule) {
				if a.names.asksFor(e, let, nil) {
					return rule.Name.Text
				}
			}
		}
	}
	return ""
}

// asksFor reports whether an expression names a let, perhaps by way of others; chain are those that
// led here.
func (n names) asksFor(e syntax.Expr, let string, chain []string) (asks bool) {
	syntax.Walk(e, func(e syntax.Expr) bool {
		ref, ok := e.(*syntax.Ref)
		if !ok || asks || slices.Contains(chain, ref.Name) {
			return !asks
		}
		asks = ref.Name == let
		if other, ok := n.values[ref.Name].node.(*syntax.Let); ok && !asks && len(chain) < maxLetDepth {
			asks = n.asksFor(other.Value, let, append(slices.Clone(chain), ref.Name))
		}
		return !asks
	})
	return asks
}
