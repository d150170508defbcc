package syntax

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// repairer reports the tokens of a piece that are wrong wherever they stand, or are the forms of
// neighbouring languages, and puts what was meant in their place, before the piece is read.
type repairer struct {
	tokens   []lexer.Token
	repaired []lexer.Token
	next     int
	// word is the first word of the piece, "" where it has none of the language.
	word string
	// isCondition is set where the piece ends in an expression.
	isCondition bool
	report      func(*mistake)
	// last are the places of the last closing signs among the tokens.
	last map[string]int
	// calls are the open parentheses: whether each is that of a call.
	calls []bool
	// isWhere is set behind the word where of a metric.
	isWhere bool
	// brackets are what is meant by the closing brackets of the open ones.
	brackets []string
}

// repair returns the tokens of a piece as they were meant.
func repair(tokens []lexer.Token, word string, isCondition bool, report func(*mistake)) []lexer.Token {
	r := &repairer{tokens: tokens, repaired: make([]lexer.Token, 0, len(tokens)), word: word, isCondition: isCondition, report: report, last: map[string]int{}}
	for i, t := range tokens {
		if isOp(t, ")") || isOp(t, "}") {
			r.last[t.Value] = i
		}
	}
	for r.next < len(tokens) {
		repaired := r.number() || r.header() || r.sign()
		switch {
		case repaired:
		case r.isCondition && (r.promQL() || r.operator()):
		case !r.isCondition && r.list():
		default:
			r.put(1, r.tokens[r.next])
		}
	}
	if r.isCondition {
		r.repaired = balance(r.repaired, report)
	}
	if len(r.repaired) == 0 {
		return []lexer.Token{standIn(spanOf(tokens[0]), identToken, blank)}
	}
	return r.repaired
}

// put takes the next tokens and puts others in their place.
func (r *repairer) put(taken int, tokens ...lexer.Token) {
	for _, t := range tokens {
		switch {
		case isOp(t, "("):
			r.calls = append(r.calls, r.before().Type == identToken)
		case isOp(t, ")") && len(r.calls) > 0:
			r.calls = r.calls[:len(r.calls)-1]
		case isOp(t, "where"):
			r.isWhere = r.word == "metric"
		}
		r.repaired = append(r.repaired, t)
	}
	r.next += taken
}

// at returns the i-th token from the next one on, the end behind the last.
func (r *repairer) at(i int) lexer.Token {
	if r.next+i < len(r.tokens) {
		return r.tokens[r.next+i]
	}
	return lexer.EOFToken(lexer.Position{})
}

// before returns the token that was put last.
func (r *repairer) before() lexer.Token {
	if len(r.repaired) == 0 {
		return lexer.EOFToken(lexer.Position{})
	}
	return r.repaired[len(r.repaired)-1]
}

// wrong reports a mistake and puts a token in the place of those that it spans.
func (r *repairer) wrong(m *mistake, taken int, kind lexer.TokenType, meant string) bool {
	r.report(m)
	r.put(taken, standIn(m.Span, kind, meant))
	return true
}

// left reports a mistake and leaves out the tokens that it spans.
func (r *repairer) left(m *mistake, taken int) bool {
	r.report(m)
	r.next += taken
	return true
}

// sign repairs signs and quotes of which it is clear what they should be.
func (r *repairer) sign() bool {
	t := r.at(0)
	wrong := wrongToken(t)
	if wrong == nil {
		return false
	}
	switch {
	case t.Type == opToken && reserved[wrongOperators[t.Value]]:
		return r.wrong(wrong, 1, identToken, wrongOperators[t.Value])
	case t.Type == opToken:
		return r.wrong(wrong, 1, opToken, wrongOperators[t.Value])
	case t.Type == oddStringToken:
		inner := []rune(t.Value)
		return r.wrong(wrong, 1, stringToken, quote(string(inner[1:len(inner)-1])))
	case t.Type == badStringToken:
		return r.wrong(wrong, 1, stringToken, `""`)
	case t.Type == stringToken:
		return r.wrong(wrong, 1, stringToken, `""`)
	case t.Type == identToken:
		// The name stays what it is, so that its declaration and its uses go together.
		return r.wrong(wrong, 1, identToken, shortened(t.Value))
	case t.Value == ";" && len(r.calls) > 0:
		wrong.hint = `write ","`
		return r.wrong(wrong, 1, opToken, ",")
	case t.Value == ":" && len(r.repaired) == 2 && (r.word == "metric" || r.word == "let") && !isOp(r.at(1), "="):
		wrong.hint = `write "="`
		return r.wrong(wrong, 1, opToken, "=")
	case meantCharacters[t.Value] != "":
		return r.wrong(wrong, 1, opToken, meantCharacters[t.Value])
	}
	return false
}

