package syntax

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/alecthomas/participle/v2/lexer"
)

// together returns how many of the next tokens stand together without a space between them, and what
// they are as one word. Words, numbers, the given signs, and those of other names can.
func together(lex *lexer.PeekingLexer, signs string) (tokens int, word string, at Span) {
	at = spanOf(*lex.Peek())
	for from := lex.RawCursor(); len(word) <= maxNameBytes; from++ {
		token := lex.Range(from, from+1)[0]
		switch {
		case token.Type == identToken, token.Type == numberToken:
		case token.Type == badCharacterToken && strings.Contains(":.@$", token.Value):
		case token.Type == opToken && strings.Contains(signs, token.Value):
		default:
			return tokens, word, at
		}
		if token.Type != identToken && token.Type != numberToken && !goesOn(token, lex.Range(from+1, from+2)[0]) {
			return tokens, word, at // a sign at the end belongs to no word
		}
		if tokens > 0 && (startOf(token) != at.End || token.Pos.Offset == noOffset) {
			return tokens, word, at
		}
		at.End = spanOf(token).End
		word += token.Value
		tokens++
	}
	return tokens, word, at
}

// goesOn reports whether a word goes on right behind a sign.
func goesOn(sign, behind lexer.Token) bool {
	return (behind.Type == identToken || behind.Type == numberToken) && startOf(behind) == spanOf(sign).End && behind.Pos.Offset != noOffset
}

// wordWithSigns is the mistake of a name that goes on with what no name has: slow-chat, vllm:queue; nil
// where the next token is not the start of one.
func wordWithSigns(lex *lexer.PeekingLexer, signs string) *mistake {
	tokens, word, at := together(lex, signs)
	if tokens < 2 || lex.Peek().Type != identToken {
		return nil
	}
	plain := strings.Map(func(r rune) rune {
		if r == '_' || r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, word)
	m := mistakeAt(at, fmt.Sprintf("did you mean %q? %s", shorten(plain), nameHint), "%q is not a name", shorten(word))
	if share, ok := strings.CutPrefix(word, "p"); ok && strings.Trim(share, "0123456789.") == "" {
		m.hint = fmt.Sprintf("write quantile(%s%%, m, w)", share)
	}
	return m.replacing(lex, tokens, standIn(at, identToken, plain))
}
