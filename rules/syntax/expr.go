package syntax

import (
	"fmt"

	"github.com/alecthomas/participle/v2/lexer"
)

// The strength with which operators bind, from Or = 1.
var strengths = map[string]int{
	"or": 1, "and": 2,
	">": 4, ">=": 4, "<": 4, "<=": 4, "==": 4, "!=": 4, anyOperator: 4,
	"+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}

const (
	notStrength        = 3
	comparisonStrength = 4
	negateStrength     = 7
)

// exprReader reads one expression by precedence climbing, bounded in depth and size.
type exprReader struct {
	lex          *lexer.PeekingLexer
	depth, nodes int
}

// parseExpr reads an expression up to the end of its clause; participle calls it for each field of type Expr.
func parseExpr(lex *lexer.PeekingLexer) (Expr, error) {
	r := &exprReader{lex: lex}
	e, err := r.binary(1)
	if err != nil {
		return nil, err
	}
	if token := *lex.Peek(); !token.EOF() && !isOp(token, "for") {
		return nil, noOperator(r.lex)
	}
	return e, nil
}

// binary reads operands joined by operators of at least the given strength.
func (r *exprReader) binary(strength int) (Expr, error) {
	left, err := r.operand()
	if err != nil {
		return nil, err
	}
	compared := false
	for {
		token := *r.lex.Peek()
		s := strengths[token.Value]
		if token.Type == stringToken || token.Type == badCharacterToken || s < strength || s == 0 {
			return left, nil
		}
		if s == comparisonStrength {
			if compared && token.Value != anyOperator {
				return nil, mistakeAt(spanOf(token), `join two comparisons with "and"`, "a comparison cannot be compared again").instead(r.lex, opToken, anyOperator)
			}
			compared = token.Value != anyOperator
		}
		r.lex.Next()
		right, err := r.binary(s + 1)
		if err != nil {
			return nil, err
		}
		if err := r.count(spanOf(token)); err != nil {
			return nil, err
		}
		left = &Binary{
			Span: Span{Start: left.Range().Start, End: right.Range().End},
			Op:   Op(token.Value), OpPos: startOf(token), X: left, Y: right,
		}
	}
}

const valueHint = "such as a number, a name, or a function with its arguments"

// operand reads one operand with what stands before it.
func (r *exprReader) operand() (Expr, error) {
	token := *r.lex.Peek()
	if r.depth++; r.depth > maxDepth {
		return nil, mistakeAt(spanOf(token), fmt.Sprintf("at most %d levels; name a part of it with let", maxDepth), "this expression is nested too deeply")
	}
	defer func() { r.depth-- }()
	if err := r.count(spanOf(token)); err != nil {
		return nil, err
	}
	switch {
	case token.Type == numberToken:
		n, err := parseNumberToken(r.lex)
		return &n, err
	case token.Type == stringToken:
		s, err := parseString(r.lex)
		return &Text{Span: s.Span, Value: s.Value}, err
	case isOp(token, "not"):
		r.lex.Next()
		return r.unary(token, Not, notStrength)
	case isOp(token, "-"):
		r.lex.Next()
		return r.unary(token, Negate, negateStrength)
	case isOp(token, "("):
		r.lex.Next()
		x, err := r.binary(1)
		if err != nil {
			return nil, err
		}
		end, err := r.closing(token, false)
		return &Paren{Span: Span{Start: startOf(token), End: end}, X: x}, err
	case token.Type == identToken && !reserved[token.Value]:
		if m := wordWithSigns(r.lex, ""); m != nil {
			return nil, m
		}
		name, err := parseName(r.lex)
		if err != nil {
			return nil, err
		}
		switch next := *r.lex.Peek(); {
		case isOp(next, "("):
			return r.call(name)
		case isFunction(name.Text) && beginsOperand(next):
			return nil, bareCall(r.lex, name)
		}
		return &Ref{Span: name.Span, Name: name.Text}, nil
	}
	m := expected(r.lex, "a value", valueHint)
	if isOp(token, "{") || isOp(token, "}") {
		return nil, m.replacing(r.lex, 1)
	}
	return nil, m.before(r.lex, identToken, blank)
}

func (r *exprReader) unary(operator lexer.Token, op Op, strength int) (Expr, error) {
	var x Expr
	var err error
	if op == Not {
		// `not` binds weaker than a comparison: not a > b is not (a > b).
		x, err = r.binary(strength)
	} else {
		x, err = r.operand()
	}
	if err != nil {
		return nil, err
	}
	return &Unary{Span: Span{Start: startOf(operator), End: x.Range().End}, Op: op, X: x}, nil
}

// call reads the arguments of a function; the opening parenthesis is next.
func (r *exprReader) call(name Name) (Expr, error) {
	open := *r.lex.Next()
	call := &Call{Span: name.Span, Function: name}
	for !isOp(*r.lex.Peek(), ")") {
		if len(call.Args) > 0 {
			if !isOp(*r.lex.Peek(), ",") {
				break
			}
			r.lex.Next()
		}
		if m := needlessComma(r.lex, call); m != nil {
			return nil, m
		}
		arg, err := r.binary(1)
		if err != nil {
			return nil, err
		}
		call.Args = append(call.Args, arg)
	}
	end, err := r.closing(open, true)
	call.End = end
	return call, err
}

// closing reads the parenthesis that closes the given one.
func (r *exprReader) closing(open lexer.Token, isCall bool) (end Pos, err error) {
	token := *r.lex.Peek()
	switch {
	case isOp(token, ")"):
		r.lex.Next()
		return spanOf(token).End, nil
	case token.EOF() || isOp(token, "for"):
		return end, notClosed(open).replacing(r.lex, 0, standIn(spanOf(token), opToken, ")"))
	case !isCall:
		return end, noOperator(r.lex)
	}
	m := expected(r.lex, `"," or ")"`, fmt.Sprintf(`the "(" at %s is still open`, startOf(open)))
	switch {
	case isWordBetween(r.lex):
		return end, m.instead(r.lex, opToken, ",")
	case beginsOperand(token):
		return end, m.before(r.lex, opToken, ",")
	}
	return end, m.replacing(r.lex, 1)
}

func (r *exprReader) count(at Span) error {
	if r.nodes++; r.nodes > maxNodes {
		return mistakeAt(at, fmt.Sprintf("at most %d parts; name some of them with let", maxNodes), "this expression is too long")
	}
	return nil
}
