package syntax

import (
	"fmt"

	"github.com/alecthomas/participle/v2/lexer"
)

// promQL repairs the forms of PromQL in an expression: ranges and matchers behind a metric, offsets,
// grouping and bool.
func (r *repairer) promQL() bool {
	t, next, before := r.at(0), r.at(1), r.before()
	switch {
	case t.Value == "[" && t.Type == badCharacterToken:
		return r.openRange(before)
	case isOp(t, "{") && before.Type == identToken && isFunction(before.Value):
		r.brackets = append(r.brackets, ")")
		return r.wrong(mistakeAt(spanOf(t), `write "("`, "the arguments of %s stand in parentheses", before.Value), 1, opToken, "(")
	case (isOp(t, "]") || isOp(t, "}")) && len(r.brackets) > 0:
		last := len(r.brackets) - 1
		if meant := r.brackets[last]; meant != "" {
			r.repaired = append(r.repaired, standIn(spanOf(t), opToken, meant))
		}
		r.brackets = r.brackets[:last]
		r.next++
		return true
	case t.Value == ":" && t.Type == badCharacterToken && len(r.brackets) > 0:
		// The step of a subquery, of which the "[" has told.
		r.next++
		if next.Type == numberToken {
			r.next++
		}
		return true
	case isOp(t, "{") && r.word != "" && len(r.repaired) == 1:
		r.brackets = append(r.brackets, "")
		return r.left(mistakeAt(spanOf(t), "remove it", "a condition has no braces"), 1)
	case isOp(t, "(") && r.word == "let" && len(r.repaired) == 2:
		if n := r.upTo(")"); n > 0 {
			return r.left(mistakeAt(spanOf(t), "write the expression out for each metric", "a let has no parameters"), n)
		}
	case isOp(t, "{") && before.Type == identToken:
		if n := r.upTo("}"); n > 0 {
			return r.left(mistakeAt(spanOf(t), "such as: metric "+shorten(before.Value)+` = counter "NAME" where status = "500"`, "series are selected where a metric is declared"), n)
		}
	case t.Type != identToken || len(r.repaired) < 2:
	case t.Value == "offset" && next.Type == numberToken && before.Value != ",":
		return r.left(mistakeAt(spanOf(t), fmt.Sprintf("such as: ago(EXPRESSION, %s)", next.Value), "the past is asked for with ago"), 2)
	case isGrouping(t) && isOp(next, "("):
		if n := r.upTo(")"); n > 0 {
			r.left(mistakeAt(spanOf(t), "such as: rule NAME on model, region", "groups are the labels of the rule"), n)
			for isGrouping(r.at(0)) && r.at(0).Type == identToken {
				r.next++
				if isOp(r.at(0), "(") {
					r.next += r.upTo(")")
				}
			}
			return true
		}
	case t.Value == "bool" && strengths[before.Value] == comparisonStrength:
		return r.left(mistakeAt(spanOf(t), "remove it", "a comparison is true or false without bool"), 1)
	}
	return false
}

func isGrouping(t lexer.Token) bool {
	switch t.Value {
	case "by", "without", "on", "ignoring", "group_left", "group_right":
		return true
	}
	return false
}

// openRange repairs the "[" of rate(requests[5m]), rate(requests)[5m] and p95[latency, 5m].
func (r *repairer) openRange(before lexer.Token) bool {
	wrong := wrongToken(r.at(0))
	switch {
	case isOp(before, ")"):
		r.repaired = r.repaired[:len(r.repaired)-1]
		r.brackets = append(r.brackets, ")")
		return r.wrong(wrong, 1, opToken, ",")
	case before.Type == identToken && isFunction(before.Value):
		r.brackets = append(r.brackets, ")")
		return r.wrong(wrong, 1, opToken, "(")
	}
	r.brackets = append(r.brackets, "")
	return r.wrong(wrong, 1, opToken, ",")
}

// upTo is how many tokens there are from the next up to the given sign, 0 where it does not come.
func (r *repairer) upTo(sign string) int {
	if r.last[sign] < r.next {
		return 0
	}
	for i := r.next; i < len(r.tokens); i++ {
		if isOp(r.tokens[i], sign) {
			return i - r.next + 1
		}
	}
	return 0
}
