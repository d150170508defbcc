package syntax

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/alecthomas/participle/v2/lexer"
)

// wrongToken explains a token that is wrong wherever it stands; nil where it is not.
func wrongToken(t lexer.Token) *mistake {
	at := spanOf(t)
	switch {
	case t.Type == badStringToken:
		hint := `add the closing '"'`
		if t.Value[0] != '"' || strings.ContainsAny(t.Value, "”“") {
			hint = `a text begins and ends with a plain "`
		}
		return mistakeAt(at, hint, "this text does not end on its line")
	case t.Type == oddStringToken:
		inner := []rune(t.Value)
		return mistakeAt(at, "write "+quote(shorten(string(inner[1:len(inner)-1]))), "a text stands in plain double quotes")
	case t.Type == foreignToken:
		return mistakeAt(at, "", "%q does not belong to the language", shorten(t.Value))
	case t.Type == badCharacterToken:
		hint := characterHints[t.Value]
		if r := []rune(t.Value)[0]; hint == "" && (unicode.IsSpace(r) || !unicode.IsPrint(r)) {
			hint = "remove it; it may be invisible in an editor"
		}
		return mistakeAt(at, hint, "%q does not belong to the language", t.Value)
	case t.Type == stringToken && len(t.Value) > maxStringBytes:
		return mistakeAt(at, fmt.Sprintf("at most %d bytes", maxStringBytes), "this text is too long")
	case t.Type == identToken && len(t.Value) > maxNameBytes:
		return mistakeAt(at, fmt.Sprintf("at most %d bytes", maxNameBytes), "this name is too long")
	case t.Type == identToken && !isPlain(t.Value):
		return mistakeAt(at, nameHint, "%q is not a name", shorten(t.Value))
	case t.Type == opToken && wrongOperators[t.Value] != "":
		return mistakeAt(at, fmt.Sprintf("write %q", wrongOperators[t.Value]), "%q is not an operator", t.Value)
	}
	return nil
}

const nameHint = "a name has the letters a to z, digits and _"

// isPlain reports whether a word has only the characters of names.
func isPlain(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// characterHints say what to write instead of a character.
var characterHints = map[string]string{
	"'": `texts are written "so"`, "`": `texts are written "so"`, "“": `texts are written "so"`, "”": `texts are written "so"`,
	":": "a clause is its word and what follows, without a colon",
	";": "each clause stands on its own line",
	"≥": `write ">="`, "≤": `write "<="`, "≠": `write "!="`, "~": `write "=~"`, "×": `write "*"`, "÷": `write "/"`, "−": `write "-"`, "–": `write "-"`,
	"[": "a window is an argument: rate(requests, 5m)", "]": "a window is an argument: rate(requests, 5m)",
	"…": "write it out",
}

// wrongOperators are operators of neighbouring languages, and ours for them.
var wrongOperators = map[string]string{
	"&&": "and", "||": "or", "!": "not", "=>": ">=", "=<": "<=", "<>": "!=", "===": "==", "!==": "!=",
}

// meantCharacters are characters of which it is clear what they should be.
var meantCharacters = map[string]string{
	"~": "=~", "≥": ">=", "≤": "<=", "≠": "!=", "×": "*", "÷": "/", "−": "-", "–": "-",
}

// operatorWords are words that stand for an operator of the language.
var operatorWords = map[string]string{
	"exceeds": ">", "above": ">", "over": ">", "greater": ">", "gt": ">", "gte": ">=", "ge": ">=", "below": "<", "under": "<", "less": "<",
	"lt": "<", "lte": "<=", "le": "<=", "equals": "==", "eq": "==", "is": "==", "ne": "!=", "neq": "!=", "mod": "%", "div": "/",
}
