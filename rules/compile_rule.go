package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/neuroweaver/heddle/rules/detect"
	"github.com/neuroweaver/heddle/rules/syntax"
)

var severities = map[string]Severity{"info": Info, "warning": Warning, "critical": Critical}

func (c *compiler) rule(f *syntax.File, d *syntax.Rule) *rule {
	r := &rule{info: info(f, d), policy: compilePolicy(d)}
	r.scope = c.scope(r.info.On)
	r.scope.rules = append(r.scope.rules, r)
	at := place{scope: r.scope, file: f}
	r.when = c.expression(at, d.When().Condition)
	if require := d.Require(); require != nil {
		r.require = c.expression(at, require.Condition)
	}
	if recover := d.Recover(); recover != nil {
		r.recover = c.expression(at, recover.Condition)
	}
	r.look()
	units := r.units()
	if summary := d.Summary(); summary != nil {
		r.summary = c.template(r, f, summary.Text, units)
	}
	for _, l := range d.Labels() {
		r.labels = append(r.labels, keyedTemplate{l.Key.Text, c.template(r, f, l.Text, units)})
	}
	for _, a := range d.Annotations() {
		r.annotations = append(r.annotations, keyedTemplate{a.Key.Text, c.template(r, f, a.Text, units)})
	}
	return r
}

// info is what the action layer has to know of a rule.
func info(f *syntax.File, d *syntax.Rule) *RuleInfo {
	text := syntax.FormatDeclaration(d)
	hash := sha256.Sum256([]byte(text))
	i := &RuleInfo{
		Name: d.Name.Text, Text: text, Hash: hex.EncodeToString(hash[:]),
		Position: fmt.Sprintf("%s:%d", f.Name, d.Start.Line),
		On:       texts(d.On), Severity: Warning,
	}
	if severity := d.Severity(); severity != nil {
		i.Severity = severities[severity.Level.Text]
	}
	if mode := d.Mode(); mode != nil {
		i.Mode = modes[mode.Mode.Text]
	}
	if dedup := d.Dedup(); dedup != nil {
		i.DedupBy = texts(dedup.By)
		if dedup.For != nil {
			i.DedupFor = dedup.For.Value()
		}
	}
	if because := d.Because(); because != nil {
		i.Because = texts(because.Rules)
	}
	if routes := d.Switch(); routes != nil {
		i.Switch = texts(routes.Routes)
	}
	if notify := d.Notify(); notify != nil {
		for _, receiver := range notify.Receivers {
			i.Notify = append(i.Notify, receiver.Text)
		}
	}
	return i
}

func texts[N syntax.Name | syntax.Label](names []N) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = syntax.Name(name).Text
	}
	return list
}

func compilePolicy(d *syntax.Rule) (p policy) {
	if hold := d.For(); hold != nil {
		if hold.Hold.Time != nil {
			p.hold = hold.Hold.Time.Value()
		} else {
			p.n, p.m = hold.Hold.N, hold.Hold.M
		}
	}
	p.recoverHold = p.hold
	if back := d.Recover(); back != nil {
		p.ownRecover, p.recoverHold = true, 0
		if back.For != nil {
			p.recoverHold = back.For.Value()
		}
	}
	if missing := d.Missing(); missing != nil && missing.Policy.Text != "hold" {
		p.missing = missingClear
		if missing.Policy.Text == "fire" {
			p.missing = missingFire
		}
		p.missingAfter = missing.After.Value()
	}
	return p
}

// look finds out which metrics the conditions need, which windows a fresh start waits for, and which
// other rules they ask for.
func (r *rule) look() {
	for _, root := range []*node{r.when, r.require, r.recover} {
		root.walk(func(n *node) {
			switch n.kind {
			case nodeTerm, nodeShifted:
				t := r.scope.terms[n.term]
				r.need(t.slot)
				if t.function == functionRatio || t.function == functionShifted && t.plan.Kind == detect.Share {
					r.need(t.divisor)
				}
			case nodeFiring:
				r.asks = append(r.asks, n.name)
			}
		})
	}
	required := map[int64]bool{} // widths for which the rule itself says how much is enough
	r.require.walk(func(n *node) {
		if n.kind == nodeTerm && r.scope.terms[n.term].function == functionCoverage {
			required[r.width(n.term)] = true
		}
	})
	groups := map[int64]int{}
	r.when.walk(func(n *node) {
		if n.kind != nodeTerm || !r.scope.terms[n.term].covers || required[r.width(n.term)] {
			return
		}
		group, ok := groups[r.width(n.term)]
		if !ok {
			group = len(r.waits)
			groups[r.width(n.term)] = group
			r.waits = append(r.waits, nil)
		}
		r.waits[group] = append(r.waits[group], n.term)
	})
}

func (r *rule) need(slot int) {
	if !slices.Contains(r.needs, slot) {
		r.needs = append(r.needs, slot)
	}
}

// width is the length of a term's window, in milliseconds.
func (r *rule) width(number int) int64 {
	t := r.scope.terms[number]
	return r.scope.metrics[t.slot].specs[t.spec].Width
}
