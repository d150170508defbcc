package rules

import (
	"maps"
	"slices"
	"time"

	"github.com/neuroweaver/heddle/rules/catalog"
	"github.com/neuroweaver/heddle/rules/syntax"
)

// Program is what rule files mean: routes, rules with compiled conditions, and the windows that
// these need. It never changes after Compile.
type Program struct {
	routes  []Route
	infos   []*RuleInfo
	rules   []*rule
	scopes  []*scope
	metrics []*metric
	cost    Cost
	// alarmsPerMS is how many false alarms all detectors together may raise in a millisecond.
	alarmsPerMS float64
	// vocabulary has all metrics, also those that no rule asks for.
	vocabulary vocabulary
}

// scope is what the rules on the same labels share: the metrics they look at and the functions they
// evaluate. Each set of values of these labels is one subject.
type scope struct {
	on      []string
	metrics []*metric
	terms   []term
	// shifts are the places of the terms that are shifted.
	shifts []int
	// baselines are what its rules compare with the past.
	baselines []*baseline
	// rules stand in such an order that each comes after those whose firing it asks for.
	rules []*rule
}

// rule is one compiled rule.
type rule struct {
	info  *RuleInfo
	scope *scope
	// order is its place among the rules of the scope.
	order int
	// when, require and recover are the conditions; the latter two may be nil.
	when, require, recover *node
	policy                 policy
	// needs are the places, among the scope's metrics, of those that the conditions look at: an
	// instance exists once one of them has a series.
	needs []int
	// waits are groups of terms of one window width. A fresh start waits until in each group some
	// window is covered.
	waits [][]int
	// asks are the rules whose firing the conditions ask for.
	asks                []string
	summary             *template
	labels, annotations []keyedTemplate
}

// Cost bounds what a program needs for each instance of its rules.
type Cost struct {
	// Samples is how many samples of 16 bytes the windows of one instance of every rule keep, for series
	// that bring one sample a second. What is packed takes five eighths of that at worst, and mostly an eighth.
	// A value that a baseline keeps counts as half a sample.
	Samples int
	// Steps is how many functions and operations one evaluation of every rule takes.
	Steps int
}

// Routes returns the routes in the order of the files.
func (p *Program) Routes() []Route { return p.routes }

// Rules returns the rules in the order of the files.
func (p *Program) Rules() []*RuleInfo { return p.infos }

// Cost returns the bound that was compared with the budget.
func (p *Program) Cost() Cost { return p.cost }

// CompileOptions bounds what a load may ask for. The zero value is the default.
type CompileOptions struct {
	// BudgetSamples is the highest Cost.Samples of a load; one that needs more is refused with the
	// figure. 0: defaultBudgetSamples.
	BudgetSamples int
}

// defaultBudgetSamples is a million: sixteen megabytes for one instance of every rule.
const defaultBudgetSamples = 1_000_000

// defaultReturnAfter is how long a preferred model must have been fit where a route does not say.
const defaultReturnAfter = 10 * time.Minute

// Compile resolves names, checks types and bounds the cost. It reports all mistakes at once, those of
// syntax.Check included; the program is nil when there is one, and when a file could not be read whole,
// of which syntax.Parse has told.
func Compile(files []*syntax.File, o CompileOptions) (*Program, syntax.Errors) {
	files, errs := catalog.Expand(files)
	c := newCompiler(files)
	if errs := syntax.Join(syntax.Check(files), errs, c.unresolved()); len(errs) > 0 {
		return nil, errs
	}
	if slices.ContainsFunc(files, func(f *syntax.File) bool { return !f.Whole() }) {
		return nil, nil
	}
	p := c.compile()
	if o.BudgetSamples == 0 {
		o.BudgetSamples = defaultBudgetSamples
	}
	if errs := c.overBudget(o.BudgetSamples); len(errs) > 0 {
		return nil, errs
	}
	return p, nil
}

// SeriesNames returns the names of the series that the rules look at, sorted.
func (p *Program) SeriesNames() []string {
	names := map[string]bool{}
	for _, m := range p.metrics {
		for name := range m.roles {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
