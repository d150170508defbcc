package syntax

import "strings"

// writeExpr prints an expression. Parentheses are nodes of the tree, so none have to be found.
func writeExpr(b *strings.Builder, e Expr) {
	switch e := e.(type) {
	case *Number:
		b.WriteString(e.Text)
	case *Text:
		b.WriteString(quote(e.Value))
	case *Ref:
		b.WriteString(e.Name)
	case *Call:
		b.WriteString(e.Function.Text)
		b.WriteByte('(')
		for i, arg := range e.Args {
			if i > 0 {
				b.WriteString(", ")
			}
			writeExpr(b, arg)
		}
		b.WriteByte(')')
	case *Unary:
		b.WriteString(string(e.Op))
		if e.Op == Not {
			b.WriteByte(' ')
		}
		writeExpr(b, e.X)
	case *Binary:
		writeExpr(b, e.X)
		b.WriteString(" " + string(e.Op) + " ")
		writeExpr(b, e.Y)
	case *Paren:
		b.WriteByte('(')
		writeExpr(b, e.X)
		b.WriteByte(')')
	}
}

var braces = strings.NewReplacer("{", "{{", "}", "}}")

// formatTemplate prints a text with expressions in braces.
func formatTemplate(t Template) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, part := range t.Parts {
		if part.Expr == nil {
			b.WriteString(quoter.Replace(braces.Replace(part.Literal)))
			continue
		}
		b.WriteByte('{')
		if label, ok := part.Expr.(*Ref); ok {
			b.WriteString(FormatLabelInText(label.Name))
		} else {
			writeExpr(&b, part.Expr)
		}
		b.WriteByte('}')
	}
	b.WriteByte('"')
	return b.String()
}
