package syntax

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Warning is something in a rule file that is allowed and most likely not meant. It is silenced by a
// comment on the clause or declaration, or before the first declaration for the whole file:
//
//	# allow ratio-without-require
type Warning struct {
	// Name is what the comment has to name.
	Name string
	Error
}

// String gives the warning in the form of an error, with its name.
func (w Warning) String() string {
	marked := w.Error
	marked.Message = "warning: " + w.Message + " [" + w.Name + "]"
	return marked.Error()
}

// The names of the warnings.
const (
	ratioWithoutRequire = "ratio-without-require"
	neverTrue           = "never-true"
	alwaysTrue          = "always-true"
	recoversTooEarly    = "recovers-too-early"
	unusedName          = "unused-name"
	sameRule            = "same-rule"
)

// Lint looks for what is most likely not meant, in files in which Check finds no mistake.
func Lint(files []*File) []Warning {
	l := &linter{lets: map[string]*Let{}, used: map[string]bool{}, switched: map[string]bool{}, bodies: map[string]declared{}}
	for _, f := range files {
		for _, d := range f.Declarations {
			l.look(d)
		}
	}
	for _, f := range files {
		l.file = f
		for _, d := range f.Declarations {
			l.declaration(d)
		}
	}
	return l.warnings
}

type linter struct {
	file *File
	lets map[string]*Let
	// used are the metrics and lets that something asks for, switched the routes that a rule switches.
	used, switched map[string]bool
	// bodies are the rules by their clauses.
	bodies   map[string]declared
	warnings []Warning
}

// look notes what a declaration needs of others.
func (l *linter) look(d Declaration) {
	for e := range Expressions(d) {
		for _, name := range refs(e) {
			l.used[name] = true
		}
	}
	switch d := d.(type) {
	case *Let:
		l.lets[d.Name.Text] = d
	case *Rule:
		if routes := d.Switch(); routes != nil {
			for _, route := range routes.Routes {
				l.switched[route.Text] = true
			}
		}
	case *Test:
		for _, s := range d.Statements {
			if stimulus, ok := s.(*Stimulus); ok {
				l.used[stimulus.Metric.Text] = true
			}
		}
	}
}

// warn adds a warning unless a comment on one of the items, or at the top of the file, allows it.
func (l *linter) warn(name string, at Span, items []item, hint, format string, args ...any) {
	if len(l.file.Declarations) > 0 {
		items = append(slices.Clone(items), l.file.Declarations[0])
	}
	for _, i := range items {
		trivia := i.trivia()
		for _, comment := range append(slices.Clone(trivia.Leading), trivia.Trailing) {
			words := strings.Fields(strings.TrimLeft(comment, "# "))
			if len(words) > 1 && words[0] == "allow" && slices.ContainsFunc(words[1:], func(w string) bool { return strings.Trim(w, ",") == name }) {
				return
			}
		}
	}
	// A chain of `and` is seen once for each of its links.
	if slices.ContainsFunc(l.warnings, func(w Warning) bool { return w.Name == name && w.File == l.file.Name && w.Span == at }) {
		return
	}
	l.warnings = append(l.warnings, Warning{name, l.file.Error(at, fmt.Sprintf(format, args...), hint)})
}

func (l *linter) declaration(d Declaration) {
	switch d := d.(type) {
	case *Metric:
		if !l.used[d.Name.Text] {
			l.warn(unusedName, d.Name.Span, []item{d}, "", "nothing asks for the metric %q", d.Name.Text)
		}
	case *Let:
		if !l.used[d.Name.Text] {
			l.warn(unusedName, d.Name.Span, []item{d}, "", "nothing uses the let %q", d.Name.Text)
		}
		l.condition(d.Value, d)
	case *Route:
		if !l.switched[d.Name.Text] {
			l.warn(unusedName, d.Name.Span, []item{d}, "add to a rule: switch "+d.Name.Text, "no rule switches the route %q", d.Name.Text)
		}
	case *Rule:
		l.rule(d)
	}
}

func (l *linter) rule(r *Rule) {
	for _, clause := range r.Clauses {
		switch clause := clause.(type) {
		case *When:
			l.condition(clause.Condition, clause, r)
		case *Require:
			l.condition(clause.Condition, clause, r)
		case *Recover:
			l.condition(clause.Condition, clause, r)
		}
	}
	when, recover := r.When(), r.Recover()
	if when == nil {
		return
	}
	if ratio := l.firstRatio(when.Condition, 0); ratio != nil && r.Require() == nil {
		l.warn(ratioWithoutRequire, when.Condition.Range(), []item{when, r},
			"such as: require increase("+FormatExpr(ratio.Args[1])+", "+FormatExpr(ratio.Args[2])+") >= 30",
			"without require a single request decides over %s", FormatExpr(ratio))
	}
	if recover != nil {
		l.recovery(r, when, recover)
	}
	bare := *r
	bare.Name.Text = "x"
	body := FormatDeclaration(&bare)
	if first, ok := l.bodies[body]; ok {
		l.warn(sameRule, r.Name.Span, []item{r}, "the other is at "+first.place(), "the rules %q and %q say the same", first.node.(*Rule).Name.Text, r.Name.Text)
	} else {
		l.bodies[body] = declared{l.file, r.Name.Span, r}
	}
}

// firstRatio returns the first ratio in a condition, also through lets.
func (l *linter) firstRatio(e Expr, depth int) (found *Call) {
	if depth > maxDepth {
		return nil
	}
	Walk(e, func(e Expr) bool {
		switch e := e.(type) {
		case *Call:
			if e.Function.Text == "ratio" && len(e.Args) == 3 && found == nil {
				found = e
			}
		case *Ref:
			if let, ok := l.lets[e.Name]; ok && found == nil {
				found = l.firstRatio(let.Value, depth+1)
			}
		}
		return found == nil
	})
	return found
}

