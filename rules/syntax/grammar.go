package syntax

import (
	"iter"
	"maps"
	"slices"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// production reads the tokens of one declaration header, clause or statement.
type production struct {
	// form is what the hint of a mistake shows.
	form  string
	parse func(lex *lexer.PeekingLexer) (item, error)
}

// The grammar is the field tags of the tree (ast*.go); what has a form of its own is read by the
// functions named here. All productions share one lexer; looking one token ahead is enough.
func produce[T any, P interface {
	*T
	item
}](form string) production {
	parser := participle.MustBuild[T](
		participle.Lexer(tokenRules),
		participle.ParseTypeWith(parseExpr),
	)
	return production{form: form, parse: func(lex *lexer.PeekingLexer) (item, error) {
		node, err := parser.ParseFromLexer(lex)
		return P(node), err
	}}
}

// grammar is the table of all productions by their first word; it does not change.
type grammar struct {
	declarations map[string]production
	clauses      map[blockKind]map[string]production
	stimulus     production
}

// blockKind is a declaration with clauses in braces.
type blockKind string

const (
	noBlock    blockKind = ""
	ruleBlock  blockKind = "rule"
	routeBlock blockKind = "route"
	testBlock  blockKind = "test"
)

var heddle = grammar{
	declarations: map[string]production{
		"use":    produce[Use](`use "otel-genai"`),
		"import": produce[Import](`import "other.rules"`),
		"alarms": produce[Alarms](`alarms 1 per 1y`),
		"metric": produce[Metric](`metric NAME = counter|gauge|histogram "SOURCE" [or "SOURCE"] [where LABEL = "VALUE"]`),
		"let":    produce[Let](`let NAME = EXPRESSION`),
		"route":  produce[Route](`route NAME { … }`),
		"rule":   produce[Rule](`rule NAME on LABEL { … }`),
		"test":   produce[Test](`test "NAME" { … }`),
	},
	clauses: map[blockKind]map[string]production{
		ruleBlock: {
			"when":       produce[When](`when p95(latency, 1m) > 2s`),
			"require":    produce[Require](`require increase(requests, 1m) >= 30`),
			"for":        produce[For](`for 15s, or for 3 of 5`),
			"recover":    produce[Recover](`recover p95(latency, 5m) < 1s for 3m`),
			"missing":    produce[Missing](`missing hold, missing fire after 1m, or missing clear after 1m`),
			"severity":   produce[Severity](`severity info|warning|critical`),
			"summary":    produce[Summary](`summary "text with {EXPRESSIONS}"`),
			"label":      produce[LabelText](`label KEY "text with {EXPRESSIONS}"`),
			"annotation": produce[AnnotationText](`annotation KEY "text with {EXPRESSIONS}"`),
			"dedup":      produce[Dedup](`dedup by LABEL, … [for 15m]`),
			"because":    produce[Because](`because RULE, …`),
			"switch":     produce[Switch](`switch ROUTE`),
			"notify":     produce[Notify](`notify RECEIVER, …`),
			"mode":       produce[Mode](`mode shadow|approve|auto`),
		},
		routeBlock: {
			"models": produce[Models](`models "FIRST", "SECOND", …`),
			"apply":  produce[Apply](`apply CONNECTOR, …`),
			"guard":  produce[Guard](`guard dwell 5m, max 3 per 1h`),
			"return": produce[Return](`return after 10m, probe 5 of 5, or return never`),
			"shift":  produce[Shift](`shift 10%, 50%, 100% every 1m`),
			"prefer": produce[Prefer](`prefer health|latency|error|cost|capacity`),
			"mode":   produce[Mode](`mode shadow|approve|auto`),
		},
		testBlock: {
			"every": produce[Every](`every 5s`),
			"at":    produce[At](`at 5m rule R{model="M"} is firing, at 5m route R serves "M", or at 5m alert R{model="M"} is sent`),
		},
	},
	stimulus: produce[Stimulus](`METRIC{LABEL="VALUE"} is 0.4s for 5m, 3s for 2m, or METRIC{…} counts 10/s for 5m`),
}

// form is the form of a declaration.
func (g grammar) form(declaration string) string { return g.declarations[declaration].form }

// words returns the first words of a table in a fixed order.
func words(table map[string]production) iter.Seq[string] {
	return slices.Values(slices.Sorted(maps.Keys(table)))
}

// read reads a piece and reports its mistakes; it returns false where the node says little.
func (p production) read(tokens []lexer.Token, budget *int, report func(*mistake)) (node item, ok bool) {
	ok = mending(tokens, budget, func(tokens []lexer.Token, lex *lexer.PeekingLexer) *mistake {
		var err error
		if node, err = p.parse(lex); err != nil {
			return p.explain(err, tokens)
		}
		return nil
	}, report)
	return node, ok
}
