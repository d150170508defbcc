package syntax

import (
	"fmt"
	"strconv"

	"github.com/alecthomas/participle/v2/lexer"
)

// mistake is an error of the reader before it knows its file. It is a participle.Error, so that
// participle can carry it.
type mistake struct {
	Span
	message, hint string
}

func (m *mistake) Error() string   { return m.message }
func (m *mistake) Message() string { return m.message }
func (m *mistake) Position() lexer.Position {
	return lexer.Position{Line: int(m.Start.Line), Column: int(m.Start.Column)}
}

func mistakeAt(at Span, hint, format string, args ...any) error {
	return &mistake{Span: at, message: fmt.Sprintf(format, args...), hint: hint}
}

// describe names a token in a message.
func describe(t lexer.Token) string {
	switch {
	case t.EOF():
		return "the end"
	case t.Type == badStringToken:
		return "a text without its closing quote"
	case t.Type == stringToken:
		return "the text " + shorten(t.Value)
	}
	return strconv.Quote(shorten(t.Value))
}

// shorten keeps a message readable where the source is not.
func shorten(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// expected is the mistake of finding the next token where something else must stand. A token that
// is wrong in itself is explained as such.
func expected(lex *lexer.PeekingLexer, what, hint string) error {
	t := *lex.Peek()
	if err := wrongToken(t); err != nil {
		return err
	}
	if t.EOF() {
		return mistakeAt(spanOf(t), hint, "%s is missing here", what)
	}
	return mistakeAt(spanOf(t), hint, "%s must stand here, not %s", what, describe(t))
}

// The strength with which operators bind, from Or = 1.
var strengths = map[string]int{
	"or": 1, "and": 2,
	">": 4, ">=": 4, "<": 4, "<=": 4, "==": 4, "!=": 4,
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

// parseExpr reads an expression as far as it goes; participle calls it for each field of type Expr.
func parseExpr(lex *lexer.PeekingLexer) (Expr, error) {
	r := &exprReader{lex: lex}
	return r.binary(1)
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
		if err := wrongToken(token); err != nil {
			return nil, err
		}
		s := strengths[token.Value]
		if token.Type == stringToken || s < strength || s == 0 {
			return left, nil
		}
		if s == comparisonStrength {
			if compared {
				return nil, mistakeAt(spanOf(token), `join two comparisons with "and"`, "a comparison cannot be compared again")
			}
			compared = true
		}
		r.lex.Next()
		right, err := r.binary(s + 1)
		if err != nil {
			if m, ok := err.(*mistake); ok && isOp(token, "%") && m.hint == valueHint {
				m.hint = "a percentage is written without a space: 5%"
			}
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
		end, err := r.closing(token)
		return &Paren{Span: Span{Start: startOf(token), End: end}, X: x}, err
	case token.Type == identToken && !reserved[token.Value]:
		name, err := parseName(r.lex)
		if err != nil {
			return nil, err
		}
		if isOp(*r.lex.Peek(), "(") {
			return r.call(name)
		}
		return &Ref{Span: name.Span, Name: name.Text}, nil
	}
	return nil, expected(r.lex, "a value", valueHint)
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
		arg, err := r.binary(1)
		if err != nil {
			return nil, err
		}
		call.Args = append(call.Args, arg)
	}
	end, err := r.closing(open)
	call.End = end
	return call, err
}

// closing reads the parenthesis that closes the given one.
func (r *exprReader) closing(open lexer.Token) (end Pos, err error) {
	token := *r.lex.Peek()
	if isOp(token, ")") {
		r.lex.Next()
		return spanOf(token).End, nil
	}
	if err := wrongToken(token); err != nil {
		return end, err
	}
	if token.EOF() {
		return end, mistakeAt(spanOf(open), `add ")"`, `this "(" is not closed`)
	}
	return end, mistakeAt(spanOf(token), fmt.Sprintf(`the "(" at %s is still open`, startOf(open)), `"," or ")" must stand here, not %s`, describe(token))
}

func (r *exprReader) count(at Span) error {
	if r.nodes++; r.nodes > maxNodes {
		return mistakeAt(at, fmt.Sprintf("at most %d parts; name some of them with let", maxNodes), "this expression is too long")
	}
	return nil
}
