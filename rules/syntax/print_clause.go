package syntax

import "strconv"

// clause prints the first word of a clause, lined up, and what follows.
func (p *printer) clause(c item, keyword, rest string) {
	p.comments(indentation, c.trivia().Leading)
	p.line(indentation+pad(keyword, keywordWidth)+" "+rest, c.trivia().Trailing)
}

// condition prints a clause that ends in a condition and perhaps a hold.
func (p *printer) condition(c item, keyword string, condition Expr, hold string) {
	p.comments(indentation, c.trivia().Leading)
	p.expression(indentation+pad(keyword, keywordWidth)+" ", condition, c.trivia().Trailing)
	p.lines[len(p.lines)-1].text += hold
}

func (p *printer) ruleClause(c RuleClause) {
	switch c := c.(type) {
	case *When:
		p.condition(c, "when", c.Condition, "")
	case *Require:
		p.condition(c, "require", c.Condition, "")
	case *For:
		p.clause(c, "for", formatHold(c.Hold))
	case *Recover:
		p.condition(c, "recover", c.Condition, formatOptional(" for ", c.For))
	case *Missing:
		p.clause(c, "missing", c.Policy.Text+formatOptional(" after ", c.After))
	case *Severity:
		p.clause(c, "severity", c.Level.Text)
	case *Summary:
		p.clause(c, "summary", formatTemplate(c.Text))
	case *LabelText:
		p.clause(c, "label", c.Key.Text+" "+formatTemplate(c.Text))
	case *AnnotationText:
		p.clause(c, "annotation", c.Key.Text+" "+formatTemplate(c.Text))
	case *Dedup:
		p.clause(c, "dedup", "by "+joinQuotable(c.By)+formatOptional(" for ", c.For))
	case *Because:
		p.clause(c, "because", joinNames(c.Rules))
	case *Switch:
		p.clause(c, "switch", joinNames(c.Routes))
	case *Notify:
		p.clause(c, "notify", joinQuotable(c.Receivers))
	case *Mode:
		p.clause(c, "mode", c.Mode.Text)
	}
}

func (p *printer) routeClause(c RouteClause) {
	switch c := c.(type) {
	case *Models:
		texts := make([]string, len(c.Names))
		for i, n := range c.Names {
			texts[i] = quote(n.Value)
		}
		p.clause(c, "models", join(texts))
	case *Apply:
		p.clause(c, "apply", joinQuotable(c.Connectors))
	case *Guard:
		texts := make([]string, len(c.Parts))
		for i, part := range c.Parts {
			if part.Dwell != nil {
				texts[i] = "dwell " + part.Dwell.Text
			} else {
				texts[i] = "max " + part.Max.Text + " per " + part.Per.Text
			}
		}
		p.clause(c, "guard", join(texts))
	case *Return:
		texts := make([]string, len(c.Parts))
		for i, part := range c.Parts {
			switch {
			case part.Never:
				texts[i] = "never"
			case part.After != nil:
				texts[i] = "after " + part.After.Text
			case part.Probe != nil:
				texts[i] = "probe " + part.Probe.Pass.Text + " of " + part.Probe.Tries.Text
			}
		}
		p.clause(c, "return", join(texts))
	case *Shift:
		texts := make([]string, len(c.Steps))
		for i, step := range c.Steps {
			texts[i] = step.Text
		}
		p.clause(c, "shift", join(texts)+" every "+c.Every.Text)
	case *Prefer:
		p.clause(c, "prefer", c.By.Text)
	case *Mode:
		p.clause(c, "mode", c.Mode.Text)
	}
}

func formatOptional(before string, d *Duration) string {
	if d == nil {
		return ""
	}
	return before + d.Text
}

func formatHold(h Hold) string {
	if h.Time != nil {
		return h.Time.Text
	}
	return strconv.Itoa(h.N) + " of " + strconv.Itoa(h.M)
}

// isWord reports whether a name can be written without quotes.
func isWord(text string) bool {
	tokens := tokenize(text)
	return len(tokens) == 2 && tokens[0].Type == identToken && tokens[0].Value == text && isPlain(text) && !reserved[text]
}
