package rules

import (
	"fmt"
	"time"

	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/rules/window"
)

// cost adds up what one instance of every rule needs.
func (c *compiler) cost() (total Cost) {
	for _, m := range c.program.metrics {
		total.Samples += samplesKept(m.specs)
	}
	for _, s := range c.program.scopes {
		total.Samples += len(s.shifts) * samplesOfDetector
		for _, b := range s.baselines {
			total.Samples += int(b.marks()) / 2 // of 8 bytes
		}
	}
	for _, r := range c.program.rules {
		total.Steps += r.steps()
	}
	return total
}

// samplesOfDetector is how many samples take the memory of the largest detector, one of a histogram with as
// many bounds as there may be: 6 kB.
const samplesOfDetector = 400

// samplesKept is how many samples a series keeps for its windows at one sample a second, where those that
// are packed count by the memory they take at worst.
func samplesKept(specs []window.Spec) int { return (&window.Plan{Specs: specs}).Weight(time.Second) }

func (r *rule) steps() (n int) {
	for _, root := range []*node{r.when, r.require, r.recover} {
		root.walk(func(*node) { n++ })
	}
	return n
}

// overBudget refuses a load that needs more than the budget, at the rule that passes it.
func (c *compiler) overBudget(budget int) syntax.Errors {
	if c.program.cost.Samples <= budget {
		return nil
	}
	worst, most := (*rule)(nil), -1
	for _, r := range c.program.rules {
		for _, slot := range r.needs {
			if n := samplesKept(r.scope.metrics[slot].specs); n > most {
				worst, most = r, n
			}
		}
	}
	for f, d := range c.declarations() {
		if rule, ok := d.(*syntax.Rule); ok && worst != nil && rule.Name.Text == worst.info.Name {
			return syntax.Errors{f.Error(rule.Name.Span,
				fmt.Sprintf("the windows of one instance of all rules keep %d samples, more than the budget of %d", c.program.cost.Samples, budget),
				fmt.Sprintf("shorten the windows of %q, which alone keep %d, or raise the budget", worst.info.Name, most))}
		}
	}
	return nil
}
