package rules

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/storage"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// Explanation is one instance with its conditions as trees of values.
type Explanation struct {
	Instance InstanceStatus
	// Clauses are the conditions that the rule has, in the order when, require, recover.
	Clauses []Clause
}

// Clause is one condition of a rule.
type Clause struct {
	// Name is when, require or recover.
	Name string          `json:"name"`
	Tree ExplanationNode `json:"tree"`
}

// ExplanationNode is one part of a condition with its value.
type ExplanationNode struct {
	// Text is the part as written, with lets written out; Value is its number in the unit in which the
	// rule writes it, or true, false or unknown.
	Text  string `json:"text"`
	Value string `json:"value"`
	// Samples is how many samples a window function rests on, or how many days a baseline.
	Samples int `json:"samples,omitempty"`
	// Detail is what the detector of shifted knows, a sentence.
	Detail string            `json:"detail,omitempty"`
	Parts  []ExplanationNode `json:"parts,omitempty"`
}

// Explain gives the chosen instances of one rule with every part of its conditions, as of their latest
// evaluation, and how many are chosen; ok is false where there is no such rule.
func (e *Engine) Explain(s Selection) (list []Explanation, chosen int, ok bool) {
	e.mu.Lock()
	r := e.force.ruleOf[s.Rule]
	e.mu.Unlock()
	if r == nil {
		return nil, 0, false
	}
	instances, chosen := e.choose(s)
	e.inTurns(instances, func(i *instance) {
		f, units := e.facts(i.subject), i.rule.units()
		made := Explanation{Instance: i.status(f)}
		for _, clause := range []struct {
			name string
			root *node
		}{{"when", i.rule.when}, {"require", i.rule.require}, {"recover", i.rule.recover}} {
			if clause.root != nil {
				made.Clauses = append(made.Clauses, Clause{clause.name, i.rule.explain(clause.root, f, units)})
			}
		}
		list = append(list, made)
	})
	return list, chosen, true
}

// explain gives the tree below a node; numbers as written need no explanation.
func (r *rule) explain(n *node, f *facts, units map[int]syntax.Unit) ExplanationNode {
	made := ExplanationNode{Text: n.text}
	if n.isCondition() {
		made.Value = n.truth(f).String()
	} else if v, known := n.value(f); known {
		made.Value = formatUnit(v, r.unit(n, units))
	} else {
		made.Value = Unknown.String()
	}
	switch n.kind {
	case nodeTerm:
		made.Samples = int(f.values[n.term].Samples)
	case nodeShifted:
		if made.Detail = "its past is still being read"; f.unlearned {
			break
		}
		made.Detail = n.shift.detail(f.detectors[n.detector].Report())
	case nodeBaseline:
		made.Samples = int(f.pasts[n.term].usual.Samples)
		return made // what is below it is about the past
	}
	for _, part := range []*node{n.x, n.y} {
		if part != nil && part.kind != nodeNumber {
			made.Parts = append(made.Parts, r.explain(part, f, units))
		}
	}
	return made
}

// String draws the tree.
func (x Explanation) String() string {
	var b strings.Builder
	s := x.Instance
	fmt.Fprintf(&b, "%s%s is %s", s.Rule.Name, s.Labels, s.State)
	if s.Unknown {
		b.WriteString(", and unknown")
	}
	if s.Held {
		b.WriteString(", held until its windows are covered")
	}
	fmt.Fprintf(&b, "\n  because %s\n", s.Reason)
	for _, clause := range x.Clauses {
		clause.Tree.draw(&b, clause.Name+" ", "  ", "  ")
	}
	return b.String()
}

// draw writes the node on a line that begins with first, and what is below it on lines that begin
// with rest.
func (n ExplanationNode) draw(b *strings.Builder, name, first, rest string) {
	fmt.Fprintf(b, "%s%s%s = %s", first, name, n.Text, n.Value)
	if n.Samples > 0 {
		fmt.Fprintf(b, "  (%d samples)", n.Samples)
	}
	if n.Detail != "" {
		fmt.Fprintf(b, ": %s", n.Detail)
	}
	b.WriteByte('\n')
	for i, part := range n.Parts {
		if i == len(n.Parts)-1 {
			part.draw(b, "", rest+"└─ ", rest+"   ")
		} else {
			part.draw(b, "", rest+"├─ ", rest+"│  ")
		}
	}
}

// ExplainAt gives what Explain would have given at a time in the past, from what a store has; the
// states of the instances are those of a fresh start.
func ExplainAt(ctx context.Context, p *Program, store storage.Queryable, s Selection, at time.Time) (list []Explanation, chosen int, err error) {
	if !slices.ContainsFunc(p.infos, func(i *RuleInfo) bool { return i.Name == s.Rule }) {
		return nil, 0, p.NoRule(s.Rule)
	}
	e := NewEngine(Options{Store: until{store, at.UnixMilli()}})
	if err := e.Load(ctx, p, nil, at); err != nil {
		return nil, 0, err
	}
	if err := e.Recall(ctx, at); err != nil {
		return nil, 0, err
	}
	list, chosen, _ = e.Explain(s)
	return list, chosen, nil
}

// NoRule is the error for a name that no rule of the program has. The program may be nil.
func (p *Program) NoRule(name string) error {
	if p == nil || len(p.infos) == 0 {
		return fmt.Errorf("there is no rule %q; there are no rules", name)
	}
	names := make([]string, len(p.infos))
	for i, info := range p.infos {
		names[i] = info.Name
	}
	hint := syntax.DidYouMean(name, slices.Values(names))
	if hint == "" {
		slices.Sort(names)
		hint = "the rules are " + strings.Join(names[:min(len(names), maxNamedRules)], ", ")
		if len(names) > maxNamedRules {
			hint += fmt.Sprintf(" and %d others", len(names)-maxNamedRules)
		}
	}
	return fmt.Errorf("there is no rule %q; %s", name, hint)
}

// maxNamedRules is how many rules an error names: a few lines.
const maxNamedRules = 20

// until hides what a store has after a time.
type until struct {
	store  storage.Queryable
	timeMS int64
}

func (u until) Querier(mint, maxt int64) (storage.Querier, error) {
	return u.store.Querier(mint, min(maxt, u.timeMS))
}
