package syntax

import (
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"
)

// tokenRules make every text into tokens: what fits nothing is badString or badCharacter, so the
// lexer itself never fails and one odd character costs no more than itself. Names are taken with the
// letters of all scripts, texts with all quotes, and comments with the marks of other languages, so
// that what is said of them goes for the whole.
var tokenRules = lexer.MustSimple([]lexer.SimpleRule{
	{Name: "Space", Pattern: `[ \t\r\n]+`},
	{Name: "Ident", Pattern: `[\p{L}_][\p{L}\p{M}\p{N}_]*`},
	{Name: "Foreign", Pattern: "/[/*][^\n]*|(?:<<<<<<<|=======|>>>>>>>)[^\n]*|```[^\n]*"},
	{Name: "Op", Pattern: `===|!==|==|=~|!=|!~|<=|>=|=>|=<|<>|&&|\|\||[-+*/%<>=!(){},]`},
	{Name: "Number", Pattern: `(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[0-9A-Za-z_.]*%?`},
	{Name: "String", Pattern: `"(?:\\.|[^"\\\n])*"`},
	{Name: "Comment", Pattern: `#[^\n]*`},
	{Name: "OddString", Pattern: "'[^'\n]*'|`[^`\n]*`|[“”„][^“”\"\n]*[“”\"]|[‘’][^‘’'\n]*[‘’']|«[^»\n]*»"},
	{Name: "BadString", Pattern: "[\"'`“„‘«][^\n]*"},
	{Name: "BadCharacter", Pattern: `(?s:.)`},
})

// The kinds of tokens.
var (
	spaceToken        = tokenRules.Symbols()["Space"]
	identToken        = tokenRules.Symbols()["Ident"]
	opToken           = tokenRules.Symbols()["Op"]
	numberToken       = tokenRules.Symbols()["Number"]
	stringToken       = tokenRules.Symbols()["String"]
	commentToken      = tokenRules.Symbols()["Comment"]
	foreignToken      = tokenRules.Symbols()["Foreign"]
	badStringToken    = tokenRules.Symbols()["BadString"]
	oddStringToken    = tokenRules.Symbols()["OddString"]
	badCharacterToken = tokenRules.Symbols()["BadCharacter"]
)

// tokenize returns the tokens of a text without the space between them, at most maxTokens of them;
// the last is EOF.
func tokenize(source string) []lexer.Token {
	lex, err := tokenRules.LexString("", source)
	if err != nil {
		return []lexer.Token{lexer.EOFToken(lexer.Position{Line: 1, Column: 1})}
	}
	var tokens []lexer.Token
	for {
		if len(tokens) == maxTokens {
			return append(tokens, lexer.EOFToken(tokens[maxTokens-1].Pos))
		}
		// The rules cover every text, so Next has no error to give.
		token, err := lex.Next()
		if err != nil || token.EOF() {
			return append(tokens, lexer.EOFToken(token.Pos))
		}
		if token.Type == spaceToken {
			continue
		}
		switch token.Type {
		case commentToken, foreignToken, badStringToken:
			token.Value = strings.TrimRight(token.Value, " \t\r")
		}
		tokens = append(tokens, token)
	}
}

// startOf is the place of a token; no token but EOF is empty, and none crosses a line.
func startOf(t lexer.Token) Pos {
	return Pos{Line: uint32(t.Pos.Line), Column: uint32(t.Pos.Column)}
}

func spanOf(t lexer.Token) Span {
	start := startOf(t)
	return Span{Start: start, End: Pos{Line: start.Line, Column: start.Column + uint32(utf8.RuneCountInString(t.Value))}}
}

func isOp(t lexer.Token, op string) bool {
	return t.Value == op && t.Type != stringToken
}

// sliceLexer gives tokens that are already there to participle.
type sliceLexer struct {
	tokens []lexer.Token
	end    lexer.Position
}

// Next returns the next token, EOF after the last.
func (s *sliceLexer) Next() (lexer.Token, error) {
	if len(s.tokens) == 0 {
		return lexer.EOFToken(s.end), nil
	}
	token := s.tokens[0]
	s.tokens = s.tokens[1:]
	return token, nil
}

// peeking makes tokens into what participle reads from; end is where the last of them ends.
func peeking(tokens []lexer.Token, end lexer.Position) *lexer.PeekingLexer {
	lex, err := lexer.Upgrade(&sliceLexer{tokens: tokens, end: end})
	if err != nil {
		panic("syntax: a slice of tokens cannot fail: " + err.Error())
	}
	return lex
}

// endOf is where the last of some tokens ends.
func endOf(tokens []lexer.Token) lexer.Position {
	last := tokens[len(tokens)-1]
	end := last.Pos
	end.Advance(last.Value)
	return end
}
