package syntax

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// generator writes random rule files that are read without a mistake, in an untidy layout.
type generator struct {
	*rand.Rand
	strings.Builder
}

func (g *generator) pick(words ...string) string { return words[g.IntN(len(words))] }

// space is what may stand between two tokens of a clause: space, or a comment and a new line where the
// text goes on behind it.
func (g *generator) space(mayBreak bool) string {
	if mayBreak && g.IntN(6) == 0 {
		return g.pick("\n", " # inside\n", "\n\n   ", "\t# in\n  # side\n\t")
	}
	return g.pick(" ", " ", "  ", "\t")
}

func (g *generator) name() string {
	return g.pick("latency", "requests", "a", "b_2", "up", "model", "when_", "Rule", "x", "serverity")
}

func (g *generator) text() string {
	return g.pick(`""`, `"a"`, `"gpt-4o"`, `"\"\\\n\t"`, `"5..|x"`, `"ünï"`, `"# no comment"`, `"{{}}"`)
}

func (g *generator) label() string {
	return g.pick(g.name(), g.name(), `"error.type"`, `"model"`, `"when"`, `"for"`, `"a \"b\"\\"`, `"ünï{}"`)
}

func (g *generator) template() string {
	return g.pick(`"plain"`, `"{model}"`, `"{\"error.type\"} of { \"model\" } {\"for\"}"`, fmt.Sprintf(`"p95 {%s} on {{%s}}"`, strings.ReplaceAll(g.expr(3, false), `"`, ""), "x"))
}

func (g *generator) time() string {
	return g.pick("0s", "15s", "250ms", "1h30m", "7d", "1y2w", "0.5s", "90m")
}

func (g *generator) number() string {
	return g.pick("0", "1", "30", "0.5", "1e6", "2.5e-3", "5%", "2k", "3M", "512MiB", "2GB", g.time())
}

// expr writes an expression; breaks says whether it may go on in the next line.
func (g *generator) expr(depth int, breaks bool) string {
	if depth == 0 {
		return g.pick(g.number(), g.name(), "p95(latency, 1m)")
	}
	inner := func() string { return g.expr(depth-1, breaks) }
	space := func() string { return g.space(breaks) }
	switch g.IntN(9) {
	case 0:
		return "(" + space() + inner() + space() + ")"
	case 1:
		return "not" + g.space(false) + "(" + inner() + ")"
	case 2:
		return "-" + inner()
	case 3:
		return g.name() + "(" + inner() + g.pick(",", " , ") + inner() + ")"
	case 4:
		return g.name() + "()"
	case 5, 6:
		// A comparison stands in parentheses, so that it is never compared again.
		return "(" + inner() + space() + g.pick(">", ">=", "<", "<=", "==", "!=") + space() + inner() + ")"
	case 7:
		return inner() + space() + g.pick("and", "or", "+", "-", "*", "/", "%") + space() + inner()
	}
	return inner()
}

func (g *generator) list(one func() string) string {
	texts := []string{one()}
	for g.IntN(2) == 0 {
		texts = append(texts, one())
	}
	return strings.Join(texts, g.pick(",", ", ", " ,\n"))
}

func (g *generator) maybe(text string) string {
	if g.IntN(2) == 0 {
		return text
	}
	return ""
}

func (g *generator) hold() string { return g.pick(g.time(), "3 of 5", "1 of 1") }

func (g *generator) ruleClause() string {
	switch g.IntN(14) {
	case 0:
		return "when " + g.expr(4, true)
	case 1:
		return "require " + g.expr(3, true)
	case 2:
		return "for " + g.hold()
	case 3:
		return "recover " + g.expr(3, true) + g.maybe(" for "+g.time())
	case 4:
		return g.pick("missing hold", "missing fire after "+g.time(), "missing clear after "+g.time())
	case 5:
		return "severity " + g.pick("info", "critical")
	case 6:
		return "summary " + g.template()
	case 7:
		return "label " + g.name() + " " + g.template()
	case 8:
		return "annotation " + g.name() + " " + g.template()
	case 9:
		return "dedup by " + g.list(g.label) + g.maybe(" for "+g.time())
	case 10:
		return "because " + g.list(g.name)
	case 11:
		return "switch " + g.list(g.name)
	case 12:
		return "notify " + g.list(func() string { return g.pick(g.name(), g.text()) })
	}
	return "mode " + g.pick("shadow", "auto")
}

