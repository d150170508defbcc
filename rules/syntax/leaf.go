package syntax

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// The leaves of the tree read themselves; participle calls these methods for the fields of their
// types.

// Parse reads a word.
func (n *Name) Parse(lex *lexer.PeekingLexer) (err error) {
	if m := wordWithSigns(lex, "-/"); m != nil {
		return m
	}
	*n, err = parseName(lex)
	return err
}

// Parse reads a word or a quoted text.
func (t *Title) Parse(lex *lexer.PeekingLexer) (err error) { *t, err = parseTitle(lex); return err }

// Parse reads the name of a label.
func (l *Label) Parse(lex *lexer.PeekingLexer) (err error) { *l, err = parseLabel(lex); return err }

// Parse reads a quoted text.
func (s *String) Parse(lex *lexer.PeekingLexer) (err error) { *s, err = parseString(lex); return err }

// Parse reads a number with its unit.
func (n *Number) Parse(lex *lexer.PeekingLexer) (err error) {
	*n, err = parseNumberToken(lex)
	return err
}

// Parse reads a length of time.
func (d *Duration) Parse(lex *lexer.PeekingLexer) (err error) {
	*d, err = parseDuration(lex)
	return err
}

// Parse reads a time, or a share of evaluations.
func (h *Hold) Parse(lex *lexer.PeekingLexer) (err error) { *h, err = parseHold(lex); return err }

// Parse reads a text with expressions in braces.
func (t *Template) Parse(lex *lexer.PeekingLexer) (err error) {
	*t, err = parseTemplate(lex)
	return err
}

// Parse reads one stretch of a stimulus.
func (s *Segment) Parse(lex *lexer.PeekingLexer) (err error) { *s, err = parseSegment(lex); return err }

// reserved are the words that cannot be names: they would be read as something else behind a value.
var reserved = map[string]bool{"and": true, "or": true, "not": true, "for": true}

// parseName reads a word.
func parseName(lex *lexer.PeekingLexer) (Name, error) {
	token := *lex.Peek()
	switch {
	case token.Type == stringToken:
		word, _, _ := unquote(token.Value)
		if !isWord(word) {
			word = blank
		}
		return Name{}, expected(lex, "a name", "names are written without quotes").instead(lex, identToken, word)
	case token.Type == numberToken && (isValue(ahead(lex, 1)) || isOp(ahead(lex, 1), "=") || isOp(ahead(lex, 1), "{")):
		return Name{}, expected(lex, "a name", "").instead(lex, identToken, blank)
	case token.Type != identToken:
		return Name{}, expected(lex, "a name", "").before(lex, identToken, blank)
	case reserved[token.Value]:
		m := expected(lex, "a name", fmt.Sprintf("%q is a word of the language", token.Value))
		if isOp(ahead(lex, 1), "=") {
			return Name{}, m.instead(lex, identToken, blank)
		}
		return Name{}, m.before(lex, identToken, blank)
	}
	lex.Next()
	return Name{Span: spanOf(token), Text: token.Value}, nil
}

// parseNumberToken reads a number.
func parseNumberToken(lex *lexer.PeekingLexer) (Number, error) {
	token := *lex.Peek()
	switch {
	case token.Value == blank && token.Type == numberToken:
		lex.Next()
		return Number{Span: spanOf(token)}, nil
	case token.Type == stringToken:
		inner, _, _ := unquote(token.Value)
		if _, message, _ := parseNumber(inner); message != "" {
			inner = blank
		}
		return Number{}, expected(lex, "a number", "numbers are written without quotes").instead(lex, numberToken, inner)
	case token.Type != numberToken:
		return Number{}, standForValue(lex, expected(lex, "a number", ""), blank)
	}
	n, message, hint := parseNumber(token.Value)
	n.Span = spanOf(token)
	if message != "" {
		return n, mistakeAt(n.Span, hint, "%s", message).instead(lex, numberToken, blank)
	}
	lex.Next()
	return n, nil
}

// standForValue has a value stand where one is missing: instead of a word that is in its place, or before
// what comes next.
func standForValue(lex *lexer.PeekingLexer, m *mistake, value string) *mistake {
	if token := *lex.Peek(); token.Type == identToken && !reserved[token.Value] && !valueFollowers[token.Value] {
		return m.instead(lex, numberToken, value)
	}
	return m.before(lex, numberToken, value)
}

