package lsp

import (
	"github.com/neuroweaver/heddle/rules/syntax"
)

// definition finds where what the word at a place names is declared; of a metric from a catalogue,
// where the catalogue is taken. nil where there is no such place.
func (a *analysis) definition(p position, open documents) *location {
	t := a.document.text
	o, ok := occurrenceAt(a.file, t.rulePos(t.offset(p)))
	if !ok {
		return nil
	}
	var found declared
	switch o.kind {
	case valueWord:
		found = a.names.values[o.name]
	case ruleWord:
		found = a.names.rules[o.name]
	case routeWord:
		found = a.names.routes[o.name]
	case importText:
		use, _ := o.in.(*syntax.Import)
		if file := fileNamed(a.files, importPath(a.file, use)); file.Source != "" {
			found = declared{file: file}
		}
	}
	if found.file == nil {
		return nil
	}
	if name, isCatalogue := catalogueOf(found.file); isCatalogue {
		if found, ok = a.useOf(name); !ok {
			return nil
		}
	}
	return &location{URI: uriIn(open, found.file.Name), Range: newText(found.file.Source).span(found.at)}
}

// useOf finds the declaration that takes a catalogue.
func (a *analysis) useOf(catalogue string) (declared, bool) {
	for _, f := range a.files {
		for _, d := range f.Declarations {
			if use, ok := d.(*syntax.Use); ok && use.Catalogue.Value == catalogue {
				return declared{f, use.Catalogue.Span, use}, true
			}
		}
	}
	return declared{}, false
}

// uriIn is the URI by which the editor knows a file.
func uriIn(open documents, name string) string {
	if d, ok := open[name]; ok {
		return d.uri
	}
	return uriOf(name)
}
