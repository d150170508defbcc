package lsp

import (
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/neuroweaver/heddle/rules/catalog"
	"github.com/neuroweaver/heddle/rules/syntax"
)

// hover tells what the word at a place means; nil where there is nothing to tell.
func (s *Server) hover(ctx context.Context, a *analysis, p position) *hover {
	t := a.document.text
	pos := t.rulePos(t.offset(p))
	made, at := s.describeKeyword(ctx, a, pos)
	if o, ok := occurrenceAt(a.file, pos); ok {
		made, at = s.describe(ctx, a, o), o.at
	}
	if made == "" {
		return nil
	}
	return &hover{Contents: *markdown(made), Range: t.span(at)}
}

func (s *Server) describe(ctx context.Context, a *analysis, o occurrence) string {
	switch o.kind {
	case functionWord:
		signature, ok := syntax.Function(o.name)
		if !ok {
			return ""
		}
		return paragraphs(describeFunction(signature), s.liveTerm(ctx, a, o))
	case valueWord:
		return paragraphs(s.describeValue(ctx, a, o), s.liveTerm(ctx, a, o))
	case ruleWord:
		live := s.liveValues(ctx, o.name, condition("when"))
		return paragraphs(a.definitionText(a.names.rules[o.name]), live)
	case routeWord:
		return a.definitionText(a.names.routes[o.name])
	case labelWord:
		return fmt.Sprintf("The label `%s` of the series.", o.name)
	case numberWord:
		return describeNumber(o.expr.(*syntax.Number))
	case sourceText:
		if metric, ok := o.in.(*syntax.Metric); ok {
			return s.arriving(ctx, metric.Sources)
		}
	case catalogueText:
		return describeCatalogue(o.name)
	}
	return ""
}

// liveTerm is the current value of a function or a let, in the rule that it stands in or, for the
// declaration of a let, in the first that uses it.
func (s *Server) liveTerm(ctx context.Context, a *analysis, o occurrence) string {
	if o.kind == valueWord {
		let, ok := a.names.values[o.name].node.(*syntax.Let)
		if !ok {
			return ""
		}
		o.expr = &syntax.Ref{Name: let.Name.Text}
	}
	rule := ""
	switch d := o.in.(type) {
	case *syntax.Rule:
		rule = d.Name.Text
	case *syntax.Let:
		rule = a.ruleWith(d.Name.Text)
	}
	return s.liveValues(ctx, rule, term(a.names.writtenOut(o.expr, 0)))
}

// describeFunction is all that the table of functions has to tell.
func describeFunction(s *syntax.Signature) string {
	return fmt.Sprintf("```heddle\n%s\n```\n%s\n\n`%s`\n\n- unit: %s\n- no data: %s\n- one sample: %s\n- counter reset: %s\n- late sample: %s\n",
		s.Usage(), s.What, s.Formula, s.Unit, s.NoData, s.OneSample, s.Reset, s.Late)
}

func (s *Server) describeValue(ctx context.Context, a *analysis, o occurrence) string {
	found := a.names.values[o.name]
	text := a.definitionText(found)
	if metric, ok := found.node.(*syntax.Metric); ok {
		return paragraphs(text, s.arriving(ctx, metric.Sources))
	}
	return text
}

// maxDefinitionLines of a rule or route fit a hover.
const maxDefinitionLines = 30

// definitionText shows a declaration as it is written, with the comment before it and where it stands.
func (a *analysis) definitionText(d declared) string {
	if d.node == nil {
		return ""
	}
	lines := strings.Split(newText(d.file.Source).slice(d.node.Range()), "\n")
	if len(lines) > maxDefinitionLines {
		lines = append(lines[:maxDefinitionLines], "…")
	}
	code := "```heddle\n" + strings.Join(lines, "\n") + "\n```"
	origin := fmt.Sprintf("%s:%d", path.Base(d.file.Name), d.at.Start.Line)
	if name, ok := catalogueOf(d.file); ok {
		origin = fmt.Sprintf("from the catalogue `%s`", name)
	}
	return paragraphs(code, commentBefore(d.node), "*"+origin+"*")
}

