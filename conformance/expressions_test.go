package conformance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// selectors use every way to match a label on the series of the random data sets.
var selectors = []string{
	`requests_total`,
	`requests_total{code="500"}`,
	`requests_total{code=~"5.."}`,
	`requests_total{code!="200",job="job-0"}`,
	`requests_total{code!~"4..|5..",instance=~"host-[0-2].*"}`,
	`{__name__=~"requests_.*|late_total",job="job-1"}`,
	`{__name__="noise",code=""}`,
	`{instance="host-3:80",code!=""}`,
	`{job=~"job-.+",le=~"|1"}`,
	`late_total`,
	`started_total`,
	`temperature`,
	`noise{job!="job-0"}`,
	`constant`,
	`special`,
	`comes_and_goes`,
	`duration_seconds_bucket`,
	`duration_seconds_bucket{le="+Inf"}`,
	`native_seconds`,
	`nothing_at_all`,
	`requests_total{code="500"} offset 7m`,
	`noise @ 5000`,
	`temperature @ end() offset 1m`,
}

// calls says how the functions are called that take more than one vector. %v stands for an instant
// vector, %m for a range vector.
var calls = map[string]string{
	"clamp":                        `clamp(%v, 1, 5)`,
	"clamp_max":                    `clamp_max(%v, 3)`,
	"clamp_min":                    `clamp_min(%v, 3)`,
	"double_exponential_smoothing": `double_exponential_smoothing(%m, 0.3, 0.6)`,
	"end":                          `%v > bool end()`,
	"histogram_fraction":           `histogram_fraction(0.1, 2, %v)`,
	"histogram_quantile":           `histogram_quantile(0.9, rate(%m))`,
	"histogram_quantiles":          `histogram_quantiles(%v, "q", 0.5, 0.99)`,
	"info":                         `info(%v)`,
	"integral":                     `integral(%m)`,
	"label_join":                   `label_join(%v, "both", "-", "job", "code")`,
	"label_replace":                `label_replace(%v, "host", "$1", "instance", "(.*):.*")`,
	"max_of":                       `%v > max_of(1, 2)`,
	"min_of":                       `%v > min_of(1, 2)`,
	"pi":                           `%v * pi()`,
	"predict_linear":               `predict_linear(%m, 600)`,
	"quantile_over_time":           `quantile_over_time(0.7, %m)`,
	"range":                        `%v > bool range()`,
	"round":                        `round(%v, 0.5)`,
	"sort_by_label":                `sort_by_label(%v, "instance")`,
	"sort_by_label_desc":           `sort_by_label_desc(%v, "instance")`,
	"start":                        `%v > bool start()`,
	"step":                         `%v > bool step()`,
	"time":                         `%v > bool time()`,
	"vector":                       `vector(3) + on() group_right() %v`,
}

// forms are further shapes of expressions. Where series come in different orders, sums may differ in
// their last bits and extremes in the sign of zero, so those forms are compared within a tolerance.
var forms = []struct {
	text  string
	exact bool
}{
	{`%v`, true},
	{`%m`, true}, // an instant query only
	{`count by (job) (%v)`, true},
	{`group without (instance) (%v)`, true},
	{`min by (job) (%v)`, false},
	{`max without (code, le) (%v)`, false},
	{`count_values("value", %v)`, true},
	{`topk by (job) (2, rate(noise[10m]))`, true},
	{`quantile(0.8, %v)`, true},
	{`sum by (job) (%v)`, false},
	{`avg(%v)`, false},
	{`stddev by (job) (%v)`, false},
	{`stdvar(%v)`, false},
	{`sum by (le) (rate(%m))`, false},
	{`%v / on (instance) group_left constant`, true},
	{`%v and on (job) noise > 0`, true},
	{`%v unless comes_and_goes`, true},
	{`%v or temperature`, true},
	{`max_over_time(rate(%m)[20m:3m])`, true},
	{`sum_over_time(%v[10m:1m])`, false},
}

// expression is one query with the tolerance it is compared within.
type expression struct {
	text  string
	exact bool
}

// randomExpressions makes one expression of each function of PromQL and of each form, over random
// selectors, and one of each selector.
func randomExpressions(t *testing.T, random *rand.Rand) []expression {
	var list []expression
	fill := func(text string, exact bool) {
		selector := selectors[random.IntN(len(selectors))]
		span := []string{"15s", "1m", "5m", "47m"}[random.IntN(4)]
		list = append(list, expression{strings.NewReplacer("%v", selector, "%m", ranged(selector, span)).Replace(text), exact})
	}
	names := make([]string, 0, len(parser.Functions))
	for name := range parser.Functions {
		names = append(names, name)
	}
	slices.Sort(names) // so that the seed alone decides
	for _, name := range names {
		call, ok := calls[name]
		if !ok {
			call = callOf(t, parser.Functions[name])
		}
		fill(call, true)
	}
	for _, form := range forms {
		fill(form.text, form.exact)
	}
	for _, selector := range selectors {
		list = append(list, expression{selector, true})
	}
	return list
}

// callOf calls a function whose one argument is a vector.
func callOf(t *testing.T, f *parser.Function) string {
	if len(f.ArgTypes) == 1 && f.ArgTypes[0] == parser.ValueTypeVector {
		return f.Name + "(%v)"
	}
	if len(f.ArgTypes) == 1 && f.ArgTypes[0] == parser.ValueTypeMatrix {
		return f.Name + "(%m)"
	}
	t.Errorf("nobody knows how to call %s with %v", f.Name, f.ArgTypes)
	return f.Name + "()"
}

// ranged puts a range behind a selector and before its offset.
func ranged(selector, span string) string {
	end := len(selector)
	for _, modifier := range []string{" offset", " @"} {
		if i := strings.Index(selector, modifier); i >= 0 {
			end = min(end, i)
		}
	}
	return fmt.Sprintf("%s[%s]%s", selector[:end], span, selector[end:])
}
