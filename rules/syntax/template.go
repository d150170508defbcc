package syntax

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// parseTemplate reads a quoted text with expressions in braces. Of a text with mistakes it gives what
// could be read, and the mistakes.
func parseTemplate(lex *lexer.PeekingLexer) (Template, error) {
	token := *lex.Peek()
	if token.Type == identToken || token.Type == numberToken {
		return Template{}, unquotedText(lex)
	}
	text, err := parseString(lex)
	if err != nil {
		return Template{}, err
	}
	r := &templateReader{at: text.Start, raw: []rune(token.Value[1 : len(token.Value)-1]), template: Template{Span: text.Span}}
	for r.next < len(r.raw) {
		r.read()
	}
	r.flush()
	return r.template, nil
}

// unquotedText is the mistake of a text without quotes, which goes up to the end of its clause.
func unquotedText(lex *lexer.PeekingLexer) *mistake {
	m := mistakeAt(spanOf(*lex.Peek()), "write it in quotes", "a quoted text must stand here, not %s", describe(*lex.Peek()))
	words := 0
	for at := lex.RawCursor(); !lex.Range(at, at+1)[0].EOF(); at++ {
		m.End = spanOf(lex.Range(at, at+1)[0]).End
		words++
	}
	return m.replacing(lex, words, standIn(m.Span, stringToken, `""`))
}

// templateReader reads what stands between the quotes.
type templateReader struct {
	// at is where the text begins.
	at       Pos
	raw      []rune
	next     int
	literal  strings.Builder
	template Template
}

// span is where some characters stand.
func (r *templateReader) span(from, to int) Span {
	place := func(i int) Pos { return Pos{Line: r.at.Line, Column: r.at.Column + 1 + uint32(i)} }
	return Span{place(from), place(to)}
}

func (r *templateReader) report(m *mistake) { r.template.mistakes = append(r.template.mistakes, m) }

// flush ends a literal.
func (r *templateReader) flush() {
	if value, _, _ := unquote(`"` + r.literal.String() + `"`); value != "" {
		r.template.Parts = append(r.template.Parts, TemplatePart{Literal: value})
	}
	r.literal.Reset()
}

// read reads one character, or an expression.
func (r *templateReader) read() {
	i, c := r.next, r.raw[r.next]
	isDoubled := i+1 < len(r.raw) && r.raw[i+1] == c
	switch {
	case c == '\\':
		r.literal.WriteString(string(r.raw[i : i+2]))
		r.next += 2
	case c == '{' && isDoubled && r.isGoTemplate():
		r.report(mistakeAt(r.span(i, i+2), "an expression or a label stands in single braces: {model}", "this is not a Go template"))
		r.skipPast("}}")
	case (c == '{' || c == '}') && isDoubled:
		r.literal.WriteRune(c)
		r.next += 2
	case c == '}':
		r.report(mistakeAt(r.span(i, i+1), `write "}}" for a brace in the text`, `this "}" closes nothing`))
		r.next++
	case c == '{':
		r.expression()
	default:
		r.literal.WriteRune(c)
		r.next++
	}
}

// isGoTemplate reports whether a doubled brace begins what is a template elsewhere.
func (r *templateReader) isGoTemplate() bool {
	for _, c := range r.raw[r.next+2:] {
		if c != ' ' {
			return c == '$' || c == '.'
		}
	}
	return false
}

// skipPast goes on behind some characters, at the end of the text where they do not come.
func (r *templateReader) skipPast(end string) {
	for ; r.next < len(r.raw); r.next++ {
		if strings.HasPrefix(string(r.raw[r.next:min(len(r.raw), r.next+len(end))]), end) {
			r.next += len(end)
			return
		}
	}
}

// expression reads an expression in braces.
func (r *templateReader) expression() {
	open := r.next
	length := slices.Index(r.raw[open:], '}')
	if length < 0 {
		r.report(mistakeAt(r.span(open, open+1), `write "{{" for a brace in the text`, `this "{" is not closed`))
		r.next = len(r.raw)
		return
	}
	r.flush()
	r.next = open + length + 1
	if label, ok := quotedLabel(string(r.raw[open+1 : open+length])); ok {
		at := r.span(open+1, open+length)
		if m := wrongLabel(at, label); m != nil {
			r.report(m)
			return
		}
		r.template.Parts = append(r.template.Parts, TemplatePart{Expr: &Ref{at, label}})
		return
	}
	tokens := tokenize(string(r.raw[open+1 : open+length]))
	tokens = tokens[:len(tokens)-1]
	if len(tokens) == 0 {
		r.report(mistakeAt(r.span(open, r.next), "such as {model} or {p95(latency, 1m)}", "an expression is missing here"))
		return
	}
	start := r.span(open+1, open+1).Start
	for i := range tokens {
		tokens[i].Pos.Line = int(start.Line)
		tokens[i].Pos.Column += int(start.Column) - 1
	}
	tokens = r.withoutFormat(tokens)
	if n, word, at := together(peeking(tokens, endOf(tokens)), ""); n > 1 && n == len(tokens) && tokens[0].Type == identToken {
		r.report(mistakeAt(at, fmt.Sprintf(`a label of this name stands in quotes: {\"%s\"}`, shorten(word)), "%q is not a name", shorten(word)))
		return
	}
	var expr Expr
	budget := maxMends * len(tokens)
	mending(repair(tokens, "", true, r.report), &budget, func(_ []lexer.Token, lex *lexer.PeekingLexer) *mistake {
		read, err := parseExpr(lex)
		if err == nil && !lex.Peek().EOF() {
			err = expected(lex, `an operator or "}"`, "")
		}
		if err != nil {
			return err.(*mistake)
		}
		expr = read
		return nil
	}, r.report)
	if expr != nil {
		r.template.Parts = append(r.template.Parts, TemplatePart{Expr: expr})
	}
}

// quotedLabel reads the name of a label in quotes, which are escaped because they stand in a text: {\"error.type\"}.
func quotedLabel(raw string) (label string, ok bool) {
	inner, _, ok := unquote(`"` + raw + `"`)
	if !ok {
		return "", false
	}
	tokens := tokenize(inner)
	if len(tokens) != 2 || tokens[0].Type != stringToken {
		return "", false
	}
	label, _, ok = unquote(tokens[0].Value)
	return label, ok
}

// withoutFormat reports and leaves out what other languages write behind an expression: {x:.2f}, {x|upper}.
func (r *templateReader) withoutFormat(tokens []lexer.Token) []lexer.Token {
	depth := 0
	for i, t := range tokens {
		switch {
		case isOp(t, "("):
			depth++
		case isOp(t, ")"):
			depth--
		case i > 0 && depth == 0 && t.Type == badCharacterToken && (t.Value == ":" || t.Value == "|"):
			r.report(mistakeAt(Span{startOf(t), spanOf(tokens[len(tokens)-1]).End}, "remove it; numbers are shown with their units", "what stands in braces has no format"))
			return tokens[:i]
		}
	}
	return tokens
}
