package syntax

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	regexpsyntax "regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// Check looks at the files of one load together and reports everything that can be known to be
// wrong without the engine: names declared twice or not at all, clauses that are missing, doubled
// or contradict each other, calls with the wrong arguments, conditions of the wrong type, cycles.
// What needs a catalogue — whether a metric exists, and its kind — is left to rules.Compile.
//
// Items that could not be read were reported by Parse and are not looked into again.
func Check(files []*File) Errors {
	c := &checker{
		names: map[string]declared{}, rules: map[string]declared{}, routes: map[string]declared{},
		taken: map[*File]map[string]declared{}, sorted: map[string][]string{},
	}
	for _, f := range files {
		c.file = f
		for _, d := range f.Declarations {
			c.declare(d)
		}
	}
	for _, f := range files {
		c.file, c.titles = f, map[string]Span{}
		for _, d := range f.Declarations {
			c.declaration(d)
		}
	}
	c.cycles()
	return c.errors
}

// declared is a name and where it was declared.
type declared struct {
	file *File
	at   Span
	node Declaration
}

func (d declared) place() string { return fmt.Sprintf("%s:%s", d.file.Name, d.at.Start) }

type checker struct {
	file *File
	// names holds metrics and lets: they share the expressions.
	names, rules, routes map[string]declared
	// taken holds the metrics of catalogues, by the file that sees them.
	taken  map[*File]map[string]declared
	alarms *declared
	// sorted are the names of rules and routes, for hints.
	sorted map[string][]string
	// titles are the tests of the file that is looked at.
	titles map[string]Span
	errors Errors
}

func (c *checker) reportf(at Span, hint, format string, args ...any) {
	c.errors = append(c.errors, c.file.Error(at, fmt.Sprintf(format, args...), hint))
}

// declare enters a name, or reports that it is taken.
func (c *checker) declare(d Declaration) {
	switch d := d.(type) {
	case *Metric:
		c.enter(c.seenBy(c.file.TakenBy), "metric or let", d.Name, d)
	case *Let:
		c.enter(c.names, "metric or let", d.Name, d)
	case *Rule:
		c.enter(c.rules, "rule", d.Name, d)
	case *Route:
		c.enter(c.routes, "route", d.Name, d)
	case *Alarms:
		if c.alarms != nil {
			c.reportf(d.Span, "first given at "+c.alarms.place(), "alarms is given twice")
		}
		c.alarms = &declared{c.file, d.Span, d}
	}
}

// seenBy is the table of the metrics that a file takes from catalogues; that of all files for nil.
func (c *checker) seenBy(f *File) map[string]declared {
	if f == nil {
		return c.names
	}
	if c.taken[f] == nil {
		c.taken[f] = map[string]declared{}
	}
	return c.taken[f]
}

// lookup returns the metric or let that a name stands for in a file.
func (c *checker) lookup(f *File, name string) declared {
	if found, ok := c.names[name]; ok {
		return found
	}
	return c.taken[f][name]
}

func (c *checker) enter(table map[string]declared, what string, name Name, d Declaration) {
	if name.Text == blank {
		return
	}
	if first, ok := table[name.Text]; ok {
		c.reportf(name.Span, "first declared at "+first.place(), "the %s %q is declared twice", what, name.Text)
		return
	}
	table[name.Text] = declared{c.file, name.Span, d}
}

// declaration looks into one declaration. Of a block whose first line could not be read the clauses
// are looked at all the same, and of a metric whatever was read.
func (c *checker) declaration(d Declaration) {
	switch d.(type) {
	case *Metric, *Route, *Rule, *Test:
	default:
		if d.trivia().broken {
			return
		}
	}
	switch d := d.(type) {
	case *Use:
		if d.Catalogue.Value == "" {
			c.reportf(d.Catalogue.Span, "", "the name of the catalogue is empty")
		}
	case *Import:
		if d.Path.Value == "" {
			c.reportf(d.Path.Span, "", "the name of the file is empty")
		}
	case *Alarms:
		if d.Count.Text != blank && (d.Count.Unit != None || d.Count.Value <= 0) {
			c.reportf(d.Count.Span, "such as: alarms 1 per 1y", "the number of false alarms must be above zero")
		}
		c.positive(d.Per)
	case *Metric:
		c.metric(d)
	case *Let:
		c.typeOf(d.Value)
	case *Route:
		c.route(d)
	case *Rule:
		c.rule(d)
	case *Test:
		c.test(d)
	}
}

