package syntax

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// explain turns what participle says of some tokens into a mistake in our words.
func (p production) explain(err error, tokens []lexer.Token) *mistake {
	form := "the form is: " + p.form
	var ours *mistake
	if errors.As(err, &ours) {
		if ours.hint == "" {
			ours.hint = form
		}
		return ours
	}
	var unexpected *participle.UnexpectedTokenError
	if !errors.As(err, &unexpected) {
		return mistakeAt(spanOf(tokens[0]), form, "%s", err.Error())
	}
	at := placeOf(tokens, unexpected.Unexpected)
	lex := peeking(tokens, endOf(tokens))
	for range at {
		lex.Next()
	}
	if wrong := wrongToken(unexpected.Unexpected); wrong != nil {
		if wrong.hint == "" {
			wrong.hint = form
		}
		return wrong.replacing(lex, 1)
	}
	return wrongWord(lex, tokens, literals(unexpected), form)
}

// placeOf finds an unexpected token among those that were read; the last of several at one place, for
// what stands in for something was expected.
func placeOf(tokens []lexer.Token, unexpected lexer.Token) int {
	if unexpected.EOF() {
		return len(tokens)
	}
	at, _ := slices.BinarySearchFunc(tokens, unexpected, func(t, unexpected lexer.Token) int {
		return cmp.Or(startOf(t).compare(startOf(unexpected)), -1)
	})
	return max(0, at-1)
}

// literals are the words that participle would have taken.
func literals(unexpected *participle.UnexpectedTokenError) (words []string) {
	message := unexpected.Message()
	if only := onlyLiteral.FindStringSubmatch(message); only != nil {
		return only[1:]
	}
	if part := onlyPart.FindStringSubmatch(message); part != nil {
		return partWords[part[1]]
	}
	for _, quoted := range literal.FindAllStringSubmatch(expectation.FindString(message), -1) {
		words = append(words, quoted[1])
	}
	return words
}

var (
	onlyLiteral = regexp.MustCompile(`\(expected "([^"]+)"(?: [^|]|\))`)
	onlyPart    = regexp.MustCompile(`\(expected (\w+)`)
	expectation = regexp.MustCompile(`\(expected .*`)
	literal     = regexp.MustCompile(`"([^"]+)"`)
)

// partWords are the words with which the parts of a clause begin, the most usual first.
var partWords = map[string][]string{"GuardPart": {"dwell", "max"}, "ReturnPart": {"after", "probe", "never"}}

// wrongWord is the mistake of a token where one of some words is expected. Where none is, the clause is
// complete: the rest of its tokens is left out, unless it goes on as a list does.
func wrongWord(lex *lexer.PeekingLexer, tokens []lexer.Token, words []string, form string) *mistake {
	token, behind := *lex.Peek(), ahead(lex, 1)
	isList := listWords[tokens[0].Value] && (isValue(token) || isValue(behind) && token.Type == identToken)
	switch {
	case isList && (len(words) == 0 || words[0] == "every" && token.Type == numberToken):
		m := expected(lex, `","`, form)
		if !isValue(token) || token.Type == identToken && (isOp(token, "and") || behind.Type == numberToken && tokens[0].Value != "return") {
			return m.instead(lex, opToken, ",")
		}
		return m.before(lex, opToken, ",")
	case len(words) == 0:
		m := mistakeAt(spanOf(token), form, "%s cannot stand here", describe(token))
		return m.replacing(lex, len(tokens)-int(lex.RawCursor()))
	}
	if token.Type == identToken {
		if meant := Suggest(token.Value, slices.Values(words)); meant != "" {
			m := mistakeAt(spanOf(token), fmt.Sprintf("did you mean %q?", meant), "%q cannot stand here", shorten(token.Value))
			return m.instead(lex, identToken, meant)
		}
	}
	what := oneOfWords(words)
	kind := opToken
	if isWord(words[0]) || reserved[words[0]] {
		kind = identToken
	}
	m := expected(lex, what, form)
	isOtherSign := token.Type == opToken && kind == opToken && words[0] == "=" && token.Value != "{"
	isOtherWord := token.Type == identToken && (kind == identToken || len(words) > 1) && isValue(behind) && !isOp(behind, "is") && !isOp(behind, "serves")
	switch {
	case isOp(behind, words[0]):
		return m.replacing(lex, 1)
	case isOp(behind, "serves"):
		return m.before(lex, identToken, "route")
	case isOtherSign || isOtherWord:
		return m.instead(lex, kind, words[0])
	}
	return m.before(lex, kind, words[0])
}

// listWords begin the clauses that end in a list.
var listWords = map[string]bool{
	"rule": true, "dedup": true, "because": true, "switch": true, "notify": true, "models": true, "apply": true, "guard": true, "return": true, "shift": true,
}

// isValue reports a word, a text or a number.
func isValue(t lexer.Token) bool {
	return t.Type == identToken && !reserved[t.Value] || t.Type == stringToken || t.Type == numberToken
}

// oneOfWords gives words as a message names them: "after", "probe" or "never".
func oneOfWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	last := len(quoted) - 1
	if last == 0 {
		return quoted[0]
	}
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}
