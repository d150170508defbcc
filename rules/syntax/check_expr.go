package syntax

import (
	"fmt"
	"slices"
)

// valueType is what an expression gives.
type valueType uint8

const (
	// anyType: not known, because of a mistake that was reported or is left to others.
	anyType valueType = iota
	numberType
	booleanType
)

// condition reports an expression that is not true or false.
func (c *checker) condition(e Expr) {
	if c.typeOf(e) == numberType {
		c.reportf(e.Range(), "compare it, such as: "+shorten(FormatExpr(e))+" > 2", "a condition is true or false, this is a number")
	}
}

func (c *checker) number(e Expr) {
	if c.typeOf(e) == booleanType {
		c.reportf(e.Range(), "", "a number must stand here, this is true or false")
	}
}

// typeOf reports the mistakes of an expression and returns what it gives.
func (c *checker) typeOf(e Expr) valueType {
	switch e := e.(type) {
	case *Number:
		if isBlank(e) {
			return anyType
		}
		return numberType
	case *Text:
		c.reportf(e.Span, "labels are selected where the metric is declared: metric … where", "a text is not a value")
		return anyType
	case *Ref:
		return c.typeOfRef(e)
	case *Call:
		return c.typeOfCall(e)
	case *Paren:
		return c.typeOf(e.X)
	case *Unary:
		if e.Op == Not {
			c.condition(e.X)
			return booleanType
		}
		c.number(e.X)
		return numberType
	case *Binary:
		if e.Op == anyOperator {
			c.typeOf(e.X)
			c.typeOf(e.Y)
			return anyType
		}
		if e.Op.IsLogical() {
			c.condition(e.X)
			c.condition(e.Y)
			return booleanType
		}
		c.number(e.X)
		c.number(e.Y)
		if e.Op.IsComparison() {
			c.shareCompared(e)
			return booleanType
		}
		if zero, ok := e.Y.(*Number); ok && zero.Value == 0 && (e.Op == Divide || e.Op == Modulo) {
			c.reportf(zero.Span, "", "this divides by zero")
		}
		return numberType
	}
	return anyType
}

// shareCompared reports a share compared with what no share can be.
func (c *checker) shareCompared(e *Binary) {
	for _, sides := range [][2]Expr{{e.X, e.Y}, {e.Y, e.X}} {
		limit, isNumber := sides[1].(*Number)
		if !isNumber || limit.Value <= 1 && limit.Unit != Time && limit.Unit != Bytes || !c.isShare(c.file, sides[0], 0) {
			continue
		}
		hint := ""
		if limit.Unit == None && limit.Value <= 100 {
			hint = fmt.Sprintf("did you mean %q?", limit.Text+"%")
		}
		c.reportf(limit.Span, hint, "%s lies between 0%% and 100%%", shorten(FormatExpr(sides[0])))
	}
}

// isShare reports whether an expression of a file is known to lie between 0 and 1: a function that gives
// shares, or the ratio of a part to its whole.
func (c *checker) isShare(f *File, e Expr, depth int) bool {
	switch e := e.(type) {
	case *Paren:
		return c.isShare(f, e.X, depth)
	case *Ref:
		found := c.names[e.Name]
		let, ok := found.node.(*Let)
		return ok && depth < maxDepth && c.isShare(found.file, let.Value, depth+1)
	case *Call:
		if signature, ok := Function(e.Function.Text); ok && signature.Share {
			return true
		}
		if e.Function.Text == "ratio" && len(e.Args) == 3 {
			return c.isPart(f, e.Args[0], e.Args[1])
		}
	}
	return false
}

// isPart reports whether the series of one metric are among those of another, by their declarations.
func (c *checker) isPart(f *File, part, whole Expr) bool {
	metric := func(e Expr) *Metric {
		if ref, ok := e.(*Ref); ok {
			m, _ := c.lookup(f, ref.Name).node.(*Metric)
			return m
		}
		return nil
	}
	p, w := metric(part), metric(whole)
	if p == nil || w == nil || p.broken || w.broken {
		return false
	}
	for _, source := range p.Sources {
		if !slices.ContainsFunc(w.Sources, func(s String) bool { return s.Value == source.Value }) {
			return false
		}
	}
	if len(w.Where) == 0 {
		return true
	}
	for _, selector := range p.Where {
		if !slices.ContainsFunc(w.Where, selector.isWithin) {
			return false
		}
	}
	return len(p.Where) > 0
}

