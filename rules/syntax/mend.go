package syntax

import (
	"slices"

	"github.com/alecthomas/participle/v2/lexer"
)

// A mistake does not end the reading of its clause: the tokens are mended, so that what was most
// likely meant, or a blank, stands where the mistake is, and are read again. What stands in for
// something begins where the mistake begins, so that Join leaves out what Check says of it.

// edit is how tokens are mended: from the at-th on, drop of them are replaced by insert. The zero
// edit mends nothing.
type edit struct {
	at, drop int
	insert   []lexer.Token
}

func (e edit) isZero() bool { return e.drop == 0 && len(e.insert) == 0 }

// blank is a name, or the number of a value, that was not written. Its text is empty, and checks say
// nothing of it.
const blank = ""

// anyOperator stands for an operator that was not written: its operands may be anything.
const anyOperator = "?"

// noOffset marks a token that does not stand in the file.
const noOffset = -1

// standIn is a token that stands where a mistake is.
func standIn(at Span, kind lexer.TokenType, value string) lexer.Token {
	return lexer.Token{Type: kind, Value: value, Pos: lexer.Position{Offset: noOffset, Line: int(at.Start.Line), Column: int(at.Start.Column)}}
}

// replacing has the next tokens replaced by others.
func (m *mistake) replacing(lex *lexer.PeekingLexer, drop int, insert ...lexer.Token) *mistake {
	if m.mend.isZero() {
		m.mend = edit{int(lex.RawCursor()), drop, insert}
	}
	return m
}

// before has a token of the given kind put before the next.
func (m *mistake) before(lex *lexer.PeekingLexer, kind lexer.TokenType, value string) *mistake {
	return m.replacing(lex, 0, standIn(m.Span, kind, value))
}

// instead has a token of the given kind put in the place of the next.
func (m *mistake) instead(lex *lexer.PeekingLexer, kind lexer.TokenType, value string) *mistake {
	return m.replacing(lex, 1, standIn(m.Span, kind, value))
}

// maxMends bounds the mistakes that are found in one piece, as many as anyone makes in a clause.
const maxMends = 20

// mending reads tokens until that succeeds or a mistake cannot be mended, and reports the mistakes. It
// returns false where the last mistake stands. budget is how many tokens may be read again, all in all.
func mending(tokens []lexer.Token, budget *int, read func([]lexer.Token, *lexer.PeekingLexer) *mistake, report func(*mistake)) bool {
	end := endOf(tokens)
	for range maxMends {
		m := read(tokens, peeking(tokens, end))
		if m == nil {
			return true
		}
		report(m)
		if *budget -= len(tokens); m.mend.isZero() || *budget < 0 || m.mend.at+m.mend.drop > len(tokens) {
			return false
		}
		tokens = slices.Replace(slices.Clone(tokens), m.mend.at, m.mend.at+m.mend.drop, m.mend.insert...)
	}
	return false
}
