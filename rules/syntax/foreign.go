package syntax

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// withoutForeign reports what is no part of a rule file — comments of other languages, the marks of an
// unfinished merge, fences of Markdown — and leaves it out.
func (o *outline) withoutForeign(text string, tokens []lexer.Token) []lexer.Token {
	kept := tokens[:0]
	commentEnd := 0 // where a comment of several lines ends
	for i, t := range tokens {
		isApart := i == 0 || startOf(t) != spanOf(tokens[i-1]).End
		switch {
		case t.Pos.Offset < commentEnd && !t.EOF():
		case t.Type == foreignToken && (isApart || !strings.HasPrefix(t.Value, "//")):
			o.report(foreign(t))
			if strings.HasPrefix(t.Value, "/*") {
				commentEnd = len(text)
				if length := strings.Index(text[t.Pos.Offset+2:], "*/"); length >= 0 {
					commentEnd = t.Pos.Offset + 2 + length + 2
				}
			}
		default:
			kept = append(kept, t)
		}
	}
	return kept
}

func foreign(t lexer.Token) *mistake {
	switch t.Value[0] {
	case '/':
		return mistakeAt(spanOf(t), "write # and the comment, on each line", "a comment begins with #")
	case '`':
		return mistakeAt(spanOf(t), "remove the fence", "this is no part of a rule file")
	}
	return mistakeAt(spanOf(t), "keep one of the two sides, and remove the marks", "this is the mark of a merge that was not finished")
}

// isPrometheus reports whether the file is one of Prometheus's rules, in YAML.
func isPrometheus(tokens []lexer.Token) bool {
	return len(tokens) > 1 && isOp(tokens[0], "groups") && isOp(tokens[1], ":")
}
