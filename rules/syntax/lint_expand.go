package syntax

// maxLintNodes bounds what an expression becomes with its lets written out; a larger one is looked at as it
// is written.
const maxLintNodes = 1_000

// expand writes out the lets of an expression, and gives metrics that are declared alike one name.
func (l *linter) expand(e Expr) Expr {
	x := expander{linter: l}
	written := x.expand(e)
	if x.nodes > maxLintNodes {
		return e
	}
	return written
}

type expander struct {
	*linter
	nodes int
}

func (x *expander) expand(e Expr) Expr {
	if x.nodes++; x.nodes > maxLintNodes {
		return e
	}
	switch e := e.(type) {
	case *Ref:
		if let, ok := x.lets[e.Name]; ok && let.Value != nil {
			inner := bare(x.expand(let.Value))
			if _, isBinary := inner.(*Binary); isBinary {
				return &Paren{Span: e.Span, X: inner}
			}
			return inner
		}
		if first := x.metrics[e.Name]; first != "" && first != e.Name {
			return &Ref{Span: e.Span, Name: first}
		}
	case *Call:
		called := *e
		called.Args = make([]Expr, len(e.Args))
		for i, arg := range e.Args {
			called.Args[i] = x.expand(arg)
		}
		return &called
	case *Unary:
		return &Unary{Span: e.Span, Op: e.Op, X: x.expand(e.X)}
	case *Binary:
		return &Binary{Span: e.Span, Op: e.Op, OpPos: e.OpPos, X: x.expand(e.X), Y: x.expand(e.Y)}
	case *Paren:
		if _, isRef := e.X.(*Ref); isRef {
			return x.expand(e.X) // no parentheses around parentheses
		}
		return &Paren{Span: e.Span, X: x.expand(e.X)}
	}
	return e
}
