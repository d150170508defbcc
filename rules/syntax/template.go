package syntax

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// parseTemplate reads a quoted text with expressions in braces.
func parseTemplate(lex *lexer.PeekingLexer) (Template, error) {
	token := *lex.Peek()
	text, err := parseString(lex)
	if err != nil {
		return Template{}, err
	}
	template := Template{Span: text.Span}
	raw := []rune(token.Value[1 : len(token.Value)-1])
	// place is where the i-th character inside the quotes stands.
	place := func(i int) Pos {
		return Pos{Line: text.Start.Line, Column: text.Start.Column + 1 + uint32(i)}
	}
	var piece strings.Builder
	flush := func() {
		if value, _, _ := unquote(`"` + piece.String() + `"`); value != "" {
			template.Parts = append(template.Parts, TemplatePart{Literal: value})
		}
		piece.Reset()
	}
	for i := 0; i < len(raw); i++ {
		doubled := i+1 < len(raw) && raw[i+1] == raw[i]
		switch {
		case raw[i] == '\\':
			piece.WriteString(string(raw[i : i+2]))
			i++
		case raw[i] == '{' && doubled:
			if rest := strings.TrimSpace(string(raw[i+2:])); strings.HasPrefix(rest, "$") || strings.HasPrefix(rest, ".") {
				return template, mistakeAt(Span{place(i), place(i + 2)}, "an expression or a label stands in single braces: {model}", "this is not a Go template")
			}
			piece.WriteByte('{')
			i++
		case raw[i] == '}' && doubled:
			piece.WriteByte('}')
			i++
		case raw[i] == '}':
			return template, mistakeAt(Span{place(i), place(i + 1)}, `write "}}" for a brace in the text`, `this "}" closes nothing`)
		case raw[i] == '{':
			length := strings.IndexRune(string(raw[i:]), '}')
			if length < 0 {
				return template, mistakeAt(Span{place(i), place(i + 1)}, `write "{{" for a brace in the text`, `this "{" is not closed`)
			}
			flush()
			inner := string(raw[i:])[1:length]
			end := i + 1 + len([]rune(inner))
			expr, err := parseEmbedded(inner, place(i+1), Span{place(i), place(end + 1)})
			if err != nil {
				return template, err
			}
			template.Parts = append(template.Parts, TemplatePart{Expr: expr})
			i = end
		default:
			piece.WriteRune(raw[i])
		}
	}
	flush()
	return template, nil
}

// parseEmbedded reads an expression that stands at a place inside a text.
func parseEmbedded(source string, at Pos, braces Span) (Expr, error) {
	tokens := tokenize(source)
	for i := range tokens {
		tokens[i].Pos.Line = int(at.Line)
		tokens[i].Pos.Column += int(at.Column) - 1
	}
	tokens = tokens[:len(tokens)-1]
	if len(tokens) == 0 {
		return nil, mistakeAt(braces, "such as {model} or {p95(latency, 1m)}", "an expression is missing here")
	}
	lex := peeking(tokens)
	expr, err := parseExpr(lex)
	if err != nil {
		return nil, err
	}
	if !lex.Peek().EOF() {
		return nil, expected(lex, `an operator or "}"`, "")
	}
	return expr, nil
}
