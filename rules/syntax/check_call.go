package syntax

import (
	"fmt"
	"strings"
	"time"
)

// typeOfCall reports the mistakes of a call and its arguments.
func (c *checker) typeOfCall(call *Call) valueType {
	signature, ok := Function(call.Function.Text)
	if !ok {
		hint := DidYouMean(call.Function.Text, functionNames())
		if meant, ok := functionSlips[call.Function.Text]; ok {
			hint = fmt.Sprintf("did you mean %q?", meant)
		} else if advice, ok := functionAdvice[call.Function.Text]; ok {
			hint = advice
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
		hint := "the form is: " + signature.Usage()
		if len(call.Args) == 1 && (signature.Args[0].Kind == MetricArg) {
			if inner, ok := call.Args[0].(*Call); ok {
				c.typeOf(inner)
				hint += "; the series of an instance are joined already"
			}
		}
		c.reportf(call.Function.Span, hint, "%s takes %s, not %d", call.Function.Text, takes, len(call.Args))
	} else {
		for i, arg := range call.Args {
			c.argument(signature, signature.Args[i], arg)
		}
	}
	if call.Function.Text == "baseline" && len(call.Args) == len(signature.Args) {
		c.baseline(call)
	}
	if call.Function.Text == "shifted" && len(call.Args) == len(signature.Args) {
		c.tolerance(call)
	}
	if signature.Boolean {
		return booleanType
	}
	return numberType
}

// maxBaselineDays bounds how often a baseline evaluates its expression, once for each day.
const maxBaselineDays = 90

// baseline reports a baseline whose cost would multiply.
func (c *checker) baseline(call *Call) {
	if days, ok := call.Args[1].(*Number); ok && days.Unit == Time && (days.Value < 86400 || days.Value > maxBaselineDays*86400) {
		c.reportf(days.Span, "", "a baseline looks back from 1d to %dd", maxBaselineDays)
	}
	if c.asks(call.Args[0], "baseline", map[string]bool{}) {
		c.reportf(call.Args[0].Range(), "use ago inside, or compare the two baselines", "a baseline of a baseline is not possible")
	}
}

// tolerance reports a move that cannot be, or cannot be tolerated.
func (c *checker) tolerance(call *Call) {
	if _, negative := call.Args[2].(*Unary); negative {
		c.reportf(call.Args[2].Range(), "the direction says which way: up or down", "the move that is tolerated is not below zero")
		return
	}
	x, isNumber := call.Args[2].(*Number)
	if !isNumber {
		return
	}
	if _, isShare := call.Args[0].(*Binary); isShare && x.Value >= 1 {
		c.reportf(x.Span, "such as 2%, from 0.5% to 2.5%", "a share never moves by so much")
	}
	if direction, ok := call.Args[1].(*Ref); ok && direction.Name == "down" && x.Unit == Percent && x.Value >= 1 {
		c.reportf(x.Span, "", "nothing falls by so much")
	}
}

// asks reports whether an expression calls a function, also through lets.
func (c *checker) asks(e Expr, function string, seen map[string]bool) (found bool) {
	Walk(e, func(e Expr) bool {
		switch e := e.(type) {
		case *Call:
			found = found || e.Function.Text == function
		case *Ref:
			if let, ok := c.names[e.Name].node.(*Let); ok && !seen[e.Name] {
				seen[e.Name] = true
				found = found || c.asks(let.Value, function, seen)
			}
		}
		return !found
	})
	return found
}

// functionSlips are PromQL's names for what has another name here.
var functionSlips = map[string]string{
	"avg_over_time": "avg", "sum_over_time": "sum", "min_over_time": "min", "max_over_time": "max", "count_over_time": "count",
	"stddev_over_time": "stddev", "last_over_time": "last", "deriv": "slope", "irate": "rate", "delta": "slope", "mean": "avg",
	"histogram_quantile": "quantile", "quantile_over_time": "quantile", "median": "p50", "p999": "quantile", "offset": "ago",
}

// functionAdvice says what to do instead of some of PromQL's functions.
var functionAdvice = map[string]string{
	"absent": "write: missing fire after 1m", "absent_over_time": "write: missing fire after 1m", "predict_linear": "compare slope(m, w)",
	"time": "ask age(m) for the time since the last sample", "timestamp": "ask age(m) for the time since the last sample",
	"abs": "compare both sides: x > 5 or x < -5", "topk": "a rule looks at each instance for itself", "bottomk": "a rule looks at each instance for itself",
	"changes": "compare stddev(m, w) with 0", "resets": "a reset is taken out of rate and increase",
}

// argument reports an argument that does not fit.
func (c *checker) argument(signature *Signature, want Arg, arg Expr) {
	if isBlank(arg) {
		return
	}
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
			} else if minutes, ok := strings.CutSuffix(arg.Text, "M"); ok && want.Kind == WindowArg {
				hint = fmt.Sprintf("did you mean %q?", minutes+"m")
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
		switch {
		case isNegative(arg):
			c.reportf(arg.Range(), "", "this time must be above zero")
		case !isNumber || number.Unit != Time:
			wrong("a time such as 5m")
		case number.Nanos == 0:
			c.reportf(number.Span, "", "this time must be above zero")
		case number.Nanos < int64(time.Millisecond):
			c.reportf(number.Span, "", "the shortest time is 1ms")
		}
	case ShareArg:
		switch {
		case isNegative(arg):
			c.reportf(arg.Range(), "", "a share lies between 0%% and 100%%")
		case !isNumber || number.Unit != None && number.Unit != Percent:
			wrong("a share such as 99% or 0.99")
		case number.Value > 1:
			hint := ""
			if number.Unit == None && number.Value <= 100 {
				hint = fmt.Sprintf("did you mean %q?", number.Text+"%")
			}
			c.reportf(number.Span, hint, "a share lies between 0%% and 100%%")
		}
	case NumberArg:
		if !isNumber && !isNegative(arg) {
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

// isNegative reports a written number with a sign.
func isNegative(e Expr) bool {
	negative, ok := e.(*Unary)
	if !ok || negative.Op != Negate {
		return false
	}
	_, ok = negative.X.(*Number)
	return ok
}

// metricArgument reports what is not the name of a metric, or a metric of another kind. Names that
// no file declares may be a catalogue's.
func (c *checker) metricArgument(want Arg, arg Expr, wrong func(what string)) {
	ref, ok := arg.(*Ref)
	switch {
	case isBlank(arg):
		return
	case !ok:
		wrong("a metric")
		return
	}
	switch d := c.lookup(c.file, ref.Name).node.(type) {
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
