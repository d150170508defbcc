package syntax

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxExpandedNodes bounds what a condition becomes when its lets are written out: lets that use
// each other twice would otherwise double at each step.
const maxExpandedNodes = 10_000

// maxLoadNodes bounds the conditions of a load together, at some 350 bytes each: ten thousand rules of usual
// size have half of it.
const maxLoadNodes = 500_000

// cycles reports lets that need themselves, rules whose firing depends on themselves, and causes
// that are their own symptoms.
func (c *checker) cycles() {
	lets := graph{what: "let %q needs itself", nodes: map[string]declared{}, edges: map[string][]string{}}
	for name, d := range c.names {
		if let, ok := d.node.(*Let); ok && !let.trivia().broken {
			lets.nodes[name] = d
			lets.edges[name] = refs(let.Value)
		}
	}
	lets.report(c)
	c.expansion(lets)

	firing := graph{what: "whether rule %q fires depends on itself", nodes: c.rules, edges: map[string][]string{}}
	because := graph{what: "rule %q is a symptom of itself", nodes: c.rules, edges: map[string][]string{}}
	for name, d := range c.rules {
		rule := d.node.(*Rule)
		for _, clause := range rule.Clauses {
			if clause.trivia().broken {
				continue
			}
			switch clause := clause.(type) {
			case *When:
				firing.edges[name] = append(firing.edges[name], c.firingRefs(clause.Condition, lets, map[string]bool{})...)
			case *Require:
				firing.edges[name] = append(firing.edges[name], c.firingRefs(clause.Condition, lets, map[string]bool{})...)
			case *Recover:
				firing.edges[name] = append(firing.edges[name], c.firingRefs(clause.Condition, lets, map[string]bool{})...)
			case *Because:
				for _, cause := range clause.Rules {
					if cause.Text != name {
						because.edges[name] = append(because.edges[name], cause.Text)
					}
				}
			}
		}
	}
	firing.report(c)
	because.report(c)
}

// refs returns the bare names in an expression.
func refs(e Expr) (names []string) {
	Walk(e, func(e Expr) bool {
		if ref, ok := e.(*Ref); ok {
			names = append(names, ref.Name)
		}
		return true
	})
	return names
}

// firingRefs returns the rules that an expression asks about, also through lets.
func (c *checker) firingRefs(e Expr, lets graph, seen map[string]bool) (rules []string) {
	Walk(e, func(e Expr) bool {
		switch e := e.(type) {
		case *Call:
			if e.Function.Text == "firing" && len(e.Args) == 1 {
				if ref, ok := e.Args[0].(*Ref); ok {
					rules = append(rules, ref.Name)
				}
				return false
			}
		case *Ref:
			if d, ok := lets.nodes[e.Name]; ok && !seen[e.Name] {
				seen[e.Name] = true
				rules = append(rules, c.firingRefs(d.node.(*Let).Value, lets, seen)...)
			}
		}
		return true
	})
	return rules
}

// graph is who needs whom among declarations.
type graph struct {
	// what is the message, with a place for the name.
	what  string
	nodes map[string]declared
	edges map[string][]string
}

// order returns the names in the order of their declaration.
func (g graph) order() []string {
	return slices.SortedFunc(maps.Keys(g.nodes), func(a, b string) int {
		x, y := g.nodes[a], g.nodes[b]
		switch {
		case x.file != y.file:
			return strings.Compare(x.file.Name, y.file.Name)
		case x.at.Start.Before(y.at.Start):
			return -1
		}
		return 1
	})
}

// report reports one cycle through each name that begins one, at that name.
func (g graph) report(c *checker) {
	const unseen, open, done = 0, 1, 2
	state := map[string]int{}
	reported := map[string]bool{}
	var path []string
	var visit func(name string)
	visit = func(name string) {
		state[name] = open
		path = append(path, name)
		for _, next := range g.edges[name] {
			if _, ok := g.nodes[next]; !ok {
				continue
			}
			switch state[next] {
			case unseen:
				visit(next)
			case open:
				if reported[next] {
					continue
				}
				reported[next] = true
				g.reportCycle(c, path[slices.Index(path, next):])
			}
		}
		path = path[:len(path)-1]
		state[name] = done
	}
	for _, name := range g.order() {
		if state[name] == unseen {
			visit(name)
		}
	}
}

func (g graph) reportCycle(c *checker, cycle []string) {
	const shown = 8
	d := g.nodes[cycle[0]]
	names := cycle
	if len(names) > shown {
		names = append(slices.Clone(names[:shown]), "…")
	}
	c.file = d.file
	c.reportf(d.at, strings.Join(append(slices.Clone(names), cycle[0]), " → "), g.what, cycle[0])
}

// expansion reports lets that grow too large when written out.
func (c *checker) expansion(lets graph) {
	sizes := map[string]int{}
	var size func(e Expr) int
	size = func(e Expr) int {
		total := 0
		Walk(e, func(e Expr) bool {
			total++
			if ref, ok := e.(*Ref); ok {
				if d, ok := lets.nodes[ref.Name]; ok {
					known, seen := sizes[ref.Name]
					if !seen {
						// A cycle was reported already; it counts as one node here.
						sizes[ref.Name] = 1
						known = size(d.node.(*Let).Value)
						sizes[ref.Name] = known
					}
					total += known
				}
			}
			total = min(total, maxExpandedNodes+1)
			return true
		})
		return total
	}
	for _, name := range lets.order() {
		d := lets.nodes[name]
		let := d.node.(*Let)
		if size(let.Value) <= maxExpandedNodes {
			continue
		}
		c.file = d.file
		c.reportf(d.at, fmt.Sprintf("at most %d parts; lets that use lets multiply", maxExpandedNodes), "the let %q is too large when written out", name)
		// One report is enough: what uses it is too large for the same reason.
		return
	}
	c.expandedConditions(size)
}

// expandedConditions reports a condition that is too large when its lets are written out, and the rule at
// which all of a load together are.
func (c *checker) expandedConditions(size func(Expr) int) {
	total := 0
	for _, name := range (graph{nodes: c.rules}).order() {
		d := c.rules[name]
		c.file = d.file
		for _, clause := range d.node.(*Rule).Clauses {
			for _, e := range clauseExpressions(clause) {
				n := size(e)
				if total += n; n > maxExpandedNodes {
					c.reportf(d.at, fmt.Sprintf("at most %d parts; lets that use lets multiply", maxExpandedNodes), "a condition of the rule %q is too large when written out", name)
					return
				}
			}
		}
		if total > maxLoadNodes {
			c.reportf(d.at, "lets that use lets multiply", "the conditions up to the rule %q have more than %d parts together when written out", name, maxLoadNodes)
			return
		}
	}
}