// commentBefore is the comment right before a declaration, without its signs.
func commentBefore(d syntax.Declaration) string {
	var leading []string
	switch d := d.(type) {
	case *syntax.Metric:
		leading = d.Leading
	case *syntax.Let:
		leading = d.Leading
	case *syntax.Rule:
		leading = d.Leading
	case *syntax.Route:
		leading = d.Leading
	}
	var lines []string
	for _, line := range leading {
		if line == "" {
			lines = nil
			continue
		}
		lines = append(lines, strings.TrimLeft(line, "# "))
	}
	return strings.Join(lines, "\n")
}

// describeNumber says what a number with a unit is worth.
func describeNumber(n *syntax.Number) string {
	value := strconv.FormatFloat(n.Value, 'g', -1, 64)
	switch n.Unit {
	case syntax.Percent:
		return fmt.Sprintf("`%s` is %s", n.Text, value)
	case syntax.Time:
		return fmt.Sprintf("`%s` is %s seconds", n.Text, value)
	case syntax.Bytes:
		return fmt.Sprintf("`%s` is %s bytes", n.Text, strconv.FormatFloat(n.Value, 'f', -1, 64))
	case syntax.Count:
		return fmt.Sprintf("`%s` is %s", n.Text, strconv.FormatFloat(n.Value, 'f', -1, 64))
	}
	return ""
}

// describeCatalogue lists the metrics of a catalogue.
func describeCatalogue(name string) string {
	file, ok := catalog.Lookup(name)
	if !ok {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "The metrics of the catalogue `%s`:\n", name)
	for _, d := range file.Declarations {
		if metric, ok := d.(*syntax.Metric); ok {
			fmt.Fprintf(&b, "- `%s` %s\n", metric.Name.Text, metric.Kind.Text)
		}
	}
	return b.String()
}

// describeKeyword tells the form of the declaration or clause that begins at a place, and the current
// truth of a condition.
func (s *Server) describeKeyword(ctx context.Context, a *analysis, pos syntax.Pos) (description string, at syntax.Span) {
	begins := func(item syntax.Span, word string) bool {
		at = syntax.Span{Start: item.Start, End: syntax.Pos{Line: item.Start.Line, Column: item.Start.Column + uint32(len(word))}}
		return a.document.text.slice(at) == word && !pos.Before(at.Start) && !at.End.Before(pos)
	}
	for _, d := range a.file.Declarations {
		if span := d.Range(); pos.Before(span.Start) || span.End.Before(pos) {
			continue
		}
		for word, form := range syntax.Declarations() {
			if begins(d.Range(), word) {
				return "`" + form + "`", at
			}
		}
		block, clauses := clausesOf(d)
		for _, clause := range clauses {
			for word, form := range syntax.Clauses(block) {
				if !begins(clause, word) {
					continue
				}
				live := ""
				if rule, ok := d.(*syntax.Rule); ok && (word == "when" || word == "require" || word == "recover") {
					live = s.liveValues(ctx, rule.Name.Text, condition(word))
				}
				return paragraphs("`"+form+"`", live), at
			}
		}
	}
	return "", at
}

// clausesOf gives the kind of a block and where its clauses or statements stand.
func clausesOf(d syntax.Declaration) (block string, clauses []syntax.Span) {
	switch d := d.(type) {
	case *syntax.Rule:
		for _, c := range d.Clauses {
			clauses = append(clauses, c.Range())
		}
		return "rule", clauses
	case *syntax.Route:
		for _, c := range d.Clauses {
			clauses = append(clauses, c.Range())
		}
		return "route", clauses
	case *syntax.Test:
		for _, s := range d.Statements {
			clauses = append(clauses, s.Range())
		}
		return "test", clauses
	}
	return "", nil
}

// paragraphs joins what is not empty.
func paragraphs(texts ...string) string {
	var kept []string
	for _, text := range texts {
		if text != "" {
			kept = append(kept, text)
		}
	}
	return strings.Join(kept, "\n\n")
}