// valueFollowers are the words that stand behind a value.
var valueFollowers = map[string]bool{"of": true, "per": true, "every": true, "to": true, "at": true, "rule": true, "route": true, "alert": true}

// someTime stands for a time that cannot be read.
const someTime = "1s"

// parseDuration reads a length of time.
func parseDuration(lex *lexer.PeekingLexer) (Duration, error) {
	const hint = "such as 15s, 5m or 1h30m"
	token := *lex.Peek()
	switch {
	case token.Type == stringToken:
		inner, _, _ := unquote(token.Value)
		if n, message, _ := parseNumber(inner); message != "" || n.Unit != Time {
			inner = someTime
		}
		return Duration{}, expected(lex, "a time", "times are written without quotes").instead(lex, numberToken, inner)
	case isOp(token, "-") && ahead(lex, 1).Type == numberToken:
		return Duration{}, mistakeAt(Span{startOf(token), spanOf(ahead(lex, 1)).End}, hint, "a time is not negative").
			replacing(lex, 2, standIn(spanOf(token), numberToken, someTime))
	case token.Type != numberToken:
		return Duration{}, standForValue(lex, expected(lex, "a time", hint), someTime)
	}
	n, message, fix := parseNumber(token.Value)
	n.Span = spanOf(token)
	var m *mistake
	switch {
	case message != "":
		m = mistakeAt(n.Span, fix, "%s", message)
	case n.Unit == None:
		m = mistakeAt(n.Span, fmt.Sprintf("did you mean %q?", token.Value+"s"), "a time has a unit")
	case n.Unit != Time:
		m = mistakeAt(n.Span, hint, "%q is not a time", token.Value)
	default:
		lex.Next()
		return Duration{Span: n.Span, Text: n.Text, Nanos: n.Nanos}, nil
	}
	return Duration{}, m.instead(lex, numberToken, someTime)
}

