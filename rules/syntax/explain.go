package syntax

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"

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
	return wrongWord(lex, len(tokens)-at, literals(unexpected), form)
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

// literals are the words that participle would have taken: one, or several of which each begins a choice.
func literals(unexpected *participle.UnexpectedTokenError) (words []string) {
	message := unexpected.Message()
	if only := onlyLiteral.FindStringSubmatch(message); only != nil {
		return only[1:]
	}
	for _, quoted := range literal.FindAllStringSubmatch(expectation.FindString(message), -1) {
		words = append(words, quoted[1])
	}
	return words
}

var (
	onlyLiteral = regexp.MustCompile(`\(expected "([^"]+)"(?: [^|]|\))`)
	expectation = regexp.MustCompile(`\(expected .*`)
	literal     = regexp.MustCompile(`"([^"]+)"`)
)

// wrongWord is the mistake of a token where one of some words is expected. Where none is, the clause is
// complete, and the rest of its tokens is left out.
func wrongWord(lex *lexer.PeekingLexer, rest int, words []string, form string) *mistake {
	token := *lex.Peek()
	if token.Type == identToken {
		if meant := Suggest(token.Value, slices.Values(words)); meant != "" {
			m := mistakeAt(spanOf(token), fmt.Sprintf("did you mean %q?", meant), "%q cannot stand here", shorten(token.Value))
			return m.instead(lex, identToken, meant)
		}
	}
	if len(words) == 1 {
		m := expected(lex, fmt.Sprintf("%q", words[0]), form)
		kind := opToken
		if isWord(words[0]) || reserved[words[0]] {
			kind = identToken
		}
		if isOp(ahead(lex, 1), words[0]) {
			return m.replacing(lex, 1)
		}
		isOtherSign := token.Type == opToken && kind == opToken && words[0] == "=" && token.Value != "{"
		behind := ahead(lex, 1)
		isOtherWord := token.Type == identToken && kind == identToken && (behind.Type == identToken && !reserved[behind.Value] || behind.Type == numberToken)
		if isOtherSign || isOtherWord {
			return m.instead(lex, kind, words[0])
		}
		return m.before(lex, kind, words[0])
	}
	if token.EOF() {
		return mistakeAt(spanOf(token), form, "this is not finished")
	}
	m := mistakeAt(spanOf(token), form, "%s cannot stand here", describe(token))
	if len(words) == 0 {
		return m.replacing(lex, rest)
	}
	return m
}