// limit is a comparison of a term with a written number: TERM op value.
type limit struct {
	term  string
	op    Op
	value float64
	at    Span
}

// limits are the comparisons that must all hold for a condition to be true.
func limits(e Expr) []limit {
	switch e := e.(type) {
	case *Paren:
		return limits(e.X)
	case *Binary:
		if e.Op == And {
			return append(limits(e.X), limits(e.Y)...)
		}
		if l, ok := limitOf(e); ok {
			return []limit{l}
		}
	}
	return nil
}

func limitOf(e *Binary) (limit, bool) {
	if !e.Op.IsComparison() {
		return limit{}, false
	}
	if value, ok := constant(e.Y); ok {
		return limit{FormatExpr(e.X), e.Op, value, e.Span}, true
	}
	if value, ok := constant(e.X); ok {
		turned := map[Op]Op{Greater: Less, GreaterEqual: LessEqual, Less: Greater, LessEqual: GreaterEqual, Equal: Equal, NotEqual: NotEqual}
		return limit{FormatExpr(e.Y), turned[e.Op], value, e.Span}, true
	}
	return limit{}, false
}

// constant is the value of a written number, perhaps with a sign or in parentheses.
func constant(e Expr) (float64, bool) {
	switch e := e.(type) {
	case *Number:
		return e.Value, true
	case *Paren:
		return constant(e.X)
	case *Unary:
		if e.Op == Negate {
			v, ok := constant(e.X)
			return -v, ok
		}
	}
	return 0, false
}

// compare applies a comparison.
func compare(x float64, op Op, y float64) bool {
	c := cmp.Compare(x, y)
	switch op {
	case Greater:
		return c > 0
	case GreaterEqual:
		return c >= 0
	case Less:
		return c < 0
	case LessEqual:
		return c <= 0
	case Equal:
		return c == 0
	}
	return c != 0
}

// condition looks for comparisons that are never or always true, in themselves or together.
func (l *linter) condition(e Expr, items ...item) {
	Walk(e, func(e Expr) bool {
		b, ok := e.(*Binary)
		if !ok {
			return true
		}
		if b.Op == And {
			l.contradiction(limits(b), items)
		}
		if b.Op.IsComparison() {
			l.comparison(b, items)
		}
		return true
	})
}

func (l *linter) comparison(b *Binary, items []item) {
	x, xIsConstant := constant(b.X)
	y, yIsConstant := constant(b.Y)
	if xIsConstant && yIsConstant {
		name, what := neverTrue, "never true"
		if compare(x, b.Op, y) {
			name, what = alwaysTrue, "always true"
		}
		l.warn(name, b.Span, items, "", "this is %s", what)
		return
	}
	limit, ok := limitOf(b)
	call, isCall := b.X.(*Call)
	if yIsConstant = ok && yIsConstant && isCall; !yIsConstant {
		return
	}
	least, most := bounds(call.Function.Text)
	if least > most {
		return
	}
	atLeast, atMost := compare(least, limit.op, limit.value), compare(most, limit.op, limit.value)
	switch {
	case limit.op == Equal || limit.op == NotEqual || atLeast != atMost:
	case atLeast:
		l.warn(alwaysTrue, b.Span, items, "", "this is always true: %s is never below %s", call.Function.Text, number(least))
	default:
		l.warn(neverTrue, b.Span, items, "", "this is never true: %s lies between %s and %s", call.Function.Text, number(least), number(most))
	}
}

// bounds are the least and the most that a function can give; least > most where it has none.
func bounds(function string) (least, most float64) {
	const endless = 1e300
	if signature, ok := Function(function); ok && signature.Share {
		return 0, 1
	}
	switch function {
	case "count", "age", "rate", "increase", "stddev":
		return 0, endless
	}
	return 1, 0
}

func number(v float64) string {
	if v >= 1e300 {
		return "without end"
	}
	return fmt.Sprint(v)
}

// contradiction reports two limits on one term that exclude each other.
func (l *linter) contradiction(all []limit, items []item) {
	isLower := func(op Op) bool { return op == Greater || op == GreaterEqual }
	isUpper := func(op Op) bool { return op == Less || op == LessEqual }
	for i, a := range all {
		for _, b := range all[:i] {
			lower, upper := a, b
			if isLower(b.op) {
				lower, upper = b, a
			}
			if a.term != b.term || !isLower(lower.op) || !isUpper(upper.op) {
				continue
			}
			if lower.value > upper.value || lower.value == upper.value && (lower.op == Greater || upper.op == Less) {
				l.warn(neverTrue, a.at, items, "", "this is never true together with the limit at %s", b.at.Start)
			}
		}
	}
}

// recovery reports a term that counts as good again while it is still bad.
func (l *linter) recovery(r *Rule, when *When, recover *Recover) {
	for _, bad := range limits(when.Condition) {
		for _, good := range limits(recover.Condition) {
			if bad.term != good.term {
				continue
			}
			above := (bad.op == Greater || bad.op == GreaterEqual) && (good.op == Less || good.op == LessEqual) && good.value > bad.value
			below := (bad.op == Less || bad.op == LessEqual) && (good.op == Greater || good.op == GreaterEqual) && good.value < bad.value
			if above || below {
				l.warn(recoversTooEarly, good.at, []item{recover, r}, "its limit should lie on the good side of the one at "+bad.at.Start.String(),
					"%s can be good again while it is still bad", good.term)
			}
		}
	}
}
