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

// Expand puts the catalogues that the files use before them, as files of their own: one for each `use`,
// whose metrics only the file that says it sees. A metric or let that any file declares stands before
// what a catalogue has of the same name. Where two catalogues of one file have the same metric it takes
// the series of both; where they mean different things by one name, and an expression or test of the file
// asks for it, that is a mistake.
func Expand(files []*syntax.File) ([]*syntax.File, syntax.Errors) {
	e := &expansion{declared: map[string]bool{}, parsed: map[string]*syntax.File{}}
	for _, f := range files {
		for _, d := range f.Declarations {
			switch d := d.(type) {
			case *syntax.Metric:
				e.declared[d.Name.Text] = true
			case *syntax.Let:
				e.declared[d.Name.Text] = true
			}
		}
	}
	for _, f := range files {
		e.file(f)
	}
	return append(e.files, files...), e.errors
}

type expansion struct {
	// declared are the names that the files declare.
	declared map[string]bool
	// parsed are the catalogues as they were read; nil: there is none of the name.
	parsed map[string]*syntax.File
	files  []*syntax.File
	errors syntax.Errors
}

// file takes the catalogues that one file uses.
func (e *expansion) file(f *syntax.File) {
	t := &taking{expansion: e, file: f, used: map[string]bool{}, taken: map[string]taken{}}
	for _, d := range f.Declarations {
		if use, ok := d.(*syntax.Use); ok && use.Catalogue.Value != "" {
			t.use(use)
		}
	}
}

// lookup returns a catalogue, which it reads once; nil where there is none of the name.
func (e *expansion) lookup(name string) *syntax.File {
	catalogue, ok := e.parsed[name]
	if !ok {
		catalogue, _ = Lookup(name)
		e.parsed[name] = catalogue
	}
	return catalogue
}

// taking is what one file takes.
type taking struct {
	*expansion
	file  *syntax.File
	used  map[string]bool
	taken map[string]taken
}

// taken is a metric and the catalogue it came from first.
type taken struct {
	metric *syntax.Metric
	from   string
}

func (t *taking) use(use *syntax.Use) {
	name := use.Catalogue.Value
	if t.used[name] {
		return
	}
	t.used[name] = true
	catalogue := t.lookup(name)
	if catalogue == nil {
		hint := syntax.DidYouMean(name, Names())
		if hint == "" {
			hint = "one of: " + strings.Join(slices.Collect(Names()), ", ")
		}
		t.errors = append(t.errors, t.file.Error(use.Catalogue.Span, fmt.Sprintf("%q is not a catalogue", name), hint))
		return
	}
	own := *catalogue
	own.TakenBy, own.Declarations = t.file, nil
	for _, d := range catalogue.Declarations {
		if metric, ok := d.(*syntax.Metric); ok && !t.declared[metric.Name.Text] {
			if added := t.add(use, metric); added != nil {
				own.Declarations = append(own.Declarations, added)
			}
		}
	}
	t.files = append(t.files, &own)
}

// add returns a copy of the metric where it is new to the file, and is to be declared.
func (t *taking) add(use *syntax.Use, metric *syntax.Metric) *syntax.Metric {
	name := metric.Name.Text
	first, ok := t.taken[name]
	if !ok {
		added := *metric
		added.Sources = slices.Clone(metric.Sources)
		t.taken[name] = taken{&added, use.Catalogue.Value}
		return &added
	}
	if first.metric.Kind.Text != metric.Kind.Text || !slices.EqualFunc(first.metric.Where, metric.Where, sameSelector) {
		if asks(t.file, name) {
			t.errors = append(t.errors, t.file.Error(use.Catalogue.Span,
				fmt.Sprintf("%q means different series in the catalogues %q and %q", name, first.from, use.Catalogue.Value),
				"declare it: metric "+name+" = …"))
		}
		return nil
	}
	for _, source := range metric.Sources {
		if !slices.ContainsFunc(first.metric.Sources, func(s syntax.String) bool { return s.Value == source.Value }) {
			first.metric.Sources = append(first.metric.Sources, source)
		}
	}
	return nil
}

// asks reports whether an expression or a test of the file asks for a metric.
func asks(f *syntax.File, metric string) bool {
	for _, d := range f.Declarations {
		for e := range syntax.Expressions(d) {
			if slices.ContainsFunc(syntax.Metrics(e), func(ref *syntax.Ref) bool { return ref.Name == metric }) {
				return true
			}
		}
		if test, ok := d.(*syntax.Test); ok && slices.ContainsFunc(test.Statements, func(s syntax.Statement) bool {
			stimulus, ok := s.(*syntax.Stimulus)
			return ok && stimulus.Metric.Text == metric
		}) {
			return true
		}
	}
	return false
}

func sameSelector(a, b syntax.Selector) bool {
	return slices.EqualFunc(a.Matchers, b.Matchers, syntax.Matcher.Same)
}
