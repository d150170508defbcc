package syntax

func (c *checker) route(r *Route) {
	seen := map[string]item{}
	for _, clause := range r.Clauses {
		word := clauseWord(clause)
		if first, ok := seen[word]; ok {
			c.twice(clause, word, first)
		} else {
			seen[word] = clause
		}
		if !clause.trivia().broken {
			c.routeClause(clause)
		}
	}
	if _, ok := seen["models"]; !ok && !r.broken {
		c.reportf(r.Name.Span, `add them in order of preference: models "FIRST", "SECOND"`, "the route %q has no models", r.Name.Text)
	}
}

func (c *checker) routeClause(clause RouteClause) {
	switch clause := clause.(type) {
	case *Models:
		names := make([]Name, len(clause.Names))
		for i, n := range clause.Names {
			names[i] = Name{n.Span, n.Value}
			if n.Value == "" {
				c.reportf(n.Span, "", "the name of a model is empty")
			}
		}
		c.distinct(names, "model")
	case *Apply:
		c.configured(clause.Connectors, "connector")
	case *Guard:
		c.guard(clause)
	case *Return:
		c.returning(clause)
	case *Shift:
		c.shift(clause)
	case *Prefer:
		c.word(clause.By, "a score", "health", "latency", "error", "cost", "capacity")
	case *Mode:
		c.word(clause.Mode, "a mode", "shadow", "approve", "auto")
	}
}

func (c *checker) guard(g *Guard) {
	dwells, maxima := 0, 0
	for _, part := range g.Parts {
		if part.Dwell != nil {
			if dwells++; dwells > 1 {
				c.reportf(part.Dwell.Span, "", "dwell is given twice")
			}
			continue
		}
		if maxima++; maxima > 1 {
			c.reportf(part.Max.Span, "", "max is given twice")
		}
		c.wholeFrom(*part.Max, 1)
		c.positive(*part.Per)
	}
}

func (c *checker) returning(r *Return) {
	afters, probes := 0, 0
	for _, part := range r.Parts {
		switch {
		case part.Never && len(r.Parts) > 1:
			c.reportf(firstWord(r, "return"), `"return never" stands alone`, "return never contradicts the rest")
		case part.After != nil:
			if afters++; afters > 1 {
				c.reportf(part.After.Span, "", "after is given twice")
			}
		case part.Probe != nil:
			if probes++; probes > 1 {
				c.reportf(part.Probe.Pass.Span, "", "probe is given twice")
			}
			pass, tries := part.Probe.Pass, part.Probe.Tries
			if c.wholeFrom(pass, 1) && c.wholeFrom(tries, 1) && pass.Value > tries.Value {
				c.reportf(Span{pass.Start, tries.End}, "", "more probes must pass than are made")
			}
		}
	}
}

func (c *checker) shift(s *Shift) {
	last := 0.0
	for _, step := range s.Steps {
		switch {
		case step.Text == blank:
			continue
		case step.Unit != Percent:
			hint := ""
			if step.Unit == None && step.Value > 1 {
				hint = "did you mean \"" + step.Text + "%\"?"
			}
			c.reportf(step.Span, hint, "a step is a percentage of the traffic")
		case step.Value <= 0 || step.Value > 1:
			c.reportf(step.Span, "", "a step lies above 0%% and at or below 100%%")
		case step.Value <= last:
			c.reportf(step.Span, "", "each step must be larger than the one before")
		}
		last = step.Value
	}
	if end := s.Steps[len(s.Steps)-1]; end.Unit == Percent && end.Value < 1 {
		c.reportf(end.Span, "add 100%", "the last step must be 100%%")
	}
	c.positive(s.Every)
}
