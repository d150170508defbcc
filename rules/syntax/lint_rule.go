package syntax

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
	l.cost(r, when)
	l.requirement(when, r)
	body := l.body(r)
	if first, ok := l.bodies[body]; ok {
		l.warn(sameRule, r.Name.Span, []item{r}, "the other is at "+first.place(), "the rules %q and %q say the same", first.node.(*Rule).Name.Text, r.Name.Text)
	} else {
		l.bodies[body] = declared{l.file, r.Name.Span, r}
	}
}

// body is what a rule says, without its name, and with the names that it uses written out: two rules with
// the same body say the same.
func (l *linter) body(r *Rule) string {
	bare := *r
	bare.Name.Text = "x"
	bare.Clauses = make([]RuleClause, len(r.Clauses))
	for i, clause := range r.Clauses {
		switch c := clause.(type) {
		case *When:
			clause = &When{Condition: l.expand(c.Condition)}
		case *Require:
			clause = &Require{Condition: l.expand(c.Condition)}
		case *Recover:
			clause = &Recover{Condition: l.expand(c.Condition), For: c.For}
		}
		bare.Clauses[i] = clause
	}
	return FormatDeclaration(&bare)
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

// recovery reports a term that counts as good again while it is still bad.
func (l *linter) recovery(r *Rule, when *When, recover *Recover) {
	allBad := l.limits(when.Condition, false)
	for _, good := range l.limits(recover.Condition, false) {
		var bad *limit
		isApart := false
		for i, b := range allBad {
			if b.term != good.term {
				continue
			}
			if bad == nil {
				bad = &allBad[i]
			}
			isApart = isApart || b.excludes(good) || b.value == good.value && b.op != good.op
		}
		if bad != nil && !isApart {
			l.warn(recoversTooEarly, good.at, []item{recover, r}, "its limit should lie on the good side of the one at "+bad.at.Start.String(),
				"%s can be good again while it is still bad", good.term)
		}
	}
}

// requirement reports a require that contradicts the condition.
func (l *linter) requirement(when *When, r *Rule) {
	require := r.Require()
	if require == nil {
		return
	}
	for _, a := range l.limits(when.Condition, false) {
		for _, b := range l.limits(require.Condition, false) {
			if a.term == b.term && a.excludes(b) {
				l.warn(neverTrue, a.at, []item{when, r}, "", "this is never true together with what require asks for at %s", b.at.Start)
			}
		}
	}
}

// costlySamples is a tenth of what a load may keep for one instance of all rules unless it is told otherwise.
const costlySamples = 100_000

// cost reports a rule whose windows alone take a good part of the budget of the whole load.
func (l *linter) cost(r *Rule, when *When) {
	reach := map[string]float64{}
	for _, clause := range r.Clauses {
		switch clause := clause.(type) {
		case *When:
			l.reach(l.expand(clause.Condition), 0, reach)
		case *Require:
			l.reach(l.expand(clause.Condition), 0, reach)
		case *Recover:
			l.reach(l.expand(clause.Condition), 0, reach)
		}
	}
	total := 0.0
	for _, seconds := range reach {
		total += seconds
	}
	if total > costlySamples {
		l.warn(costlyRule, r.Name.Span, []item{when, r}, "shorten its windows", "one instance of %q keeps %.0f samples, at one a second", r.Name.Text, total)
	}
}

// reach notes how many seconds of each metric an expression looks back.
func (l *linter) reach(e Expr, lag float64, reach map[string]float64) {
	Walk(e, func(e Expr) bool {
		call, ok := e.(*Call)
		if !ok {
			return true
		}
		window := 0.0
		if n := len(call.Args); n > 0 {
			if number, ok := call.Args[n-1].(*Number); ok && number.Unit == Time {
				window = number.Value
			}
		}
		switch call.Function.Text {
		case "baseline":
			// Its past comes from what is stored, not from samples that are kept.
			return false
		case "ago":
			l.reach(call.Args[0], lag+window, reach)
			return false
		}
		for _, metric := range Metrics(call) {
			reach[metric.Name] = max(reach[metric.Name], lag+window)
		}
		return false
	})
}
