package lsp

import (
	"fmt"
	"strings"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// expression completes within a condition, a let or the braces of a text.
func (c *completion) expression() {
	if c.inText {
		return
	}
	function, argument, ok := c.call()
	if !ok {
		c.operand()
		return
	}
	signature, known := syntax.Function(function)
	if !known || argument >= len(signature.Args) {
		return
	}
	switch arg := signature.Args[argument]; arg.Kind {
	case syntax.MetricArg, syntax.SubjectArg:
		kinds := arg.Metrics
		if arg.Kind == syntax.SubjectArg {
			kinds |= syntax.Counter // of a quotient
		}
		c.values(kinds, false)
	case syntax.WindowArg:
		if function == "baseline" {
			c.times("1d", "7d", "14d", "30d")
			return
		}
		c.times("1m", "5m", "15m", "1h", "1d")
	case syntax.ShareArg:
		c.times("50%", "90%", "95%", "99%")
	case syntax.DirectionArg:
		c.keywords("up", "down")
	case syntax.RuleArg:
		c.rules()
	case syntax.RouteArg:
		c.routes()
	case syntax.ExprArg:
		c.operand()
	}
}

// operand offers what a value can begin with; behind a value, what joins it with another.
func (c *completion) operand() {
	if c.endsValue() {
		c.keywords("and", "or")
		return
	}
	for signature := range syntax.Functions() {
		c.add(completionItem{
			Label: signature.Name, Kind: itemFunction, Detail: signature.Usage(), Documentation: markdown(describeFunction(signature)),
		}, callSnippet(signature))
	}
	c.values(0, true)
	c.keywords("not")
}

// endsValue reports whether the word before the cursor is the end of a value.
func (c *completion) endsValue() bool {
	if len(c.words) < 2 {
		return false
	}
	last := c.words[len(c.words)-1]
	switch last.Kind {
	case syntax.WordToken, syntax.OperatorToken:
		return !asksForMore(last)
	}
	return last.Kind == syntax.NumberToken
}

// callSnippet is a call with a place for each argument: p95(${1:m}, ${2:1m}).
func callSnippet(s *syntax.Signature) string {
	args := make([]string, len(s.Args))
	for i, arg := range s.Args {
		switch arg.Kind {
		case syntax.WindowArg:
			args[i] = fmt.Sprintf("${%d:%s}", i+1, map[bool]string{true: "7d", false: "1m"}[s.Name == "baseline"])
		case syntax.DirectionArg:
			args[i] = fmt.Sprintf("${%d|up,down|}", i+1)
		default:
			args[i] = fmt.Sprintf("${%d:%s}", i+1, arg.Name)
		}
	}
	return s.Name + "(" + strings.Join(args, ", ") + ")"
}
