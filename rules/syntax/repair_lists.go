package syntax

import (
	"fmt"

	"github.com/alecthomas/participle/v2/lexer"
)

// header repairs the sign of an assignment or a pair behind the first word of a clause: for = 5s.
func (r *repairer) header() bool {
	t := r.at(0)
	if len(r.repaired) != 1 || r.word == "" || r.word == "let" || r.word == "metric" || !isOp(t, "=") {
		return false
	}
	return r.left(mistakeAt(spanOf(t), `remove it`, "a clause is its word and what follows, without a sign"), 1)
}

// list repairs brackets around lists and labels, and parentheses where there are none in the language.
func (r *repairer) list() bool {
	t, before := r.at(0), r.before()
	isOpening := isOp(t, "(") || isOp(t, "[")
	switch {
	case isOp(t, "{"):
		return r.openMatchers(before)
	case (isOp(t, ")") || isOp(t, "]") || isOp(t, "}")) && len(r.brackets) > 0:
		last := len(r.brackets) - 1
		meant := r.brackets[last]
		r.brackets = r.brackets[:last]
		switch meant {
		case "":
			r.next++
		case t.Value:
			r.put(1, t)
		default:
			r.put(1, standIn(spanOf(t), opToken, meant))
		}
		return true
	case isOpening && r.isSeries(before):
		r.brackets = append(r.brackets, "}")
		return r.wrong(mistakeAt(spanOf(t), `write "{"`, "labels stand in braces"), 1, opToken, "{")
	case isOpening && r.word == "rule" && len(r.repaired) == 2:
		r.brackets = append(r.brackets, "")
		return r.wrong(mistakeAt(spanOf(t), "the form is: "+heddle.form("rule"), `"on" must stand here, not %s`, describe(t)), 1, identToken, "on")
	case isOpening && len(r.repaired) > 0:
		r.brackets = append(r.brackets, "")
		return r.left(mistakeAt(spanOf(t), "remove it", "a list has no brackets"), 1)
	}
	return r.inBraces(before) || r.metric(before)
}

// isSeries reports whether labels can follow behind a token.
func (r *repairer) isSeries(before lexer.Token) bool {
	if before.Type != identToken {
		return false
	}
	return r.word == "" && len(r.repaired) == 1 || r.word == "at" && len(r.repaired) == 4
}

// openMatchers notes that labels follow.
func (r *repairer) openMatchers(before lexer.Token) bool {
	r.brackets = append(r.brackets, "}")
	if r.word == "metric" && before.Type == stringToken {
		r.report(mistakeAt(spanOf(r.at(0)), "such as: where status = \"500\"", `"where" must stand here, not "{"`))
		r.put(0, standIn(spanOf(r.at(0)), identToken, "where"))
	}
	r.put(1, r.at(0))
	return true
}

// inBraces repairs the labels of a series.
func (r *repairer) inBraces(before lexer.Token) bool {
	t := r.at(0)
	isInside := len(r.brackets) > 0 && r.brackets[len(r.brackets)-1] == "}" || r.isWhere
	switch {
	case !isInside:
	case isOp(t, ":") && t.Type == badCharacterToken, isOp(t, "=="):
		return r.wrong(mistakeAt(spanOf(t), `write "="`, "%q does not compare labels", t.Value), 1, opToken, "=")
	case isOp(t, "and"):
		return r.wrong(mistakeAt(spanOf(t), `write ","`, "labels are joined by commas"), 1, opToken, ",")
	case t.Type == stringToken && (isOp(before, "{") || isOp(before, ",")) && !isMatcherOp(r.at(1)):
		r.report(mistakeAt(spanOf(t), `such as {model="a"}`, "the name of the label is missing here"))
		r.put(1, standIn(spanOf(t), identToken, blank), standIn(spanOf(t), opToken, "="), t)
		return true
	case t.Type == stringToken && before.Type == identToken && !isOp(before, "where") && !isOp(before, "or") && !r.isBehindWord():
		r.report(mistakeAt(spanOf(t), fmt.Sprintf(`such as {%s=%s}`, shorten(before.Value), shorten(t.Value)), `"=" must stand here, not %s`, describe(t)))
		r.put(1, standIn(spanOf(t), opToken, "="), t)
		return true
	}
	return false
}

// isMatcherOp reports a sign between a label and its value, or what is meant by one.
func isMatcherOp(t lexer.Token) bool {
	switch t.Value {
	case "=", "!=", "=~", "!~", "==", "~", ":":
		return t.Type != stringToken
	}
	return false
}

// isBehindWord reports whether the word before the next token stands behind another one.
func (r *repairer) isBehindWord() bool {
	two := r.repaired[max(0, len(r.repaired)-2)]
	return two.Type == identToken && !isOp(two, "where")
}

// metric repairs a declaration of a metric: its kind, and what stands between its sources.
func (r *repairer) metric(before lexer.Token) bool {
	t, next := r.at(0), r.at(1)
	if r.word != "metric" {
		return false
	}
	switch {
	case isOp(before, "=") && len(r.repaired) == 3 && t.Type == stringToken:
		r.report(mistakeAt(spanOf(t), "counter, gauge or histogram", "the kind of the metric is missing here"))
		r.put(1, standIn(spanOf(t), identToken, blank), t)
		return true
	case isOp(before, "=") && len(r.repaired) == 3 && isFunction(t.Value) && isOp(next, "("):
		m := mistakeAt(spanOf(t), "write let instead of metric", "a metric is a series that arrives, not the value of a function")
		r.report(m)
		r.put(len(r.tokens)-r.next, standIn(m.Span, identToken, blank), standIn(m.Span, stringToken, `"x"`))
		return true
	case isOp(t, ",") && !r.isWhere && before.Type == stringToken && next.Type == stringToken:
		return r.wrong(mistakeAt(spanOf(t), `write "or"`, "the sources of a metric are joined by or"), 1, identToken, "or")
	}
	return false
}