// shortened keeps a name that is too long from being reported again where it is read.
func shortened(name string) string {
	if len(name) <= maxNameBytes {
		return name
	}
	return strings.ToValidUTF8(name[:maxNameBytes], "")
}

// operator repairs comparisons and logic in the way of other languages.
func (r *repairer) operator() bool {
	t, next := r.at(0), r.at(1)
	isFirst := r.word != "" && len(r.repaired) == 0
	isAssigned := r.word == "let" && !slices.ContainsFunc(r.repaired, func(t lexer.Token) bool { return isOp(t, "=") })
	switch {
	case isFirst || isAssigned:
		return false
	case isOp(t, "if") && len(r.repaired) == 1 && beginsOperand(next) && !isOp(next, "("):
		return r.left(mistakeAt(spanOf(t), "remove it", "%q is not needed", t.Value), 1)
	case t.Type == opToken && next.Type == opToken && next.Value == "=" && strings.Contains("> < ! =", t.Value):
		both := Span{startOf(t), spanOf(next).End}
		return r.wrong(mistakeAt(both, fmt.Sprintf("write %q", t.Value+"="), "the signs of an operator stand together"), 2, opToken, t.Value+"=")
	case isOp(t, "="):
		return r.wrong(mistakeAt(spanOf(t), `write "=="`, `"=" does not compare`), 1, opToken, "==")
	case t.Type == identToken && !reserved[t.Value] && reserved[strings.ToLower(t.Value)] && !strings.EqualFold(t.Value, "for"):
		word := strings.ToLower(t.Value)
		return r.wrong(mistakeAt(spanOf(t), fmt.Sprintf("write %q", word), "%q is not an operator", t.Value), 1, identToken, word)
	}
	return false
}

// number repairs numbers that stand apart from their units or are written with separators.
func (r *repairer) number() bool {
	t, next := r.at(0), r.at(1)
	if t.Type != numberToken || next.EOF() || t.Pos.Line != next.Pos.Line {
		return false
	}
	both := Span{startOf(t), spanOf(next).End}
	const apart = "a number and its unit stand together"
	switch {
	case next.Type == identToken && unitMeant(next.Value) != "" && hasUnit(t.Value, None):
		joined := t.Value + unitMeant(next.Value)
		return r.wrong(mistakeAt(both, fmt.Sprintf("write %q", joined), apart), 2, numberToken, joined)
	case isOp(next, "%") && !beginsOperand(r.at(2)) && !isOp(r.at(2), "-") && hasUnit(t.Value, None):
		joined := t.Value + "%"
		return r.wrong(mistakeAt(both, fmt.Sprintf("write %q", joined), apart), 2, numberToken, joined)
	case next.Type == numberToken && hasUnit(t.Value, Time) && hasUnit(t.Value+next.Value, Time):
		joined := t.Value + next.Value
		return r.wrong(mistakeAt(both, fmt.Sprintf("write %q", joined), "the parts of a time stand together"), 2, numberToken, joined)
	case r.isCondition && (len(r.calls) == 0 || !r.calls[len(r.calls)-1]) && isThousand(t, next, r.at(2)):
		both.End = spanOf(r.at(2)).End
		joined := t.Value + r.at(2).Value
		return r.wrong(mistakeAt(both, fmt.Sprintf("write %q", joined), "numbers have no separators"), 3, numberToken, joined)
	}
	return false
}

// hasUnit reports whether a text is a number with the unit.
func hasUnit(text string, unit Unit) bool {
	n, message, _ := parseNumber(text)
	return message == "" && n.Unit == unit
}

// unitMeant is the unit that a word stands for, "" for none.
func unitMeant(word string) string {
	if meant, ok := unitSlips[word]; ok {
		return meant
	}
	if _, ok := scales[word]; ok {
		return word
	}
	for _, u := range timeUnits {
		if u.name == word {
			return word
		}
	}
	return ""
}

// isThousand reports a number that is written with a separator: 1,000.
func isThousand(thousands, separator, rest lexer.Token) bool {
	isDigits := func(t lexer.Token) bool { return t.Type == numberToken && strings.Trim(t.Value, "0123456789") == "" }
	return isOp(separator, ",") && isDigits(thousands) && isDigits(rest) && len(thousands.Value) <= 3 && len(rest.Value) == 3 &&
		spanOf(thousands).End == startOf(separator) && spanOf(separator).End == startOf(rest)
}
