package rules

import "fmt"

// Coverage counts, for each condition of each rule, how often it was true, false and unknown. What a
// test never saw is not tested.
type Coverage map[ConditionID]*Outcomes

// ConditionID names a condition: the rule, and its clause when, require or recover.
type ConditionID struct{ Rule, Clause string }

// Outcomes are how often a condition had each value.
type Outcomes struct{ True, False, Unknown int }

// Missing lists the values that the condition never had.
func (o *Outcomes) Missing() (never []string) {
	for _, v := range []struct {
		count int
		name  string
	}{{o.True, "true"}, {o.False, "false"}, {o.Unknown, "unknown"}} {
		if v.count == 0 {
			never = append(never, v.name)
		}
	}
	return never
}

func (o *Outcomes) String() string {
	return fmt.Sprintf("true %d, false %d, unknown %d", o.True, o.False, o.Unknown)
}

// note counts one evaluation of a rule; on nil it does nothing.
func (c Coverage) note(r *rule, f *facts) {
	if c == nil {
		return
	}
	c.count(r, "when", r.when, f)
	c.count(r, "require", r.require, f)
	c.count(r, "recover", r.recover, f)
}

func (c Coverage) count(r *rule, clause string, condition *node, f *facts) {
	if condition == nil {
		return
	}
	id := ConditionID{r.info.Name, clause}
	if c[id] == nil {
		c[id] = &Outcomes{}
	}
	switch condition.truth(f) {
	case True:
		c[id].True++
	case False:
		c[id].False++
	default:
		c[id].Unknown++
	}
}

// expect enters all conditions of a program, so that those never evaluated show.
func (c Coverage) expect(p *Program) {
	for _, r := range p.rules {
		for clause, condition := range map[string]*node{"when": r.when, "require": r.require, "recover": r.recover} {
			if id := (ConditionID{r.info.Name, clause}); condition != nil && c[id] == nil {
				c[id] = &Outcomes{}
			}
		}
	}
}
