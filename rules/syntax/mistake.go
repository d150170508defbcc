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
	// mend says how reading can go on behind the mistake.
	mend edit
}

func (m *mistake) Error() string   { return m.message }
func (m *mistake) Message() string { return m.message }
func (m *mistake) Position() lexer.Position {
	return lexer.Position{Line: int(m.Start.Line), Column: int(m.Start.Column)}
}

func mistakeAt(at Span, hint, format string, args ...any) *mistake {
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
func expected(lex *lexer.PeekingLexer, what, hint string) *mistake {
	t := *lex.Peek()
	if wrong := wrongToken(t); wrong != nil {
		return wrong.replacing(lex, 1)
	}
	if t.EOF() {
		return mistakeAt(spanOf(t), hint, "%s is missing here", what)
	}
	return mistakeAt(spanOf(t), hint, "%s must stand here, not %s", what, describe(t))
}

// ahead returns the i-th token from the next one on, which is the 0-th.
func ahead(lex *lexer.PeekingLexer, i int) lexer.Token {
	token := *lex.Peek()
	for at := lex.RawCursor(); i > 0 && !token.EOF(); i-- {
		at++
		token = lex.Range(at, at+1)[0]
	}
	return token
}