// isWithin reports whether a selector has all the matchers of another.
func (s Selector) isWithin(other Selector) bool {
	for _, matcher := range other.Matchers {
		if !slices.ContainsFunc(s.Matchers, matcher.Same) {
			return false
		}
	}
	return true
}

// Same reports whether two matchers are written alike.
func (m Matcher) Same(other Matcher) bool {
	return m.Label.Text == other.Label.Text && m.Op == other.Op && m.Value.Value == other.Value.Value
}

// isBlank reports whether an expression was not written; Parse has said so.
func isBlank(e Expr) bool {
	switch e := e.(type) {
	case *Ref:
		return e.Name == blank
	case *Number:
		return e.Text == blank
	}
	return false
}

func (c *checker) typeOfRef(e *Ref) valueType {
	switch d := c.lookup(c.file, e.Name).node.(type) {
	case *Let:
		return quietType(d.Value, c.names, 0)
	case *Metric:
		c.notNumber(e, d)
		return anyType
	}
	switch {
	case c.rules[e.Name].node != nil:
		c.reportf(e.Span, fmt.Sprintf("write firing(%s)", e.Name), "%q is a rule, not a value", e.Name)
	case c.routes[e.Name].node != nil:
		c.reportf(e.Span, fmt.Sprintf("write serving(%s)", e.Name), "%q is a route, not a value", e.Name)
	}
	return anyType
}

// notNumber reports a metric where its value should be.
func (c *checker) notNumber(e *Ref, m *Metric) {
	form := map[string]string{"counter": "rate(%s, 1m)", "gauge": "avg(%s, 1m)", "histogram": "p95(%s, 1m)"}[m.Kind.Text]
	hint := ""
	if form != "" {
		hint = "say how it is measured, such as: " + fmt.Sprintf(form, e.Name)
	}
	c.reportf(e.Span, hint, "%q is a metric, not a value", e.Name)
}

// quietType is the type of an expression without reports: the mistakes of a let are reported where
// it is declared.
func quietType(e Expr, names map[string]declared, depth int) valueType {
	switch e := e.(type) {
	case *Number:
		return numberType
	case *Paren:
		return quietType(e.X, names, depth)
	case *Unary:
		if e.Op == Not {
			return booleanType
		}
		return numberType
	case *Binary:
		switch {
		case e.Op == anyOperator:
			return anyType
		case e.Op.IsLogical() || e.Op.IsComparison():
			return booleanType
		}
		return numberType
	case *Call:
		if signature, ok := Function(e.Function.Text); ok && signature.Boolean {
			return booleanType
		} else if ok {
			return numberType
		}
	case *Ref:
		if let, ok := names[e.Name].node.(*Let); ok && depth < maxDepth {
			return quietType(let.Value, names, depth+1)
		}
	}
	return anyType
}

func describeExpr(e Expr) string {
	switch e := e.(type) {
	case *Number:
		if e.Unit == Time {
			return "the time " + e.Text
		}
		return "the number " + e.Text
	case *Text:
		return "the text " + shorten(quote(e.Value))
	case *Ref:
		return fmt.Sprintf("%q", shorten(e.Name))
	case *Call:
		return "a call of " + shorten(e.Function.Text)
	}
	return "an expression"
}

// Metrics returns the names that stand as metrics in an expression, each once, in their order.
func Metrics(e Expr) (refs []*Ref) {
	add := func(arg Expr) {
		if ref, ok := arg.(*Ref); ok && ref.Name != blank && !slices.ContainsFunc(refs, func(r *Ref) bool { return r.Name == ref.Name }) {
			refs = append(refs, ref)
		}
	}
	Walk(e, func(e Expr) bool {
		call, ok := e.(*Call)
		if !ok {
			return true
		}
		signature, ok := Function(call.Function.Text)
		if !ok {
			return true
		}
		for i, arg := range call.Args {
			if i >= len(signature.Args) {
				break
			}
			switch signature.Args[i].Kind {
			case MetricArg:
				add(arg)
			case SubjectArg:
				if quotient, ok := arg.(*Binary); ok {
					add(quotient.X)
					add(quotient.Y)
				} else {
					add(arg)
				}
			}
		}
		return true
	})
	return refs
}
