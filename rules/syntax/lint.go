package syntax

import (
	"fmt"
	"slices"
)

// Warning is something in a rule file that is allowed and most likely not meant. It is silenced by a
// comment on the clause or declaration, or before the first declaration for the whole file:
//
//	# allow ratio-without-require
type Warning struct {
	// Name is what the comment has to name.
	Name string
	Error
}

// String gives the warning in the form of an error, with its name.
func (w Warning) String() string {
	marked := w.Error
	marked.Message = "warning: " + w.Message + " [" + w.Name + "]"
	return marked.Error()
}

// The names of the warnings.
const (
	ratioWithoutRequire = "ratio-without-require"
	neverTrue           = "never-true"
	alwaysTrue          = "always-true"
	recoversTooEarly    = "recovers-too-early"
	unusedName          = "unused-name"
	sameRule            = "same-rule"
	costlyRule          = "costly-rule"
	unknownWarning      = "unknown-warning"
)

var warningNames = []string{ratioWithoutRequire, neverTrue, alwaysTrue, recoversTooEarly, unusedName, sameRule, costlyRule, unknownWarning}

// Lint looks for what is most likely not meant, in files in which Check finds no mistake.
func Lint(files []*File) []Warning {
	l := &linter{
		lets: map[string]*Let{}, metrics: map[string]string{}, same: map[string]string{}, used: map[string]bool{},
		switched: map[string]bool{}, bodies: map[string]declared{}, told: map[told]bool{},
	}
	for _, f := range files {
		for _, d := range f.Declarations {
			l.look(d)
		}
	}
	for _, f := range files {
		l.file = f
		before := len(l.warnings)
		l.allowances()
		for _, d := range f.Declarations {
			l.declaration(d)
		}
		slices.SortStableFunc(l.warnings[before:], func(a, b Warning) int { return a.Start.compare(b.Start) })
	}
	return l.warnings
}

type linter struct {
	file *File
	lets map[string]*Let
	// metrics gives for each metric the first that is declared alike, which same finds by its declaration.
	metrics, same map[string]string
	// used are the metrics and lets that something asks for, switched the routes that a rule switches.
	used, switched map[string]bool
	// bodies are the rules by their clauses.
	bodies   map[string]declared
	told     map[told]bool
	warnings []Warning
}

// told is what has been warned of: a chain of `and` is seen once for each of its links.
type told struct {
	name string
	file *File
	at   Span
}

// look notes what a declaration needs of others.
func (l *linter) look(d Declaration) {
	for e := range Expressions(d) {
		for _, name := range refs(e) {
			l.used[name] = true
		}
	}
	switch d := d.(type) {
	case *Let:
		l.lets[d.Name.Text] = d
	case *Metric:
		bare := *d
		bare.Name.Text = "x"
		declaration := FormatDeclaration(&bare)
		if l.same[declaration] == "" {
			l.same[declaration] = d.Name.Text
		}
		l.metrics[d.Name.Text] = l.same[declaration]
	case *Rule:
		if routes := d.Switch(); routes != nil {
			for _, route := range routes.Routes {
				l.switched[route.Text] = true
			}
		}
	case *Test:
		for _, s := range d.Statements {
			if stimulus, ok := s.(*Stimulus); ok {
				l.used[stimulus.Metric.Text] = true
			}
		}
	}
}

// warn adds a warning unless a comment on one of the items, or at the top of the file, allows it.
func (l *linter) warn(name string, at Span, items []item, hint, format string, args ...any) {
	if len(l.file.Declarations) > 0 {
		items = append(slices.Clone(items), l.file.Declarations[0])
	}
	if l.told[told{name, l.file, at}] || slices.ContainsFunc(items, func(i item) bool { return allows(i, name) }) {
		return
	}
	l.told[told{name, l.file, at}] = true
	l.warnings = append(l.warnings, Warning{name, l.file.Error(at, fmt.Sprintf(format, args...), hint)})
}

func (l *linter) declaration(d Declaration) {
	switch d := d.(type) {
	case *Use:
		if !l.asksForMore() {
			l.warn(unusedName, d.Catalogue.Span, []item{d}, "", "nothing in this file asks for a metric of the catalogue %q", d.Catalogue.Value)
		}
	case *Metric:
		if !l.used[d.Name.Text] {
			l.warn(unusedName, d.Name.Span, []item{d}, "", "nothing asks for the metric %q", d.Name.Text)
		}
	case *Let:
		if !l.used[d.Name.Text] {
			l.warn(unusedName, d.Name.Span, []item{d}, "", "nothing uses the let %q", d.Name.Text)
		}
		l.condition(d.Value, d)
	case *Route:
		if !l.switched[d.Name.Text] {
			l.warn(unusedName, d.Name.Span, []item{d}, "add to a rule: switch "+d.Name.Text, "no rule switches the route %q", d.Name.Text)
		}
	case *Rule:
		l.rule(d)
	}
}

// asksForMore reports whether the file asks for a metric that no file declares: one of a catalogue.
func (l *linter) asksForMore() bool {
	isUnknown := func(name string) bool { return l.lets[name] == nil && l.metrics[name] == "" }
	for _, d := range l.file.Declarations {
		for e := range Expressions(d) {
			if slices.ContainsFunc(Metrics(e), func(r *Ref) bool { return isUnknown(r.Name) }) {
				return true
			}
		}
		if test, ok := d.(*Test); ok && slices.ContainsFunc(test.Statements, func(s Statement) bool {
			stimulus, ok := s.(*Stimulus)
			return ok && isUnknown(stimulus.Metric.Text)
		}) {
			return true
		}
	}
	return false
}
