package rules

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/catalog"
	"github.com/neuroweaver/heddle/rules/syntax"
)

// Expression is an expression of the language on its own, outside a rule.
type Expression struct {
	program *Program
	rule    *rule
	root    *node
}

// expressionName is what mistakes in an expression are said to be in, and expressionRule the rule that
// holds it.
const (
	expressionName = "expression"
	expressionRule = "expression_on_its_own"
)

// expressionLine is the line of that rule on which the expression begins.
const expressionLine = 3

// CompileExpression reads an expression, a number or a condition, for each value of the labels on. It sees
// the metrics and lets of the files, and those of the catalogues.
func CompileExpression(files []*syntax.File, text string, on, catalogues []string) (*Expression, syntax.Errors) {
	// A number is compared, so that it can stand where a rule has a condition. The text begins a line of
	// its own, and so keeps its columns.
	number, errs := compileExpression(files, text, " == 0", on, catalogues)
	if len(errs) == 0 {
		number.root = number.rule.when.x
		return number, nil
	}
	condition, conditionErrs := compileExpression(files, text, "", on, catalogues)
	if len(conditionErrs) == 0 {
		condition.root = condition.rule.when
		return condition, nil
	}
	if len(conditionErrs) < len(errs) {
		errs = conditionErrs
	}
	for i := range errs {
		switch e := &errs[i]; {
		case e.File != expressionName:
		case e.Start.Line >= expressionLine:
			e.Start.Line -= expressionLine - 1
			e.End.Line -= expressionLine - 1
		default: // the parenthesis around it, which one of its own has left open
			first, _, _ := strings.Cut(text, "\n")
			e.Start, e.End, e.Line = syntax.Pos{Line: 1, Column: 1}, syntax.Pos{Line: 2, Column: 1}, first
			e.Message, e.Hint = "a parenthesis in the expression is not closed", ""
		}
	}
	return nil, errs
}

func compileExpression(files []*syntax.File, text, compared string, on, catalogues []string) (*Expression, syntax.Errors) {
	header := "rule " + expressionRule + " on "
	for i, label := range on {
		if i > 0 {
			header += ", "
		}
		header += syntax.FormatLabel(label)
	}
	uses := ""
	for _, name := range catalogues {
		uses += fmt.Sprintf("use %q\n", name)
	}
	file, errs := syntax.Parse(expressionName, header+" {\nwhen (\n"+text+"\n)"+compared+"\n}\n"+uses)
	if len(errs) > 0 {
		return nil, errs
	}
	program, errs := Compile(append(slices.Clone(files), file), CompileOptions{})
	if len(errs) > 0 {
		return nil, errs
	}
	at := slices.IndexFunc(program.rules, func(r *rule) bool { return r.info.Name == expressionRule })
	return &Expression{program: program, rule: program.rules[at]}, nil
}

// Catalogues are the names that CompileExpression takes.
func Catalogues() []string { return slices.Collect(catalog.Names()) }

// SeriesNames returns the names of the series that are looked at.
func (x *Expression) SeriesNames() []string { return x.program.SeriesNames() }

// Evaluate gives the value of the expression for each instance at each of the times, which ascend, on a
// recording that begins at the first of them. A condition is 1 or 0; what is unknown is not given.
func (x *Expression) Evaluate(ctx context.Context, recording Recording, times []time.Time, emit func(at time.Time, instance labels.Labels, value float64)) error {
	if recording.Store != nil {
		recording.Store = until{recording.Store, recording.Start.UnixMilli()}
	}
	r := newReplayer(x.program, recording, nil, Options{})
	if err := r.start(ctx, recording.Start); err != nil {
		return err
	}
	upTo := func(last time.Time) {
		for ; len(times) > 0 && !times[0].After(last); times = times[1:] {
			r.advance(times[0])
			r.taken() // nobody asks what a rule would do
			x.values(r.engine, times[0], emit)
		}
	}
	for batch, err := range recording.Batches {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		upTo(batch.Arrived.Add(-time.Nanosecond))
		r.advance(batch.Arrived)
		r.engine.Observe(batch, r.now)
		r.taken()
	}
	if len(times) > 0 {
		upTo(times[len(times)-1])
	}
	return nil
}

// values gives the value for each instance.
func (x *Expression) values(e *Engine, at time.Time, emit func(at time.Time, instance labels.Labels, value float64)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.force.instances {
		if i.rule != x.rule {
			continue
		}
		i.subject.measure(at.UnixMilli())
		f := e.facts(i.subject)
		if x.root.isCondition() {
			switch x.root.truth(f) {
			case True:
				emit(at, i.subject.labels, 1)
			case False:
				emit(at, i.subject.labels, 0)
			}
		} else if v, known := x.root.value(f); known {
			emit(at, i.subject.labels, v)
		}
	}
}
