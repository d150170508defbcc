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
		call, ok := sides[0].(*Call)
		limit, isNumber := sides[1].(*Number)
		if !ok || !isNumber {
			continue
		}
		signature, ok := Function(call.Function.Text)
		if !ok || !signature.Share || limit.Value <= 1 && limit.Unit != Time && limit.Unit != Bytes {
			continue
		}
		hint := ""
		if limit.Unit == None && limit.Value <= 100 {
			hint = fmt.Sprintf("did you mean %q?", limit.Text+"%")
		}
		c.reportf(limit.Span, hint, "%s lies between 0%% and 100%%", call.Function.Text)
	}
}

func (c *checker) typeOfRef(e *Ref) valueType {
	found := c.names[e.Name]
	switch d := found.node.(type) {
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
		if e.Op.IsLogical() || e.Op.IsComparison() {
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

func (c *checker) typeOfCall(call *Call) valueType {
	signature, ok := Function(call.Function.Text)
	if !ok {
		hint := DidYouMean(call.Function.Text, functionNames())
		if meant, ok := functionSlips[call.Function.Text]; ok {
			hint = fmt.Sprintf("did you mean %q?", meant)
		}
		c.reportf(call.Function.Span, hint, "%q is not a function", call.Function.Text)
		for _, arg := range call.Args {
			if inner, ok := arg.(*Call); ok {
				c.typeOf(inner)
			}
		}
		return anyType
	}
	if len(call.Args) != len(signature.Args) {
		takes := "one argument"
		if n := len(signature.Args); n != 1 {
			takes = fmt.Sprintf("%d arguments", n)
		}
		c.reportf(call.Function.Span, "the form is: "+signature.Usage(), "%s takes %s, not %d", call.Function.Text, takes, len(call.Args))
	} else {
		for i, arg := range call.Args {
			c.argument(signature, signature.Args[i], arg)
		}
	}
	if signature.Boolean {
		return booleanType
	}
	return numberType
}

// functionSlips are PromQL's names for what has another name here.
var functionSlips = map[string]string{
	"avg_over_time": "avg", "sum_over_time": "sum", "min_over_time": "min", "max_over_time": "max", "count_over_time": "count",
	"stddev_over_time": "stddev", "last_over_time": "last", "deriv": "slope", "irate": "rate", "delta": "slope", "mean": "avg",
	"histogram_quantile": "quantile", "quantile_over_time": "quantile", "median": "p50", "p999": "quantile", "offset": "ago",
}

// argument reports an argument that does not fit.
func (c *checker) argument(signature *Signature, want Arg, arg Expr) {
	usage := "the form is: " + signature.Usage()
	number, isNumber := arg.(*Number)
	ref, isRef := arg.(*Ref)
	wrong := func(what string) {
		hint := usage
		switch arg := arg.(type) {
		case *Text:
			if isWord(arg.Value) && (want.Kind == MetricArg || want.Kind == SubjectArg || want.Kind == RuleArg || want.Kind == RouteArg) {
				hint = fmt.Sprintf("write %s without quotes", arg.Value)
			}
		case *Call:
			if want.Kind == MetricArg || want.Kind == SubjectArg {
				hint = "a function measures a metric, not the value of another function"
			}
		case *Number:
			if want.Kind == WindowArg && arg.Unit == None {
				hint = fmt.Sprintf("did you mean %q?", arg.Text+"s")
			}
		}
		c.reportf(arg.Range(), hint, "%s must stand here, not %s", what, describeExpr(arg))
	}
	switch want.Kind {
	case MetricArg:
		c.metricArgument(want, arg, wrong)
	case SubjectArg:
		if quotient, ok := arg.(*Binary); ok && quotient.Op == Divide {
			c.metricArgument(Arg{Metrics: Counter}, quotient.X, wrong)
			c.metricArgument(Arg{Metrics: Counter}, quotient.Y, wrong)
			return
		}
		c.metricArgument(want, arg, wrong)
	case WindowArg:
		if !isNumber || number.Unit != Time {
			wrong("a time such as 5m")
		} else if number.Nanos == 0 {
			c.reportf(number.Span, "", "this time must be above zero")
		}
	case ShareArg:
		if !isNumber || number.Unit != None && number.Unit != Percent {
			wrong("a share such as 99% or 0.99")
		} else if number.Value < 0 || number.Value > 1 {
			hint := ""
			if number.Unit == None && number.Value <= 100 {
				hint = fmt.Sprintf("did you mean %q?", number.Text+"%")
			}
			c.reportf(number.Span, hint, "a share lies between 0%% and 100%%")
		}
	case NumberArg:
		if negative, ok := arg.(*Unary); ok && negative.Op == Negate {
			_, isNumber = negative.X.(*Number)
		}
		if !isNumber {
			wrong("a written number")
		}
	case ExprArg:
		if _, isText := arg.(*Text); isText {
			wrong("an expression")
			return
		}
		c.number(arg)
	case DirectionArg:
		if !isRef || ref.Name != "up" && ref.Name != "down" {
			wrong("up or down")
		}
	case RuleArg, RouteArg:
		table, what := c.rules, "rule"
		if want.Kind == RouteArg {
			table, what = c.routes, "route"
		}
		if !isRef {
			wrong("the name of a " + what)
			return
		}
		c.reference(Name{ref.Span, ref.Name}, what, table)
	}
}

// metricArgument reports what is not the name of a metric, or a metric of another kind. Names that
// no file declares may be a catalogue's.
func (c *checker) metricArgument(want Arg, arg Expr, wrong func(what string)) {
	ref, ok := arg.(*Ref)
	if !ok {
		wrong("a metric")
		return
	}
	switch d := c.names[ref.Name].node.(type) {
	case *Let:
		c.reportf(ref.Span, "a function measures a metric; a let is already a value", "%q is a let, not a metric", ref.Name)
	case *Metric:
		kind, ok := metricKinds[d.Kind.Text]
		if ok && kind&want.Metrics == 0 && !d.trivia().broken {
			c.reportf(ref.Span, kindHint(kind, ref.Name), "%q is a %s, this needs a %s", ref.Name, kind, want.Metrics)
		}
	}
}

// kindHint says what can be asked of a metric of some kind.
func kindHint(kind MetricKind, name string) string {
	switch kind {
	case Counter:
		return fmt.Sprintf("of a counter ask rate(%s, 5m) or increase(%s, 5m)", name, name)
	case Gauge:
		return fmt.Sprintf("of a gauge ask avg(%s, 5m), max(%s, 5m) or last(%s, 5m)", name, name, name)
	}
	return fmt.Sprintf("of a histogram ask p95(%s, 5m), avg(%s, 5m) or above(%s, 2s, 5m)", name, name, name)
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
		if ref, ok := arg.(*Ref); ok && !slices.ContainsFunc(refs, func(r *Ref) bool { return r.Name == ref.Name }) {
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