// parseString reads a quoted text.
func parseString(lex *lexer.PeekingLexer) (String, error) {
	token := *lex.Peek()
	if token.Type != stringToken {
		if token.Type == identToken && !reserved[token.Value] || token.Type == numberToken {
			tokens, word, at := together(lex, "-/")
			m := mistakeAt(at, fmt.Sprintf(`write "%s" in quotes`, shorten(word)), "a quoted text must stand here, not %s", strconv.Quote(shorten(word)))
			return String{}, m.replacing(lex, tokens, standIn(at, stringToken, quote(word)))
		}
		return String{}, expected(lex, "a quoted text", "").before(lex, stringToken, `""`)
	}
	value, at, ok := unquote(token.Value)
	if !ok {
		start := spanOf(token).Start
		start.Column += uint32(at)
		m := mistakeAt(Span{Start: start, End: Pos{start.Line, start.Column + 2}}, `the escapes are \" \\ \n \r \t; a backslash itself is \\`, "this escape is not known")
		return String{}, m.replacing(lex, 1, standIn(spanOf(token), stringToken, quote(strings.ReplaceAll(value, `\`, ""))))
	}
	lex.Next()
	return String{Span: spanOf(token), Value: value}, nil
}

// unquote resolves quotes and escapes; where it fails, at is the escape's place in characters.
func unquote(quoted string) (value string, at int, ok bool) {
	inner := []rune(quoted[1 : len(quoted)-1])
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		if inner[i] != '\\' {
			b.WriteRune(inner[i])
			continue
		}
		i++
		switch inner[i] {
		case '"', '\\':
			b.WriteRune(inner[i])
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		default:
			return string(inner), i, false
		}
	}
	return b.String(), 0, true
}

var quoter = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// quote is the way back from unquote.
func quote(value string) string { return `"` + quoter.Replace(value) + `"` }

// parseTitle reads a name of the configuration: a word, or a quoted text.
func parseTitle(lex *lexer.PeekingLexer) (Title, error) {
	if lex.Peek().Type == stringToken {
		s, err := parseString(lex)
		return Title{Span: s.Span, Text: s.Value}, err
	}
	if m := wordWithSigns(lex, "-/"); m != nil {
		_, word, at := together(lex, "-/")
		m.hint = fmt.Sprintf("write \"%s\" in quotes", shorten(word))
		m.mend.insert = []lexer.Token{standIn(at, stringToken, quote(word))}
		return Title{}, m
	}
	n, err := parseName(lex)
	return Title{Span: n.Span, Text: n.Text}, err
}

// parseLabel reads the name of a label: a word, or a quoted text.
func parseLabel(lex *lexer.PeekingLexer) (Label, error) {
	token := *lex.Peek()
	t, err := parseTitle(lex)
	if err != nil || token.Type != stringToken {
		return Label(t), err
	}
	if m := wrongLabel(t.Span, t.Text); m != nil {
		m.mend = edit{int(lex.RawCursor()) - 1, 1, []lexer.Token{standIn(t.Span, identToken, blank)}}
		return Label{}, m
	}
	return Label(t), nil
}

// wrongLabel is the mistake of a quoted text that is no name of a label; nil where it is one.
func wrongLabel(at Span, label string) *mistake {
	switch {
	case label == "":
		return mistakeAt(at, "such as \"error.type\"", "the name of a label is empty")
	case len(label) > maxNameBytes:
		return mistakeAt(at, fmt.Sprintf("at most %d bytes", maxNameBytes), "this name is too long")
	}
	return nil
}

// parseHold reads a time, or N of M.
func parseHold(lex *lexer.PeekingLexer) (Hold, error) {
	first := *lex.Peek()
	if isOp(first, "-") && isOp(ahead(lex, 2), "of") || isOp(first, "of") {
		words := 2
		if isOp(first, "-") {
			words = 4
		}
		m := mistakeAt(Span{startOf(first), spanOf(ahead(lex, words-1)).End}, "such as 3 of 5", "this is not a number of evaluations")
		return Hold{}, m.replacing(lex, words, standIn(m.Span, numberToken, someTime))
	}
	n, message, _ := parseNumber(first.Value)
	if first.Type != numberToken || message != "" || n.Unit != None {
		d, err := parseDuration(lex)
		return Hold{Span: d.Span, Time: &d}, err
	}
	switch of := ahead(lex, 1); {
	case isOp(of, "of"):
	case isOp(of, "/") || of.Type == identToken && (isOp(ahead(lex, 2), "of") || ahead(lex, 2).Type == numberToken):
		drop := 1
		if isOp(ahead(lex, 2), "of") {
			drop = 2
		}
		lex.Next()
		m := mistakeAt(spanOf(of), fmt.Sprintf("did you mean %q?", first.Value+" of "+ahead(lex, drop).Value), `"of" must stand here, not %s`, describe(of))
		return Hold{}, m.replacing(lex, drop, standIn(m.Span, identToken, "of"))
	default:
		m := mistakeAt(spanOf(first), fmt.Sprintf("did you mean %q? evaluations are counted so: 3 of 5", first.Value+"s"), "a time has a unit")
		return Hold{}, m.instead(lex, numberToken, someTime)
	}
	start := int(lex.RawCursor())
	lex.Next()
	lex.Next()
	second := *lex.Peek()
	m, err := parseNumberToken(lex)
	if err != nil {
		return Hold{}, err
	}
	hold := Hold{Span: Span{spanOf(first).Start, m.End}, N: int(n.Value), M: int(m.Value)}
	if m.Text == blank {
		return hold, nil
	}
	if m.Unit != None || m.Value != float64(hold.M) || n.Value != float64(hold.N) || hold.N < 1 || hold.N > hold.M || hold.M > maxEvaluations {
		wrong := mistakeAt(hold.Span, fmt.Sprintf("both are whole, the first from 1 up to the second, the second up to %d", maxEvaluations),
			"%q is not a number of evaluations", first.Value+" of "+second.Value)
		wrong.mend = edit{start, 3, []lexer.Token{standIn(hold.Span, numberToken, someTime)}}
		return Hold{}, wrong
	}
	return hold, nil
}

// maxEvaluations is one bit each in a word of the instance's state.
const maxEvaluations = 64
