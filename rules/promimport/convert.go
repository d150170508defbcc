package promimport

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// converter turns one expression of PromQL into a condition.
type converter struct {
	metrics   *metricSet
	trial     *metricSet
	defaultOn []string
	// on are the labels that the aggregations keep; nil: none was seen.
	on []string
	// fixed are the labels that all selectors of the expression hold to one value each.
	fixed []string
	// value is the left side of the first comparison: what $value is.
	value       string
	perSeries   bool
	differences []string
}

// labels are the labels that the rule is declared on.
func (c *converter) labels() []string {
	if c.on != nil {
		return c.on
	}
	return c.defaultOn
}

// commit keeps the metrics that the expression needed.
func (c *converter) commit() {
	*c.metrics = *c.trial
	if c.perSeries && c.on == nil {
		c.differ("Prometheus alerts for each series; here there is one alert for each %s, over all its series", strings.Join(c.defaultOn, ", "))
	} else if c.perSeries {
		c.differ("Prometheus matches single series with sums; here all of the condition is over %s", strings.Join(c.on, ", "))
	}
}

func (c *converter) differ(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(c.differences, text) {
		c.differences = append(c.differences, text)
	}
}

// fixedLabels returns the labels that all selectors of an expression hold to the same value.
func fixedLabels(e parser.Expr) []string {
	var common map[string]string
	parser.Inspect(e, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		fixed := map[string]string{}
		for _, m := range selector.LabelMatchers {
			if m.Type == labels.MatchEqual && m.Name != labels.MetricName && m.Value != "" {
				fixed[m.Name] = m.Value
			}
		}
		if common == nil {
			common = fixed
		}
		maps.DeleteFunc(common, func(name, value string) bool { return fixed[name] != value })
		return nil
	})
	return slices.Sorted(maps.Keys(common))
}

// condition converts what is true or false.
func (c *converter) condition(e parser.Expr) (string, error) {
	if c.trial == nil {
		c.trial = c.metrics.clone()
	}
	switch e := e.(type) {
	case *parser.ParenExpr:
		inner, err := c.condition(e.Expr)
		return "(" + inner + ")", err
	case *parser.StepInvariantExpr:
		return c.condition(e.Expr)
	case *parser.BinaryExpr:
		switch {
		case e.Op == parser.LAND || e.Op == parser.LOR:
			return c.logical(e)
		case e.Op == parser.LUNLESS:
			return "", errors.New("unless fires where its right side has no series; here that is unknown, and does not fire")
		case e.Op.IsComparisonOperator():
			return c.comparison(e)
		}
	case *parser.Call:
		if e.Func.Name == "absent" || e.Func.Name == "absent_over_time" {
			return "", fmt.Errorf("%s watches for what is not there, which has no instance; write missing fire after D in the rules of that metric", e.Func.Name)
		}
	}
	return "", errors.New("it fires for whatever its expression returns; here a condition compares")
}

func (c *converter) logical(e *parser.BinaryExpr) (string, error) {
	if err := c.match(e); err != nil {
		return "", err
	}
	x, err := c.condition(e.LHS)
	if err != nil {
		return "", err
	}
	y, err := c.condition(e.RHS)
	if err != nil {
		return "", err
	}
	return x + " " + e.Op.String() + " " + y, nil
}

func (c *converter) comparison(e *parser.BinaryExpr) (string, error) {
	if e.ReturnBool {
		return "", errors.New("bool makes a number of a comparison, and then it always fires")
	}
	x, y, err := c.sides(e)
	if err != nil {
		return "", err
	}
	if c.value == "" {
		c.value = x
	}
	return x + " " + e.Op.String() + " " + y, nil
}

func (c *converter) sides(e *parser.BinaryExpr) (x, y string, err error) {
	if err := c.match(e); err != nil {
		return "", "", err
	}
	if x, err = c.number(e.LHS); err != nil {
		return "", "", err
	}
	y, err = c.number(e.RHS)
	return x, y, err
}