func (g *generator) routeClause() string {
	switch g.IntN(7) {
	case 0:
		return "models " + g.list(g.text)
	case 1:
		return "apply " + g.list(g.name)
	case 2:
		return "guard " + g.list(func() string { return g.pick("dwell "+g.time(), "max 3 per "+g.time()) })
	case 3:
		return "return " + g.pick("never", g.list(func() string { return g.pick("after "+g.time(), "probe 3 of 5") }))
	case 4:
		return "shift " + g.list(g.number) + " every " + g.time()
	case 5:
		return "prefer " + g.name()
	}
	return "mode approve"
}

func (g *generator) matchers() string {
	return g.list(func() string {
		return g.label() + g.maybe(" ") + g.pick("=", "!=", "=~", "!~") + g.maybe(" ") + g.text()
	})
}

func (g *generator) statement() string {
	series := g.name() + g.pick("", "{}", "{"+g.matchers()+"}")
	duration := g.maybe(" for " + g.time())
	segment := func() string {
		return g.pick(g.number(), "-"+g.number(), g.number()+" to "+g.number(), g.number()+" at 3/s", "10/s", "1/m to 2/m", "nothing", "stale") + duration
	}
	switch g.IntN(6) {
	case 0:
		return "every " + g.time()
	case 1, 2:
		return series + " " + g.pick("is", "counts") + " " + g.list(func() string { return g.pick(segment(), "reset") })
	case 3:
		return "at " + g.time() + " rule " + series + " is firing"
	case 4:
		return "at " + g.time() + " route " + g.name() + " serves " + g.text()
	}
	return "at " + g.time() + " alert " + series + " is " + g.maybe("not ") + "sent"
}

// block writes clauses between braces, with comments everywhere they may stand.
func (g *generator) block(header string, clause func() string) {
	g.WriteString(header + g.pick(" {", "{", "\n{") + g.maybe(" # opening") + "\n")
	for range g.IntN(6) {
		g.WriteString(g.maybe("\n") + g.maybe("# before\n\n\n  # again\n") + g.pick("", "  ", "\t") + clause() + g.maybe(" # behind") + "\n")
	}
	g.WriteString(g.maybe("\n# closing\n\n") + "}" + g.maybe(" # after the block") + "\n")
}

func (g *generator) declaration() {
	g.WriteString(g.maybe("\n\n") + g.maybe("# leading\n") + g.maybe("\n# two\n\n"))
	switch g.IntN(8) {
	case 0:
		g.WriteString("use " + g.text() + g.maybe("#c") + "\n")
	case 1:
		g.WriteString("import " + g.text() + "\n")
	case 2:
		g.WriteString("alarms 1 per " + g.time() + "\n")
	case 3:
		where := g.matchers() + g.maybe(g.space(true)+"or "+g.matchers())
		where = g.maybe(" where " + g.pick(where, "{"+where+"}"))
		g.WriteString("metric " + g.name() + " = " + g.pick("gauge", "counter", "histogram") + " " + g.text() + g.maybe(" or "+g.text()) + where + g.maybe(" # c") + "\n")
	case 4:
		g.WriteString("let " + g.name() + " = " + g.expr(4, true) + g.maybe(" # c") + "\n")
	case 5:
		g.block("rule "+g.name()+" on "+g.list(g.label), g.ruleClause)
	case 6:
		g.block("route "+g.name(), g.routeClause)
	case 7:
		g.block("test "+g.text(), g.statement)
	}
}

// TestGeneratedRoundTrip prints and reads thousands of random files again.
func TestGeneratedRoundTrip(t *testing.T) {
	seed := rand.Uint64()
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	files := 1000
	if raceDetector || testing.Short() {
		files = 100
	}
	good := 0
	for range files {
		g.Reset()
		for range 1 + g.IntN(5) {
			g.declaration()
		}
		if _, errs := Parse("x.rules", g.String()); errs != nil {
			t.Logf("seed %d: %v\n%s", seed, errs, g.String())
			t.Fatal("a file without a mistake is not read")
		}
		good++
		checkRoundTrip(t, g.String())
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if good != files {
		t.Errorf("only %d of %d files were tried", good, files)
	}
}
