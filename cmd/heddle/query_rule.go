package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/recording"
	"github.com/neuroweaver/heddle/query"
	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/rules/load"
	"github.com/neuroweaver/heddle/rules/syntax"
)

// RuleQuery are the flags of a query in the rule language.
type RuleQuery struct {
	RuleExpr bool     `help:"The expression is one of the rule language. It is evaluated here, on the server's samples."`
	On       []string `placeholder:"LABEL" default:"model" help:"With --rule-expr: one value for each value of these labels (${default})."`
	Use      []string `placeholder:"NAME" default:"heddle" help:"With --rule-expr: catalogues of metrics (${default})."`
	Rules    []string `placeholder:"GLOB" help:"With --rule-expr: rule files with metrics and lets."`
}

// maxRuleSteps bounds a range, as the API bounds one of PromQL.
const maxRuleSteps = 11_000

// runRuleExpr evaluates an expression of the rule language on the samples of a server.
func (c QueryCmd) runRuleExpr(env *Env, now time.Time) error {
	for _, name := range c.Use {
		if !slices.Contains(rules.Catalogues(), name) {
			return usagef("--use: %q is not a catalogue; there are %s", name, strings.Join(rules.Catalogues(), ", "))
		}
	}
	set, err := load.Read(c.Rules, "")
	if err != nil {
		return err
	}
	files, errs := set.Parse()
	var x *rules.Expression
	if len(errs) == 0 {
		x, errs = rules.CompileExpression(files, c.Expr, c.On, c.Use)
	}
	if len(errs) > 0 {
		fmt.Fprintln(env.Stderr, syntax.Errors(errs))
		return errBad
	}
	if len(x.SeriesNames()) == 0 {
		return usagef("%s looks at no metric", c.Expr)
	}
	times, err := c.times(now)
	if err != nil {
		return err
	}
	store := RemoteData{URL: c.URL, TokenFile: c.TokenFile}.store()
	first, last := times[0], times[len(times)-1]
	source := recording.Stored(env.Ctx, store, x.SeriesNames(), first, last.Add(time.Millisecond), nil)
	byLabels := map[string]*querySeries{}
	var found []*querySeries
	err = x.Evaluate(env.Ctx, source, times, func(at time.Time, instance labels.Labels, value float64) {
		s := byLabels[instance.String()]
		if s == nil {
			s = &querySeries{Metric: instance.Map()}
			byLabels[instance.String()] = s
			found = append(found, s)
		}
		s.Values = append(s.Values, queryPoint{float64(at.UnixMilli()) / 1000, value, strconv.FormatFloat(value, 'g', -1, 64)})
	})
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b *querySeries) int { return labels.Compare(labels.FromMap(a.Metric), labels.FromMap(b.Metric)) })
	answer := queryAnswer{}
	answer.Status, answer.Data.ResultType = "success", "matrix"
	if c.Start == "" {
		answer.Data.ResultType = "vector"
		for _, s := range found {
			s.Value, s.Values = &s.Values[0], nil
		}
	}
	if answer.Data.Result, err = json.Marshal(slices.Concat([]*querySeries{}, found)); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(env.Stdout, answer)
	}
	return c.print(env.Stdout, answer)
}

// times are when to evaluate.
func (c QueryCmd) times(now time.Time) ([]time.Time, error) {
	if c.Start == "" {
		if c.Plot {
			return nil, usagef("--plot draws a range: say since when with --start, for example --start 1h")
		}
		at, err := parseWhen(c.Time, now, now)
		return []time.Time{at}, err
	}
	start, end, step, err := c.span(now)
	switch {
	case err != nil:
		return nil, err
	case end.Before(start):
		return nil, usagef("--start must lie before --end")
	case end.Sub(start)/step >= maxRuleSteps:
		return nil, usagef("this range has more than %d steps; make --step longer", maxRuleSteps)
	}
	var times []time.Time
	for at := start; !at.After(end); at = at.Add(step) {
		times = append(times, at)
	}
	return times, nil
}

// parseStep reads a step: a duration, or seconds.
func parseStep(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0.001 && seconds < 1e9 {
		return time.Duration(seconds * float64(time.Second)), nil
	}
	step, err := query.ParseDuration(text)
	if err != nil || step <= 0 {
		return 0, usagef("--step: %q is not a duration such as 15s or 5m", text)
	}
	return step, nil
}