// number converts what has a value.
func (c *converter) number(e parser.Expr) (string, error) {
	switch e := e.(type) {
	case *parser.NumberLiteral:
		if math.IsNaN(e.Val) || math.IsInf(e.Val, 0) {
			return "", errors.New("NaN and Inf cannot be written here")
		}
		return strconv.FormatFloat(e.Val, 'g', -1, 64), nil
	case *parser.ParenExpr:
		inner, err := c.number(e.Expr)
		return "(" + inner + ")", err
	case *parser.StepInvariantExpr:
		return c.number(e.Expr)
	case *parser.UnaryExpr:
		inner, err := c.number(e.Expr)
		if e.Op == parser.SUB {
			inner = "-" + inner
		}
		return inner, err
	case *parser.BinaryExpr:
		return c.arithmetic(e)
	case *parser.AggregateExpr:
		return c.aggregation(e)
	case *parser.Call:
		if e.Func.Name == "histogram_quantile" {
			return c.histogramQuantile(e)
		}
		c.perSeries = true
		return c.overTime(e)
	case *parser.VectorSelector:
		c.perSeries = true
		return c.current(e)
	case *parser.SubqueryExpr:
		return "", errors.New("subqueries have no counterpart here")
	}
	return "", fmt.Errorf("%s has no counterpart here", strings.ToLower(fmt.Sprintf("%T", e)[len("*parser."):]))
}

func (c *converter) arithmetic(e *parser.BinaryExpr) (string, error) {
	switch e.Op {
	case parser.ADD, parser.SUB, parser.MUL, parser.DIV, parser.MOD:
	default:
		return "", fmt.Errorf("the operator %s has no counterpart here", e.Op)
	}
	x, y, err := c.sides(e)
	if err != nil {
		return "", err
	}
	if e.Op == parser.DIV {
		a, aWindow, aRate := growth(x)
		b, bWindow, bRate := growth(y)
		if a != "" && b != "" && aWindow == bWindow && aRate == bRate {
			c.differ("where %s does not grow the rule is unknown; Prometheus compares with NaN or Inf", b)
			return fmt.Sprintf("ratio(%s, %s, %s)", a, b, aWindow), nil
		}
	}
	return x + " " + e.Op.String() + " " + y, nil
}

// growth takes rate(m, w) or increase(m, w) apart.
func growth(text string) (metric, window string, isRate bool) {
	rest, isRate := strings.CutPrefix(text, "rate(")
	if !isRate {
		var isIncrease bool
		if rest, isIncrease = strings.CutPrefix(text, "increase("); !isIncrease {
			return "", "", false
		}
	}
	rest, complete := strings.CutSuffix(rest, ")")
	metric, window, two := strings.Cut(rest, ", ")
	if !complete || !two || strings.ContainsAny(rest, "()") {
		return "", "", false
	}
	return metric, window, isRate
}

// match checks how an operator matches the series of its sides. One instance of a rule is one value of
// its labels, so on (…) can be kept where it names the labels that the aggregations keep.
func (c *converter) match(e *parser.BinaryExpr) error {
	switch m := e.VectorMatching; {
	case m == nil:
		return nil
	case m.Card == parser.CardManyToOne || m.Card == parser.CardOneToMany:
		return fmt.Errorf("%s with group_left or group_right matches one series with many", e.Op)
	case m.On && len(m.MatchingLabels) > 0:
		return c.keepOn(m.MatchingLabels)
	case m.On || len(m.MatchingLabels) > 0:
		return fmt.Errorf("%s with on () or ignoring (…) matches other labels on each side", e.Op)
	}
	return nil
}

