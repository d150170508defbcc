package syntax

import "fmt"

func (c *checker) rule(r *Rule) {
	c.distinct(namesOf(r.On), "label")
	seen := map[string]item{}
	keys := map[string]Span{}
	for _, clause := range r.Clauses {
		word := clauseWord(clause)
		if first, ok := seen[word]; ok && word != "label" && word != "annotation" {
			c.twice(clause, word, first)
		} else {
			seen[word] = clause
		}
		if clause.trivia().broken {
			continue
		}
		if key, ok := textKey(clause); ok {
			id := word + " " + key.Text
			if first, ok := keys[id]; ok {
				c.reportf(key.Span, fmt.Sprintf("first given at %s:%s", c.file.Name, first.Start), "the %s %q is given twice", word, key.Text)
			} else {
				keys[id] = key.Span
			}
		}
		c.ruleClause(r, clause)
	}
	if _, ok := seen["when"]; !ok && !r.broken {
		c.reportf(r.Name.Span, "add its condition, such as: when p95(latency, 1m) > 2s", "the rule %q has no when", r.Name.Text)
	}
}

// twice reports a clause that a block has already.
func (c *checker) twice(clause item, word string, first item) {
	hint := fmt.Sprintf("first given at %s:%s", c.file.Name, first.Range().Start)
	if word == "when" || word == "require" {
		hint += `; join conditions with "and" or "or"`
	}
	c.reportf(firstWord(clause, word), hint, "%s is given twice", word)
}

func textKey(clause RuleClause) (Name, bool) {
	switch clause := clause.(type) {
	case *LabelText:
		return clause.Key, clause.Key.Text != blank
	case *AnnotationText:
		return clause.Key, clause.Key.Text != blank
	}
	return Name{}, false
}

// clauseWord is the word with which a clause begins.
func clauseWord(clause item) string {
	switch clause.(type) {
	case *When:
		return "when"
	case *Require:
		return "require"
	case *For:
		return "for"
	case *Recover:
		return "recover"
	case *Missing:
		return "missing"
	case *Severity:
		return "severity"
	case *Summary:
		return "summary"
	case *LabelText:
		return "label"
	case *AnnotationText:
		return "annotation"
	case *Dedup:
		return "dedup"
	case *Because:
		return "because"
	case *Switch:
		return "switch"
	case *Notify:
		return "notify"
	case *Mode:
		return "mode"
	case *Models:
		return "models"
	case *Apply:
		return "apply"
	case *Guard:
		return "guard"
	case *Return:
		return "return"
	case *Shift:
		return "shift"
	case *Prefer:
		return "prefer"
	}
	return ""
}

func (c *checker) ruleClause(r *Rule, clause RuleClause) {
	switch clause := clause.(type) {
	case *When:
		c.condition(clause.Condition)
	case *Require:
		c.condition(clause.Condition)
	case *Recover:
		c.condition(clause.Condition)
	case *Missing:
		c.word(clause.Policy, "what silence may mean", "hold", "fire", "clear")
		switch policy := clause.Policy.Text; {
		case policy == "hold" && clause.After != nil:
			c.reportf(clause.After.Span, `"missing hold" takes no time`, "the state is held for as long as it takes")
		case (policy == "fire" || policy == "clear") && clause.After == nil:
			c.reportf(clause.Policy.Span, fmt.Sprintf("such as: missing %s after 1m", policy), "missing %s needs a time", policy)
		case clause.After != nil:
			c.positive(*clause.After)
		}
	case *Severity:
		c.word(clause.Level, "a severity", "info", "warning", "critical")
	case *Summary:
		c.template(r, clause.Text)
	case *LabelText:
		switch key := clause.Key.Text; {
		case key == "severity":
			c.reportf(clause.Key.Span, "write: severity critical", "the severity has a clause of its own")
		case !r.broken && r.hasLabel(key):
			c.reportf(clause.Key.Span, "choose another name", "the rule is declared on %q, which is a label of its alerts already", key)
		}
		c.template(r, clause.Text)
	case *AnnotationText:
		c.template(r, clause.Text)
	case *Dedup:
		c.distinct(namesOf(clause.By), "label")
		for _, label := range clause.By {
			if !r.hasLabel(label.Text) {
				c.notLabel(r, label)
			}
		}
	case *Because:
		c.distinct(clause.Rules, "rule")
		for _, cause := range clause.Rules {
			if cause.Text == r.Name.Text {
				c.reportf(cause.Span, "", "a rule cannot be a symptom of itself")
			} else {
				c.reference(cause, "rule", c.rules)
			}
		}
	case *Switch:
		c.distinct(clause.Routes, "route")
		for _, route := range clause.Routes {
			c.reference(route, "route", c.routes)
		}
		if !r.hasLabel("model") {
			c.reportf(firstWord(clause, "switch"), fmt.Sprintf("declare it: rule %s on model", r.Name.Text), `switch needs the label "model" to know which model is unfit`)
		}
	case *Notify:
		c.configured(clause.Receivers, "receiver")
	case *Mode:
		c.word(clause.Mode, "a mode", "shadow", "approve", "auto")
	}
}

// hasLabel reports whether the rule has a label; one whose first line could not be read has any.
func (r *Rule) hasLabel(label string) bool {
	if r.broken {
		return true
	}
	for _, on := range r.On {
		if on.Text == label || on.Text == blank {
			return true
		}
	}
	return false
}

func (c *checker) notLabel(r *Rule, label Label) {
	labels := make([]string, len(r.On))
	for i, on := range r.On {
		labels[i] = on.Text
	}
	hint := oneOf(label.Text, labels)
	c.reportf(label.Span, hint, "%q is not a label of the rule %q", label.Text, r.Name.Text)
}

// template looks at the expressions of a text: a bare name is a label of the instance, or a let.
func (c *checker) template(r *Rule, t Template) {
	for _, part := range t.Parts {
		ref, ok := part.Expr.(*Ref)
		if !ok {
			if part.Expr != nil {
				c.typeOf(part.Expr)
			}
			continue
		}
		if r.hasLabel(ref.Name) {
			continue
		}
		switch d := c.lookup(c.file, ref.Name).node.(type) {
		case *Let:
		case *Metric:
			c.notNumber(ref, d)
		default:
			c.notLabel(r, Label{ref.Span, ref.Name})
		}
	}
}

func (c *checker) configured(titles []Title, what string) {
	for _, t := range titles {
		if t.Text == "" {
			c.reportf(t.Span, "", "the name of a %s is empty", what)
		}
	}
	c.distinct(namesOf(titles), what)
}

// namesOf gives names that may stand in quotes as those that may not.
func namesOf[N Label | Title](quotable []N) []Name {
	names := make([]Name, len(quotable))
	for i, n := range quotable {
		names[i] = Name(n)
	}
	return names
}
