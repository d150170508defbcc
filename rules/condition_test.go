package rules

import (
	"fmt"
	"math"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/rules/window"
)

// TestConditionsAreThreeValued evaluates expressions over x, y (a number or unknown) and checks each
// operator with each combination of known and unknown.
func TestConditionsAreThreeValued(t *testing.T) {
	nan := math.NaN() // stands for unknown
	for _, c := range []struct {
		condition string
		x, y      float64
		want      Truth
	}{
		{"X > 2", 3, 0, True}, {"X > 2", 2, 0, False}, {"X > 2", nan, 0, Unknown},
		{"X >= 2", 2, 0, True}, {"X >= 2", 1, 0, False}, {"X >= 2", nan, 0, Unknown},
		{"X < 2", 1, 0, True}, {"X < 2", 2, 0, False}, {"X < 2", nan, 0, Unknown},
		{"X <= 2", 2, 0, True}, {"X <= 2", 3, 0, False}, {"X <= 2", nan, 0, Unknown},
		{"X == 2", 2, 0, True}, {"X == 2", 3, 0, False}, {"X == 2", nan, 0, Unknown},
		{"X != 2", 3, 0, True}, {"X != 2", 2, 0, False}, {"X != 2", nan, 0, Unknown},
		{"2 > X", nan, 0, Unknown}, {"X > Y", 1, nan, Unknown}, {"X > Y", nan, 1, Unknown}, {"X > Y", nan, nan, Unknown},

		{"X > 2 and Y > 2", 3, 3, True}, {"X > 2 and Y > 2", 3, 1, False}, {"X > 2 and Y > 2", 3, nan, Unknown},
		{"X > 2 and Y > 2", 1, nan, False}, {"X > 2 and Y > 2", nan, 1, False}, {"X > 2 and Y > 2", nan, 3, Unknown}, {"X > 2 and Y > 2", nan, nan, Unknown},
		{"X > 2 or Y > 2", 3, nan, True}, {"X > 2 or Y > 2", nan, 3, True}, {"X > 2 or Y > 2", 1, nan, Unknown}, {"X > 2 or Y > 2", nan, nan, Unknown}, {"X > 2 or Y > 2", 1, 1, False},
		{"not X > 2", 3, 0, False}, {"not X > 2", 1, 0, True}, {"not X > 2", nan, 0, Unknown},
		{"not (X > 2 or Y > 2)", nan, 3, False}, {"not (X > 2 and Y > 2)", nan, 1, True},

		{"X + Y > 2", 1, 2, True}, {"X + Y > 2", 1, nan, Unknown}, {"X + Y > 2", nan, 1, Unknown},
		{"X - Y > 2", 5, 2, True}, {"X - Y > 2", 5, nan, Unknown}, {"X * Y > 2", 2, 2, True}, {"X * Y > 2", 0, nan, Unknown},
		{"X / Y > 2", 6, 2, True}, {"X / Y > 2", 6, 0, Unknown}, {"X / Y > 2", 0, 0, Unknown}, {"X / Y > 2", nan, 2, Unknown},
		{"X % Y == 1", 7, 3, True}, {"X % Y == 1", 7, 0, Unknown}, {"X % Y == 1", nan, 3, Unknown},
		{"-X > 2", -3, 0, True}, {"-X > 2", nan, 0, Unknown},
		{"X - X == 0", math.Inf(1), 0, Unknown},
		{"X > -3", -2, 0, True},
	} {
		source := fmt.Sprintf("metric a = gauge \"a\"\nmetric b = gauge \"b\"\nlet X = avg(a, 1m)\nlet Y = avg(b, 1m)\nrule r on model { when %s or avg(a, 1m) + avg(b, 1m) > 1M }", c.condition)
		r := compileSource(t, source).rules[0]
		values := make([]window.Result, len(r.scope.terms))
		for i, term := range r.scope.terms {
			v := c.x
			if r.scope.metrics[term.slot].name == "b" {
				v = c.y
			}
			values[i] = window.Result{Value: v, Known: !math.IsNaN(v)}
		}
		if got := r.when.x.truth(&facts{values: values}); got != c.want {
			t.Errorf("%s with %v, %v is %s, want %s", c.condition, c.x, c.y, got, c.want)
		}
	}
}

// TestRequire: a requirement that is not true makes the condition unknown, in both directions.
func TestRequire(t *testing.T) {
	r := compileSource(t, `
metric a = gauge "a"
metric b = gauge "b"
rule r on model { when avg(a, 1m) > 2 require avg(b, 1m) > 2 recover avg(a, 1m) < 1 }`).rules[0]
	nan := math.NaN()
	for _, c := range []struct {
		a, b            float64
		when, recovered Truth
	}{
		{3, 3, True, False}, {3, 1, Unknown, Unknown}, {3, nan, Unknown, Unknown}, {0, 3, False, True}, {0, 1, Unknown, Unknown}, {nan, 3, Unknown, Unknown},
	} {
		values := []window.Result{{Value: c.a, Known: c.a == c.a}, {Value: c.b, Known: c.b == c.b}}
		if v := r.judge(&facts{values: values}); v.when != c.when || v.recovered != c.recovered {
			t.Errorf("a %v, b %v: %s, %s", c.a, c.b, v.when, v.recovered)
		}
	}
}

// TestEveryFunctionIsUnknownWithoutData asks each function of an instance that has no sample.
func TestEveryFunctionIsUnknownWithoutData(t *testing.T) {
	arguments := map[string]string{
		"ratio": "c, c, 1m", "quantile": "50%, g, 1m", "above": "h, 2s, 1m", "age": "g", "ewma": "g, 1m",
		"rate": "c, 1m", "increase": "c, 1m",
	}
	for signature := range syntax.Functions() {
		if _, ok := functions[signature.Name]; !ok {
			continue
		}
		for _, m := range []string{"g", "h"} {
			args, fixed := arguments[signature.Name]
			if !fixed {
				if m == "h" && signature.Args[0].Metrics&syntax.Histogram == 0 {
					continue
				}
				args = m + ", 1m"
			}
			call := signature.Name + "(" + args + ")"
			r := compileSource(t, `
metric c = counter "c"
metric g = gauge "g"
metric h = histogram "h"
rule r on model { when `+call+` > 0.5 }`).rules[0]
			group := &subjects{scope: r.scope, byKey: map[string]*subject{}}
			s := group.subject(labels.FromStrings("model", "a"))
			s.measure(start.UnixMilli())
			f := &facts{values: s.values}
			if got := r.when.truth(f); got != Unknown {
				t.Errorf("%s > 0.5 without data is %s", call, got)
			}
			if fixed {
				break
			}
		}
	}
}
