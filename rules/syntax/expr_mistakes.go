package syntax

import (
	"fmt"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

func isFunction(name string) bool {
	_, ok := Function(name)
	return ok
}

// beginsOperand reports whether a value can begin with a token.
func beginsOperand(t lexer.Token) bool {
	switch t.Type {
	case identToken:
		return !reserved[t.Value] || t.Value == "not"
	case numberToken, stringToken:
		return true
	}
	return isOp(t, "(")
}

// isWordBetween reports whether the next token is a word that stands where an operator or a comma
// belongs, between two values.
func isWordBetween(lex *lexer.PeekingLexer) bool {
	behind := ahead(lex, 1)
	return lex.Peek().Type == identToken && beginsOperand(behind) && !isOp(behind, "(")
}

// bareCall is the mistake of a function, which has been read, without parentheses around its arguments.
// All up to the next comparison is taken for them.
func bareCall(lex *lexer.PeekingLexer, name Name) error {
	signature, _ := Function(name.Text)
	m := mistakeAt(name.Span, "the form is: "+signature.Usage(), "the arguments of %s stand in parentheses", name.Text)
	words := 0
	for at := lex.RawCursor(); ; at++ {
		t := lex.Range(at, at+1)[0]
		if t.EOF() || strengths[t.Value] == comparisonStrength || reserved[t.Value] || t.Value == ")" {
			break
		}
		words++
	}
	m.mend = edit{int(lex.RawCursor()) - 1, words + 1, []lexer.Token{standIn(m.Span, identToken, blank)}}
	return m
}

// noOperator is the mistake of something other than an operator behind a value.
func noOperator(lex *lexer.PeekingLexer) error {
	m := expected(lex, "an operator", "such as and, or, > or <")
	token, behind := *lex.Peek(), ahead(lex, 1)
	if words, meant := operatorInWords(lex); meant != "" {
		m.End = spanOf(ahead(lex, words-1)).End
		m.message, m.hint = "an operator is written as a sign", fmt.Sprintf("write %q", meant)
		return m.replacing(lex, words, standIn(m.Span, opToken, meant))
	}
	m.mend = edit{}
	switch {
	case token.Value == "between" && isOp(ahead(lex, 2), "and"):
		m.hint = "write two comparisons, joined by and"
		return m.replacing(lex, 3, standIn(m.Span, opToken, anyOperator))
	case isWordBetween(lex), !beginsOperand(token) && beginsOperand(behind) && (token.Type == badCharacterToken || isOp(token, ",")):
		return m.instead(lex, opToken, anyOperator)
	case beginsOperand(token) && !(isOp(token, "not") && !beginsOperand(behind)):
		return m.before(lex, opToken, anyOperator)
	}
	return m.replacing(lex, 1)
}

// operatorInWords returns the operator for which the next words stand, such as "is greater than".
func operatorInWords(lex *lexer.PeekingLexer) (words int, meant string) {
	for {
		word := strings.ToLower(ahead(lex, words).Value)
		operator, ok := operatorWords[word]
		switch {
		case ok:
			meant = operator
		case words == 0 || word != "than" && word != "to" && word != "equal":
			return words, meant
		}
		words++
	}
}

// needlessComma is the mistake of a comma behind a comma, or behind the last argument of a call.
func needlessComma(lex *lexer.PeekingLexer, call *Call) *mistake {
	switch {
	case len(call.Args) == 0:
		return nil
	case isOp(*lex.Peek(), ","):
		return expected(lex, "a value", valueHint).replacing(lex, 1)
	case isOp(*lex.Peek(), ")"):
		if signature, ok := Function(call.Function.Text); ok && len(call.Args) < len(signature.Args) {
			return nil // the last argument is missing
		}
		return expected(lex, "a value", `remove the ","`).withoutLast(lex)
	}
	return nil
}

// withoutLast has the token left out that was read last.
func (m *mistake) withoutLast(lex *lexer.PeekingLexer) *mistake {
	m.mend = edit{at: int(lex.RawCursor()) - 1, drop: 1}
	return m
}

func notClosed(open lexer.Token) *mistake {
	return mistakeAt(spanOf(open), `add ")"`, `this "(" is not closed`)
}