func (c *checker) metric(m *Metric) {
	if _, ok := metricKinds[m.Kind.Text]; !ok && m.Kind.Text != "" {
		c.reportf(m.Kind.Span, oneOf(m.Kind.Text, slices.Sorted(maps.Keys(metricKinds))), "%q is not a kind of metric", m.Kind.Text)
	}
	seen := map[string]bool{}
	for _, source := range m.Sources {
		switch {
		case source.Value == "":
			c.reportf(source.Span, "", "the name of a metric is empty")
		case len(source.Value) > maxNameBytes:
			c.reportf(source.Span, fmt.Sprintf("at most %d bytes", maxNameBytes), "this name is too long")
		case strings.ContainsAny(source.Value, "{}()"):
			c.reportf(source.Span, `behind the name: where status = "500"`, "the name of a metric has no braces; labels are selected with where")
		case seen[source.Value]:
			c.reportf(source.Span, "remove it", "%q is named twice", source.Value)
		}
		seen[source.Value] = true
	}
	for _, selector := range m.Where {
		c.matchers(selector.Matchers)
	}
}

// matchers looks at labels and regular expressions; these are anchored, as in PromQL.
func (c *checker) matchers(matchers []Matcher) {
	for _, m := range matchers {
		if m.Op != "=~" && m.Op != "!~" {
			continue
		}
		var wrong *regexpsyntax.Error
		if _, err := regexp.Compile(m.Value.Value); errors.As(err, &wrong) {
			c.reportf(m.Value.Span, "", "this is not a regular expression: %s", wrong.Code)
		}
	}
}

// positive reports a time of zero.
func (c *checker) positive(d Duration) {
	if d.Nanos == 0 {
		c.reportf(d.Span, "", "this time must be above zero")
	}
}

// word reports a word that is not one of a fixed set.
func (c *checker) word(name Name, what string, set ...string) {
	if name.Text != blank && !slices.Contains(set, name.Text) {
		c.reportf(name.Span, oneOf(name.Text, set), "%q is not %s", name.Text, what)
	}
}

// oneOf is the hint for a word that should be one of a few.
func oneOf(word string, set []string) string {
	if hint := DidYouMean(word, slices.Values(set)); hint != "" {
		return hint
	}
	hint := "one of: "
	for i, s := range set {
		if i > 0 {
			hint += ", "
		}
		hint += s
	}
	return hint
}

// reference reports a name that is not in a table of declarations.
func (c *checker) reference(name Name, what string, table map[string]declared) bool {
	if _, ok := table[name.Text]; ok {
		return true
	}
	if name.Text == blank {
		return false
	}
	hint := ""
	switch {
	case len(table) == 0:
		hint = fmt.Sprintf("no %s is declared", what)
	case len(c.errors) < maxErrors:
		// To look through all names for each of thousands of mistakes would take minutes.
		if c.sorted[what] == nil {
			c.sorted[what] = slices.Sorted(maps.Keys(table))
		}
		hint = DidYouMean(name.Text, slices.Values(c.sorted[what]))
	}
	c.reportf(name.Span, hint, "%q is not a %s", name.Text, what)
	return false
}

// distinct reports the second of two equal names in a list.
func (c *checker) distinct(names []Name, what string) {
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n.Text] && n.Text != blank {
			c.reportf(n.Span, "remove it", "the %s %q is named twice", what, n.Text)
		}
		seen[n.Text] = true
	}
}

// wholeFrom reports a number that is not a whole one of at least the given size.
func (c *checker) wholeFrom(n Number, least int) bool {
	if n.Text == blank {
		return false
	}
	if n.Unit == None && n.Value >= float64(least) && n.Value == float64(int32(n.Value)) {
		return true
	}
	c.reportf(n.Span, "", "this must be a whole number from %d", least)
	return false
}

// firstWord is where a clause names itself.
func firstWord(clause item, word string) Span {
	start := clause.Range().Start
	return Span{start, Pos{start.Line, start.Column + uint32(utf8.RuneCountInString(word))}}
}
