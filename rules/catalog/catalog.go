// Package catalog holds what `use "NAME"` brings: the metrics of the systems that serve models, by one
// canonical name over the names that versions, exporters and escapings gave them.
//
// A catalogue is a rule file of metrics in data/, with the source of its names in comments. It
// changes no unit: a number in a rule is the number that a query shows, so what arrives in other
// units than seconds, bytes and shares has its unit in its canonical name (latency_ms).
package catalog

import (
	"embed"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/neuroweaver/heddle/rules/syntax"
)

//go:embed data/*.rules
var data embed.FS

// Names returns the names of all catalogues, sorted.
func Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		// The directory is part of the binary.
		entries, _ := data.ReadDir("data")
		for _, entry := range entries {
			if !yield(strings.TrimSuffix(entry.Name(), ".rules")) {
				return
			}
		}
	}
}

// Lookup returns a catalogue as the rule file that it is; it belongs to the caller.
func Lookup(name string) (*syntax.File, bool) {
	if !slices.Contains(slices.Collect(Names()), name) {
		return nil, false
	}
	source, err := data.ReadFile("data/" + name + ".rules")
	if err != nil {
		return nil, false
	}
	file, _ := syntax.Parse("catalogue "+name, string(source))
	return file, true
}

// Expand puts the catalogues that the files use before them, as files of their own. What a file
// declares itself stands before what a catalogue has of the same name. Where two catalogues have the
// same metric it takes the series of both; where they mean different things by one name, and a rule
// asks for it, that is a mistake.
func Expand(files []*syntax.File) ([]*syntax.File, syntax.Errors) {
	e := &expansion{declared: map[string]bool{}, asked: map[string]bool{}, taken: map[string]taken{}, used: map[string]bool{}}
	for _, f := range files {
		for _, d := range f.Declarations {
			e.look(d)
		}
	}
	for _, f := range files {
		for _, d := range f.Declarations {
			if use, ok := d.(*syntax.Use); ok && use.Catalogue.Value != "" {
				e.use(f, use)
			}
		}
	}
	return append(e.files, files...), e.errors
}

type expansion struct {
	// declared are the names that the files declare, asked those that their expressions ask for.
	declared, asked map[string]bool
	taken           map[string]taken
	used            map[string]bool
	files           []*syntax.File
	errors          syntax.Errors
}

// taken is a metric and the catalogue it came from first.
type taken struct {
	metric *syntax.Metric
	from   string
}

func (e *expansion) look(d syntax.Declaration) {
	switch d := d.(type) {
	case *syntax.Metric:
		e.declared[d.Name.Text] = true
	case *syntax.Let:
		e.declared[d.Name.Text] = true
	}
	for expr := range syntax.Expressions(d) {
		for _, ref := range syntax.Metrics(expr) {
			e.asked[ref.Name] = true
		}
	}
}

func (e *expansion) use(file *syntax.File, use *syntax.Use) {
	name := use.Catalogue.Value
	if e.used[name] {
		return
	}
	e.used[name] = true
	catalogue, ok := Lookup(name)
	if !ok {
		hint := syntax.DidYouMean(name, Names())
		if hint == "" {
			hint = "one of: " + strings.Join(slices.Collect(Names()), ", ")
		}
		e.errors = append(e.errors, file.Error(use.Catalogue.Span, fmt.Sprintf("%q is not a catalogue", name), hint))
		return
	}
	catalogue.Declarations = slices.DeleteFunc(catalogue.Declarations, func(d syntax.Declaration) bool {
		metric, ok := d.(*syntax.Metric)
		return !ok || !e.add(file, use, metric)
	})
	e.files = append(e.files, catalogue)
}

// add reports whether the metric is new and to be declared.
func (e *expansion) add(file *syntax.File, use *syntax.Use, metric *syntax.Metric) bool {
	name := metric.Name.Text
	if e.declared[name] {
		return false
	}
	first, ok := e.taken[name]
	if !ok {
		e.taken[name] = taken{metric, use.Catalogue.Value}
		return true
	}
	if first.metric.Kind.Text != metric.Kind.Text || !sameMatchers(first.metric.Where, metric.Where) {
		if e.asked[name] {
			e.errors = append(e.errors, file.Error(use.Catalogue.Span,
				fmt.Sprintf("%q means different series in the catalogues %q and %q", name, first.from, use.Catalogue.Value),
				"declare it: metric "+name+" = …"))
		}
		return false
	}
	for _, source := range metric.Sources {
		if !slices.ContainsFunc(first.metric.Sources, func(s syntax.String) bool { return s.Value == source.Value }) {
			first.metric.Sources = append(first.metric.Sources, source)
		}
	}
	return false
}

func sameMatchers(a, b []syntax.Matcher) bool {
	return slices.EqualFunc(a, b, func(x, y syntax.Matcher) bool {
		return x.Label.Text == y.Label.Text && x.Op == y.Op && x.Value.Value == y.Value.Value
	})
}