// keep notes the labels that an aggregation keeps. Where it keeps none, those that all selectors of the
// expression fix serve: of them there is one value, as there is of the aggregation.
func (c *converter) keep(e *parser.AggregateExpr, without string) error {
	if e.Without {
		return fmt.Errorf("%s without (…) keeps labels that cannot be known; write by (…)", e.Op)
	}
	kept := slices.DeleteFunc(slices.Clone(e.Grouping), func(label string) bool { return label == without })
	if len(kept) > 0 {
		return c.keepOn(kept)
	}
	if len(c.fixed) == 0 {
		return fmt.Errorf("%s without by (…) is one value for everything, but a rule here is declared on a label; write by (…) with one that all series share, such as job", e.Op)
	}
	c.differ("the alert of Prometheus has no labels of series; here it has %s", strings.Join(c.fixed, ", "))
	return c.keepOn(c.fixed)
}

// keepOn notes labels that one part of the expression keeps: all parts must keep the same.
func (c *converter) keepOn(labels []string) error {
	on := slices.Compact(slices.Sorted(slices.Values(labels)))
	if c.on != nil && !slices.Equal(c.on, on) {
		return fmt.Errorf("one side keeps the labels %s, another %s", strings.Join(c.on, ", "), strings.Join(on, ", "))
	}
	c.on = on
	return nil
}

// aggregation converts an aggregation over what has a function of the same kind here: series of one
// instance are summed for counters, and their samples pooled for gauges.
func (c *converter) aggregation(e *parser.AggregateExpr) (string, error) {
	if e.Op != parser.SUM && e.Op != parser.MIN && e.Op != parser.MAX && e.Op != parser.AVG {
		return "", fmt.Errorf("%s has no counterpart here", e.Op)
	}
	if err := c.keep(e, ""); err != nil {
		return "", err
	}
	inner := unparen(e.Expr)
	if call, ok := inner.(*parser.Call); ok {
		same := map[string]string{
			"rate": "sum", "increase": "sum", "count_over_time": "sum", "sum_over_time": "sum", "min_over_time": "min", "max_over_time": "max",
		}
		if same[call.Func.Name] == e.Op.String() {
			return c.overTime(call)
		}
		if call.Func.Name == "avg_over_time" && e.Op == parser.AVG {
			c.differ("the mean is over all samples; Prometheus takes the mean of each series' mean")
			return c.overTime(call)
		}
		return "", fmt.Errorf("%s of %s has no counterpart here", e.Op, call.Func.Name)
	}
	if selector, ok := inner.(*parser.VectorSelector); ok && e.Op == parser.AVG {
		return c.current(selector)
	}
	return "", fmt.Errorf("%s of %s has no counterpart here", e.Op, inner)
}

func unparen(e parser.Expr) parser.Expr {
	for {
		switch inner := e.(type) {
		case *parser.ParenExpr:
			e = inner.Expr
		case *parser.StepInvariantExpr:
			e = inner.Expr
		default:
			return e
		}
	}
}

// functions are PromQL's functions of a range and what they are here.
var functions = map[string]struct{ name, kind string }{
	"rate":             {"rate", "counter"},
	"increase":         {"increase", "counter"},
	"avg_over_time":    {"avg", "gauge"},
	"sum_over_time":    {"sum", "gauge"},
	"min_over_time":    {"min", "gauge"},
	"max_over_time":    {"max", "gauge"},
	"stddev_over_time": {"stddev", "gauge"},
	"last_over_time":   {"last", "gauge"},
	"count_over_time":  {"count", "gauge"},
	"deriv":            {"slope", "gauge"},
}

func (c *converter) overTime(call *parser.Call) (string, error) {
	function, ok := functions[call.Func.Name]
	if call.Func.Name == "quantile_over_time" {
		q, isNumber := unparen(call.Args[0]).(*parser.NumberLiteral)
		if !isNumber || !(q.Val >= 0 && q.Val <= 1) {
			return "", errors.New("quantile_over_time needs a written share here")
		}
		return c.ranged(call.Args[1], "quantile("+strconv.FormatFloat(q.Val, 'g', -1, 64)+", ", "gauge", "")
	}
	if !ok || len(call.Args) != 1 {
		return "", fmt.Errorf("the function %s has no counterpart here", call.Func.Name)
	}
	if function.name == "last" {
		c.differ("the last value of a series that has ended does not count; Prometheus takes it as long as the range reaches it")
	}
	return c.ranged(call.Args[0], function.name+"(", function.kind, "")
}

