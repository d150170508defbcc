package syntax

import (
	"iter"
	"maps"
	"slices"

	"github.com/alecthomas/participle/v2/lexer"
)

// What editors need of lexer and grammar where there is no tree yet: in a line that is being typed.

// TokenKind is what kind of word a token is.
type TokenKind uint8

// The kinds of tokens.
const (
	// WordToken is a name or a keyword, OperatorToken an operator, bracket or comma.
	WordToken TokenKind = iota
	OperatorToken
	NumberToken
	StringToken
	// CommentToken begins with '#'.
	CommentToken
	// OpenStringToken is a text whose closing quote is missing; it ends with its line.
	OpenStringToken
	// WrongToken is a character that has no place in the language.
	WrongToken
)

// Token is one word of a text; none crosses a line.
type Token struct {
	Span
	Kind TokenKind
	Text string
}

// Tokens gives the words of a text, comments included, up to the bound of what Parse reads.
func Tokens(source string) []Token {
	kinds := map[lexer.TokenType]TokenKind{
		identToken: WordToken, opToken: OperatorToken, numberToken: NumberToken, stringToken: StringToken,
		commentToken: CommentToken, badStringToken: OpenStringToken, badCharacterToken: WrongToken,
		oddStringToken: WrongToken, foreignToken: WrongToken,
	}
	var tokens []Token
	for _, t := range tokenize(source) {
		if !t.EOF() {
			tokens = append(tokens, Token{spanOf(t), kinds[t.Type], t.Value})
		}
	}
	return tokens
}

// Declarations gives the first words of declarations in a fixed order, each with the form of what it begins.
func Declarations() iter.Seq2[string, string] { return forms(heddle.declarations) }

// Clauses gives the first words of what may stand in a block in a fixed order, each with its form;
// block is rule, route or test.
func Clauses(block string) iter.Seq2[string, string] { return forms(heddle.clauses[blockKind(block)]) }

func forms(table map[string]production) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, word := range slices.Sorted(maps.Keys(table)) {
			if !yield(word, table[word].form) {
				return
			}
		}
	}
}
