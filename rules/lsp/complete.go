package lsp

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// maxItems is more than a person scrolls through; what is typed next narrows a longer list.
const maxItems = 500

// completion collects what may stand at a cursor.
type completion struct {
	cursor
	server   *Server
	ctx      context.Context
	analysis *analysis
	// replace is the part of a word before the cursor, which an item takes the place of.
	replace span
	list    completionList
	seen    map[string]bool
}

// complete lists what may stand at a place.
func (s *Server) complete(ctx context.Context, a *analysis, p position) completionList {
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	t := a.document.text
	offset := t.offset(p)
	c := &completion{cursor: cursorAt(t, offset), server: s, ctx: ctx, analysis: a, seen: map[string]bool{}}
	c.list.Items = []completionItem{}
	c.replace = span{t.position(offset - len(c.typed)), t.position(offset)}
	switch {
	case c.inComment:
	case c.block == "rule":
		c.ruleClause()
	case c.block == "route":
		c.routeClause()
	case c.block == "test":
		c.statement()
	default:
		c.declaration()
	}
	return c.list
}

// add offers an item; snippet is what it inserts, with places for the cursor, where that is more than its label.
func (c *completion) add(item completionItem, snippet string) {
	if c.seen[item.Label] {
		return
	}
	if len(c.list.Items) == maxItems {
		c.list.IsIncomplete = true
		return
	}
	c.seen[item.Label] = true
	item.TextEdit = &textEdit{c.replace, item.Label}
	if snippet != "" && c.server.snippets && !c.inText {
		item.InsertTextFormat, item.TextEdit.NewText = formatSnippet, snippet
	}
	c.list.Items = append(c.list.Items, item)
}

// keywords offers words of a fixed set.
func (c *completion) keywords(words ...string) {
	if c.inText {
		return
	}
	for _, word := range words {
		c.add(completionItem{Label: word, Kind: itemKeyword}, "")
	}
}

// forms offers first words, each with its form.
func (c *completion) forms(forms iter.Seq2[string, string]) {
	for word, form := range forms {
		c.add(completionItem{Label: word, Kind: itemKeyword, Detail: form}, snippets[word])
	}
}

// texts offers quoted texts: within quotes what stands in them, else the whole.
func (c *completion) texts(kind int, values ...string) {
	for _, value := range values {
		if !c.inText {
			value = fmt.Sprintf("%q", value)
		}
		c.add(completionItem{Label: value, Kind: kind}, "")
	}
}

// times offers usual lengths of time.
func (c *completion) times(times ...string) {
	if c.inText {
		return
	}
	for i, time := range times {
		c.add(completionItem{Label: time, Kind: itemUnit, SortText: fmt.Sprintf("%02d", i)}, "")
	}
}

// snippets are what first words insert, where there is more to write than the word.
var snippets = map[string]string{
	"use":    `use "$1"`,
	"import": `import "$1"`,
	"alarms": "alarms ${1:1} per ${2:1y}",
	"metric": `metric ${1:name} = ${2|counter,gauge,histogram|} "$3"`,
	"let":    "let ${1:name} = $0",
	"route":  "route ${1:name} {\n  models   \"$2\"\n  apply    ${3:connector}\n}",
	"rule":   "rule ${1:name} on ${2:model} {\n  when     $0\n  for      15s\n}",
	"test":   "test \"$1\" {\n  every 5s\n  $0\n}",
}

// values offers the metrics of the given kinds, and lets where they are wanted.
func (c *completion) values(kinds syntax.MetricKind, lets bool) {
	for _, f := range slices.Backward(c.analysis.files) {
		for _, d := range f.Declarations {
			switch d := d.(type) {
			case *syntax.Metric:
				if kind, ok := syntax.ParseMetricKind(d.Kind.Text); d.Name.Text != "" && (!ok || kind&kinds != 0) && kinds != 0 {
					c.metric(f, d)
				}
			case *syntax.Let:
				if lets && d.Name.Text != "" && d.Value != nil {
					c.add(completionItem{Label: d.Name.Text, Kind: itemVariable, Detail: "let " + syntax.FormatExpr(d.Value)}, "")
				}
			}
		}
	}
}

