package syntax

import (
	"fmt"

	"github.com/alecthomas/participle/v2/lexer"
)

// wrongToken explains a token that is wrong wherever it stands.
func wrongToken(t lexer.Token) error {
	switch {
	case t.Type == badStringToken:
		return mistakeAt(spanOf(t), `add the closing '"'`, "this text does not end on its line")
	case t.Type == badCharacterToken:
		hint := ""
		switch t.Value {
		case "'", "`", "“", "”":
			hint = `texts are written "so"`
		case ":":
			hint = "a clause is its word and what follows, without a colon"
		case ";":
			hint = "each clause stands on its own line"
		case "≥":
			hint = `write ">="`
		case "≤":
			hint = `write "<="`
		case "≠":
			hint = `write "!="`
		case "[", "]":
			hint = "a window is an argument: rate(requests, 5m)"
		case "~":
			hint = `write "=~"`
		}
		return mistakeAt(spanOf(t), hint, "%q does not belong to the language", t.Value)
	case t.Type == stringToken && len(t.Value) > maxStringBytes:
		return mistakeAt(spanOf(t), fmt.Sprintf("at most %d bytes", maxStringBytes), "this text is too long")
	case t.Type == identToken && len(t.Value) > maxNameBytes:
		return mistakeAt(spanOf(t), fmt.Sprintf("at most %d bytes", maxNameBytes), "this name is too long")
	case isOp(t, "&&"), isOp(t, "||"), isOp(t, "!"):
		return mistakeAt(spanOf(t), fmt.Sprintf("write %q", meantTokens[t.Value].Value), "%q is not an operator", t.Value)
	}
	return nil
}

// meantTokens are wrong tokens of which it is clear what they should be.
var meantTokens = map[string]lexer.Token{
	"&&": {Type: identToken, Value: "and"},
	"||": {Type: identToken, Value: "or"},
	"!":  {Type: identToken, Value: "not"},
	"=":  {Type: opToken, Value: "=="},
	"~":  {Type: opToken, Value: "=~"},
	"≥":  {Type: opToken, Value: ">="},
	"≤":  {Type: opToken, Value: "<="},
	"≠":  {Type: opToken, Value: "!="},
	"[":  {Type: opToken, Value: ","},
}

// repair reports the tokens of a piece that are wrong in themselves and puts what was meant in
// their place, so that one slip hides no other mistake of the same clause. A number that cannot be
// understood becomes some number: what is said later of its place is left out by Join.
func (o *outline) repair(p piece, isCondition bool) piece {
	repaired := p.tokens[:0:0]
	bracketed := false
	for i, t := range p.tokens {
		// What is said of "[" goes for its "]".
		bracketed = bracketed || t.Value == "["
		wrong := wrongToken(t)
		meant, known := meantTokens[t.Value]
		switch {
		case t.Type == numberToken:
			if _, message, hint := parseNumber(t.Value); message != "" {
				o.reportf(spanOf(t), hint, "%s", message)
				t.Value = "1s"
			}
		case isCondition && isOp(t, "="):
			o.reportf(spanOf(t), `write "=="`, `"=" does not compare`)
			t.Type, t.Value = meant.Type, meant.Value
		case wrong != nil && known:
			o.report(wrong.(*mistake))
			t.Type, t.Value = meant.Type, meant.Value
		case wrong != nil && i > 0 && (t.Value == "]" || t.Value == ";"):
			if !bracketed || t.Value == ";" {
				o.report(wrong.(*mistake))
			}
			continue
		case t.Type == badStringToken:
			o.report(wrong.(*mistake))
			t.Type, t.Value = stringToken, `""`
		}
		repaired = append(repaired, t)
	}
	p.tokens = repaired
	return p
}
