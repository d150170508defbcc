package lsp

import (
	"strings"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// outline lists what the document declares, with the clauses of its blocks.
func (a *analysis) outline() []documentSymbol {
	list := []documentSymbol{}
	for _, d := range a.file.Declarations {
		if symbol, ok := a.symbol(d); ok {
			list = append(list, symbol)
		}
	}
	return list
}

// symbol is one declaration; ok is false where its name could not be read.
func (a *analysis) symbol(d syntax.Declaration) (s documentSymbol, ok bool) {
	name := syntax.Name{}
	switch d := d.(type) {
	case *syntax.Use:
		s.Kind, s.Detail, name = symbolModule, "use", syntax.Name{Span: d.Catalogue.Span, Text: d.Catalogue.Value}
	case *syntax.Import:
		s.Kind, s.Detail, name = symbolModule, "import", syntax.Name{Span: d.Path.Span, Text: d.Path.Value}
	case *syntax.Metric:
		s.Kind, s.Detail, name = symbolVariable, "metric "+d.Kind.Text, d.Name
	case *syntax.Let:
		s.Kind, s.Detail, name = symbolFunction, "let", d.Name
	case *syntax.Route:
		s.Kind, s.Detail, name = symbolClass, "route", d.Name
	case *syntax.Rule:
		s.Kind, s.Detail, name = symbolEvent, "rule", d.Name
	case *syntax.Test:
		s.Kind, s.Detail, name = symbolMethod, "test", syntax.Name{Span: d.Title.Span, Text: d.Title.Value}
	}
	if strings.TrimSpace(name.Text) == "" {
		return s, false
	}
	t := a.document.text
	s.Name, s.Range, s.SelectionRange = name.Text, t.span(d.Range()), t.span(name.Span)
	if _, clauses := clausesOf(d); s.Kind != symbolMethod {
		for _, clause := range clauses {
			word, rest, _ := strings.Cut(strings.Join(strings.Fields(t.slice(clause)), " "), " ")
			at := t.span(clause)
			s.Children = append(s.Children, documentSymbol{Name: word, Detail: rest, Kind: symbolField, Range: at, SelectionRange: at})
		}
	}
	return s, true
}
