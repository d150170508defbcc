package syntax

import (
	"fmt"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// The leaves of the tree read themselves; participle calls these methods for the fields of their
// types.

// Parse reads a word.
func (n *Name) Parse(lex *lexer.PeekingLexer) (err error) { *n, err = parseName(lex); return err }

// Parse reads a word or a quoted text.
func (t *Title) Parse(lex *lexer.PeekingLexer) (err error) { *t, err = parseTitle(lex); return err }

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
	if token.Type != identToken {
		hint := ""
		if token.Type == stringToken {
			hint = "names are written without quotes"
		}
		return Name{}, expected(lex, "a name", hint)
	}
	if err := wrongToken(token); err != nil {
		return Name{}, err
	}
	if reserved[token.Value] {
		return Name{}, expected(lex, "a name", fmt.Sprintf("%q is a word of the language", token.Value))
	}
	lex.Next()
	return Name{Span: spanOf(token), Text: token.Value}, nil
}

// parseNumberToken reads a number.
func parseNumberToken(lex *lexer.PeekingLexer) (Number, error) {
	token := *lex.Peek()
	if token.Type != numberToken {
		return Number{}, expected(lex, "a number", "")
	}
	n, message, hint := parseNumber(token.Value)
	n.Span = spanOf(token)
	if message != "" {
		return n, mistakeAt(n.Span, hint, "%s", message)
	}
	lex.Next()
	return n, nil
}

// parseDuration reads a length of time.
func parseDuration(lex *lexer.PeekingLexer) (Duration, error) {
	const hint = "such as 15s, 5m or 1h30m"
	if lex.Peek().Type != numberToken {
		return Duration{}, expected(lex, "a time", hint)
	}
	text := lex.Peek().Value
	n, err := parseNumberToken(lex)
	switch {
	case err != nil:
		return Duration{}, err
	case n.Unit == None:
		return Duration{}, mistakeAt(n.Span, fmt.Sprintf("did you mean %q?", text+"s"), "a time has a unit")
	case n.Unit != Time:
		return Duration{}, mistakeAt(n.Span, hint, "%q is not a time", text)
	}
	return Duration{Span: n.Span, Text: n.Text, Nanos: n.Nanos}, nil
}

// parseString reads a quoted text.
func parseString(lex *lexer.PeekingLexer) (String, error) {
	token := *lex.Peek()
	if token.Type != stringToken {
		hint := ""
		if token.Type == identToken {
			hint = fmt.Sprintf("write \"%s\" in quotes", shorten(token.Value))
		}
		return String{}, expected(lex, "a quoted text", hint)
	}
	if err := wrongToken(token); err != nil {
		return String{}, err
	}
	value, at, ok := unquote(token.Value)
	if !ok {
		start := spanOf(token).Start
		start.Column += uint32(at)
		return String{}, mistakeAt(Span{Start: start, End: Pos{start.Line, start.Column + 2}}, `the escapes are \" \\ \n \r \t; a backslash itself is \\`, "this escape is not known")
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
			return "", i, false
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
	n, err := parseName(lex)
	return Title{Span: n.Span, Text: n.Text}, err
}

// parseHold reads a time, or N of M.
func parseHold(lex *lexer.PeekingLexer) (Hold, error) {
	first := *lex.Peek()
	if first.Type == numberToken {
		if n, message, _ := parseNumber(first.Value); message == "" && n.Unit == None {
			lex.Next()
			if !isOp(*lex.Peek(), "of") {
				return Hold{}, mistakeAt(spanOf(first), fmt.Sprintf("did you mean %q? evaluations are counted so: 3 of 5", first.Value+"s"), "a time has a unit")
			}
			lex.Next()
			second := *lex.Peek()
			m, err := parseNumberToken(lex)
			if err != nil {
				return Hold{}, err
			}
			hold := Hold{Span: Span{spanOf(first).Start, m.End}, N: int(n.Value), M: int(m.Value)}
			if m.Unit != None || m.Value != float64(hold.M) || n.Value != float64(hold.N) || hold.N < 1 || hold.N > hold.M || hold.M > maxEvaluations {
				return Hold{}, mistakeAt(hold.Span, fmt.Sprintf("both are whole, the first from 1 up to the second, the second up to %d", maxEvaluations),
					"%q is not a number of evaluations", first.Value+" of "+second.Value)
			}
			return hold, nil
		}
	}
	d, err := parseDuration(lex)
	return Hold{Span: d.Span, Time: &d}, err
}

// maxEvaluations is one bit each in a word of the instance's state.
const maxEvaluations = 64