// ranged writes a function of a metric and a window. suffix is what the metric's name ends in beyond
// its name here.
func (c *converter) ranged(e parser.Expr, start, kind, suffix string) (string, error) {
	matrix, ok := unparen(e).(*parser.MatrixSelector)
	if !ok {
		return "", errors.New("subqueries have no counterpart here")
	}
	selector, ok := matrix.VectorSelector.(*parser.VectorSelector)
	if !ok || matrix.RangeExpr != nil {
		return "", errors.New("a computed range has no counterpart here")
	}
	name, err := c.metric(selector, kind, suffix)
	if err != nil {
		return "", err
	}
	return c.offset(selector, start+name+", "+duration(matrix.Range)+")")
}

// lookback is how far back Prometheus looks for the current value of a series.
const lookback = "5m"

// current converts the current value of a metric.
func (c *converter) current(selector *parser.VectorSelector) (string, error) {
	name, err := c.metric(selector, "gauge", "")
	if err != nil {
		return "", err
	}
	return c.offset(selector, "last("+name+", "+lookback+")")
}

func (c *converter) metric(selector *parser.VectorSelector, kind, suffix string) (string, error) {
	if selector.Timestamp != nil || selector.StartOrEnd != 0 {
		return "", errors.New("@ has no counterpart here")
	}
	if selector.Anchored || selector.Smoothed {
		return "", errors.New("anchored and smoothed have no counterpart here")
	}
	source := metricName(selector)
	if source == "" {
		return "", errors.New("a selector without the name of a metric cannot be declared")
	}
	if strings.ContainsAny(source, "{}()") {
		return "", fmt.Errorf("the metric %q has a name that cannot be declared", source)
	}
	return c.trial.name(newMetric(kind, strings.TrimSuffix(source, suffix), selector.LabelMatchers)), nil
}

// metricName is the one name that a selector takes, also where it stands in braces; "" where there is none.
func metricName(selector *parser.VectorSelector) (name string) {
	for _, m := range selector.LabelMatchers {
		switch {
		case m.Name != labels.MetricName:
		case m.Type != labels.MatchEqual || name != "":
			return ""
		default:
			name = m.Value
		}
	}
	return name
}

func (c *converter) offset(selector *parser.VectorSelector, text string) (string, error) {
	switch {
	case selector.OriginalOffsetExpr != nil:
		return "", errors.New("a computed offset has no counterpart here")
	case selector.OriginalOffset < 0:
		return "", errors.New("a negative offset looks into the future")
	case selector.OriginalOffset > 0:
		return "ago(" + text + ", " + duration(selector.OriginalOffset) + ")", nil
	}
	return text, nil
}

func duration(d time.Duration) string { return model.Duration(d).String() }

// histogramQuantile converts histogram_quantile(q, [sum by (le, …)] rate(m_bucket[w])).
func (c *converter) histogramQuantile(call *parser.Call) (string, error) {
	q, ok := unparen(call.Args[0]).(*parser.NumberLiteral)
	if !ok || !(q.Val >= 0 && q.Val <= 1) {
		return "", errors.New("histogram_quantile needs a written share here")
	}
	inner := unparen(call.Args[1])
	if sum, ok := inner.(*parser.AggregateExpr); ok {
		if sum.Op != parser.SUM {
			return "", fmt.Errorf("histogram_quantile of %s has no counterpart here", sum.Op)
		}
		if err := c.keep(sum, "le"); err != nil {
			return "", err
		}
		inner = unparen(sum.Expr)
	} else {
		c.perSeries = true
	}
	growth, ok := inner.(*parser.Call)
	if !ok || growth.Func.Name != "rate" && growth.Func.Name != "increase" {
		return "", errors.New("histogram_quantile is of rate or increase here")
	}
	return c.ranged(growth.Args[0], "quantile("+strconv.FormatFloat(q.Val, 'g', -1, 64)+", ", "histogram", "_bucket")
}
