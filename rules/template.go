package rules

import (
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// template is a text of a rule with expressions to fill in.
type template struct{ parts []templatePart }

// templatePart is a literal, a label, or an expression with the unit in which people read it.
type templatePart struct {
	literal string
	label   string
	node    *node
	unit    syntax.Unit
}

type keyedTemplate struct {
	key      string
	template *template
}

// template compiles a text of a file; units are those in which the rule writes its terms.
func (c *compiler) template(r *rule, f *syntax.File, t syntax.Template, units map[int]syntax.Unit) *template {
	made := &template{}
	for _, part := range t.Parts {
		ref, isRef := part.Expr.(*syntax.Ref)
		switch {
		case part.Expr == nil:
			made.parts = append(made.parts, templatePart{literal: part.Literal})
		case isRef && c.lets[ref.Name].Let == nil:
			made.parts = append(made.parts, templatePart{label: ref.Name})
		default:
			n := c.expression(place{scope: r.scope, file: f}, part.Expr)
			made.parts = append(made.parts, templatePart{node: n, unit: r.unit(n, units)})
		}
	}
	return made
}

// fill writes the text for an instance.
func (t *template) fill(f *facts, instance labels.Labels) string {
	if t == nil {
		return ""
	}
	var b strings.Builder
	for _, part := range t.parts {
		switch {
		case part.label != "":
			b.WriteString(instance.Get(part.label))
		case part.node == nil:
			b.WriteString(part.literal)
		case part.node.isCondition():
			b.WriteString(part.node.truth(f).String())
		default:
			if v, known := part.node.value(f); known {
				b.WriteString(formatUnit(v, part.unit))
			} else {
				b.WriteString("unknown")
			}
		}
	}
	return b.String()
}

// units is in which unit the rule writes what it compares each of its terms with.
func (r *rule) units() map[int]syntax.Unit {
	units := map[int]syntax.Unit{}
	for _, root := range []*node{r.when, r.require, r.recover} {
		root.walk(func(n *node) {
			if n.kind != nodeCompare {
				return
			}
			for _, sides := range [][2]*node{{n.x, n.y}, {n.y, n.x}} {
				if sides[0].kind == nodeTerm && sides[1].kind == nodeNumber {
					units[sides[0].term] = sides[1].unit
				}
			}
		})
	}
	return units
}

// unit is the unit of a whole expression: that of its only term; shares are percentages.
func (r *rule) unit(n *node, units map[int]syntax.Unit) syntax.Unit {
	if n.kind != nodeTerm {
		return n.unit
	}
	if unit, ok := units[n.term]; ok {
		return unit
	}
	switch r.scope.terms[n.term].function {
	case functionRatio, functionAbove, functionCoverage:
		return syntax.Percent
	case functionAge:
		return syntax.Time
	}
	return syntax.None
}