func (c *completion) metric(f *syntax.File, d *syntax.Metric) {
	detail := d.Kind.Text
	if catalogue, ok := catalogueOf(f); ok {
		detail += " from " + catalogue
	}
	item := completionItem{Label: d.Name.Text, Kind: itemField, Detail: detail}
	if comment := commentBefore(d); comment != "" {
		item.Documentation = markdown(comment)
	}
	c.add(item, "")
}

// rules and routes offer the names of what is declared.
func (c *completion) rules() {
	for _, f := range c.analysis.files {
		for _, d := range f.Declarations {
			if rule, ok := d.(*syntax.Rule); ok && rule.Name.Text != "" {
				c.add(completionItem{Label: rule.Name.Text, Kind: itemReference, Detail: "rule"}, "")
			}
		}
	}
}

func (c *completion) routes() {
	for route := range c.declaredRoutes() {
		if route.Name.Text != "" {
			c.add(completionItem{Label: route.Name.Text, Kind: itemClass, Detail: "route"}, "")
		}
	}
}

func (c *completion) declaredRoutes() iter.Seq[*syntax.Route] {
	return func(yield func(*syntax.Route) bool) {
		for _, f := range c.analysis.files {
			for _, d := range f.Declarations {
				if route, ok := d.(*syntax.Route); ok && !yield(route) {
					return
				}
			}
		}
	}
}

// models offers the models of the routes, and those that the server knows.
func (c *completion) models() {
	for route := range c.declaredRoutes() {
		if models := route.Models(); models != nil {
			for _, name := range models.Names {
				c.texts(itemValue, name.Value)
			}
		}
	}
	c.liveLabelValues("model", nil)
}

// liveMetrics offers the names of the series on the server; a histogram by the name that it is declared by.
func (c *completion) liveMetrics() {
	if c.server.options.Live == nil {
		return
	}
	found, err := c.server.options.Live.LabelValues(c.ctx, nameLabel, nil)
	c.offline(err)
	for _, name := range found {
		if base, isHistogram := strings.CutSuffix(name, "_bucket"); isHistogram {
			name = base
		}
		c.texts(itemField, name)
	}
}

// labels offers the names of labels: those that the load mentions, and those of series on the server.
func (c *completion) labels(metrics []string) {
	c.label("model", "label")
	for _, f := range c.analysis.files {
		if _, isCatalogue := catalogueOf(f); isCatalogue {
			continue
		}
		for _, d := range f.Declarations {
			for o := range occurrences(d) {
				if o.kind == labelWord {
					c.label(o.name, "label")
				}
			}
		}
	}
	if c.server.options.Live == nil {
		return
	}
	found, err := c.server.options.Live.LabelNames(c.ctx, metrics)
	c.offline(err)
	for _, name := range found {
		if name != nameLabel {
			c.label(name, "label on the server")
		}
	}
}

// label offers the name of a label as it is written where the cursor stands.
func (c *completion) label(name, detail string) {
	switch {
	case c.inText:
	case c.inBraces:
		name = syntax.FormatLabelInText(name)
	default:
		name = syntax.FormatLabel(name)
	}
	c.add(completionItem{Label: name, Kind: itemField, Detail: detail}, "")
}

func (c *completion) liveLabelValues(label string, metrics []string) {
	if c.server.options.Live == nil {
		return
	}
	found, err := c.server.options.Live.LabelValues(c.ctx, label, metrics)
	c.offline(err)
	c.texts(itemValue, found...)
}

// offline notes that the server did not answer: the list lacks what it knows, and is asked for again.
func (c *completion) offline(err error) {
	if err != nil {
		c.list.IsIncomplete = true
	}
}
