package syntax

import (
	"strings"
	"unicode/utf8"
)

// The layout of the canonical form.
const (
	// indentation of what stands in a block.
	indentation = "  "
	// keywordWidth lines up the clauses of a block behind their first words; the longest usual one
	// is "severity".
	keywordWidth = len("severity")
	// maxKindWidth lines up the sources of metrics; histograms stand out by two characters.
	maxKindWidth = len("counter")
	// commentColumn is where comments behind a line begin, if the line is not longer.
	commentColumn = 54
	// maxLineWidth is how long a condition may be before each of its parts gets a line of its own.
	maxLineWidth = 100
)

// Format gives the canonical text of a file that was read without a mistake: one form for one
// tree, with every comment kept. Formatting what Format gave changes nothing.
func Format(f *File) string {
	p := &printer{}
	for i, declaration := range f.Declarations {
		if metric, ok := declaration.(*Metric); ok {
			p.nameWidth, p.kindWidth = metricWidths(f.Declarations, i, metric)
		}
		p.declaration(declaration)
	}
	p.comments("", f.Closing)
	return p.text()
}

// FormatExpr gives the canonical text of an expression, on one line.
func FormatExpr(e Expr) string {
	var b strings.Builder
	writeExpr(&b, e)
	return b.String()
}

// FormatDeclaration gives the canonical text of one declaration without its comments. Two
// declarations with the same text mean the same.
func FormatDeclaration(d Declaration) string {
	p := &printer{bare: true}
	if metric, ok := d.(*Metric); ok {
		p.nameWidth, p.kindWidth = len(metric.Name.Text), 0
	}
	p.declaration(d)
	return p.text()
}

// printer collects lines; comments behind them are lined up at the end.
type printer struct {
	lines []outLine
	// nameWidth and kindWidth line up the metrics of one paragraph.
	nameWidth, kindWidth int
	// bare leaves out comments and blank lines.
	bare bool
}

type outLine struct {
	text, comment string
}

func (p *printer) line(text, comment string) {
	if p.bare {
		comment = ""
	}
	p.lines = append(p.lines, outLine{text, comment})
}

func (p *printer) comments(indent string, lines []string) {
	if p.bare {
		return
	}
	for _, line := range lines {
		if line != "" {
			line = indent + line
		}
		p.line(line, "")
	}
}

// text joins the lines. Comments in neighbouring lines begin in the same column.
func (p *printer) text() string {
	var b strings.Builder
	for start := 0; start < len(p.lines); {
		end, column := start, commentColumn
		for ; end < len(p.lines) && (end == start || p.lines[end].comment != ""); end++ {
			if line := p.lines[end]; line.comment != "" {
				column = max(column, utf8.RuneCountInString(line.text)+2)
			}
		}
		for _, line := range p.lines[start:end] {
			b.WriteString(line.text)
			if line.comment != "" {
				b.WriteString(strings.Repeat(" ", column-utf8.RuneCountInString(line.text)))
				b.WriteString(line.comment)
			}
			b.WriteByte('\n')
		}
		start = end
	}
	return b.String()
}

// metricWidths are the longest name and kind in the paragraph of metrics that the i-th declaration is in.
func metricWidths(declarations []Declaration, i int, metric *Metric) (name, kind int) {
	startsParagraph := func(m *Metric) bool { return len(m.Leading) > 0 && m.Leading[0] == "" }
	look := func(m *Metric) {
		name = max(name, len(m.Name.Text))
		kind = max(kind, min(maxKindWidth, len(m.Kind.Text)))
	}
	look(metric)
	for j, m := i-1, metric; j >= 0 && !startsParagraph(m); j-- {
		before, ok := declarations[j].(*Metric)
		if !ok {
			break
		}
		m = before
		look(before)
	}
	for j := i + 1; j < len(declarations); j++ {
		after, ok := declarations[j].(*Metric)
		if !ok || startsParagraph(after) {
			break
		}
		look(after)
	}
	return name, kind
}

func (p *printer) declaration(d Declaration) {
	trivia := d.trivia()
	p.comments("", trivia.Leading)
	switch d := d.(type) {
	case *Use:
		p.line("use "+quote(d.Catalogue.Value), trivia.Trailing)
	case *Import:
		p.line("import "+quote(d.Path.Value), trivia.Trailing)
	case *Alarms:
		p.line("alarms "+d.Count.Text+" per "+d.Per.Text, trivia.Trailing)
	case *Metric:
		p.metric(d)
	case *Let:
		p.expression("let "+d.Name.Text+" = ", d.Value, trivia.Trailing)
	case *Route:
		p.line("route "+d.Name.Text+" {", d.Opening)
		for _, clause := range d.Clauses {
			p.routeClause(clause)
		}
		p.closing(d.Block, trivia)
	case *Rule:
		p.line("rule "+d.Name.Text+" on "+joinQuotable(d.On)+" {", d.Opening)
		for _, clause := range d.Clauses {
			p.ruleClause(clause)
		}
		p.closing(d.Block, trivia)
	case *Test:
		p.line("test "+quote(d.Title.Value)+" {", d.Opening)
		p.statements(d.Statements)
		p.closing(d.Block, trivia)
	}
}

func (p *printer) closing(block Block, trivia *Trivia) {
	p.comments(indentation, block.Closing)
	p.line("}", trivia.Trailing)
}

func (p *printer) metric(m *Metric) {
	text := "metric " + pad(m.Name.Text, p.nameWidth) + " = " + pad(m.Kind.Text, p.kindWidth) + " "
	for i, source := range m.Sources {
		if i > 0 {
			text += " or "
		}
		text += quote(source.Value)
	}
	if len(m.Where) > 0 {
		selectors := make([]string, len(m.Where))
		for i, selector := range m.Where {
			selectors[i] = joinMatchers(selector.Matchers, " ")
		}
		text += " where " + strings.Join(selectors, " or ")
	}
	p.line(text, m.Trailing)
}

// expression prints a line that ends in an expression. One that is too long for a line is broken
// before each `and` and `or` of its outermost level.
func (p *printer) expression(start string, e Expr, trailing string) {
	text := start + FormatExpr(e)
	parts := []string{text}
	if utf8.RuneCountInString(text) > maxLineWidth {
		parts = breakUp(start, e)
	}
	for i, part := range parts {
		if i < len(parts)-1 {
			p.line(part, "")
		} else {
			p.line(part, trailing)
		}
	}
}

func breakUp(start string, e Expr) []string {
	b, ok := e.(*Binary)
	if !ok || b.Op != And && b.Op != Or {
		return []string{start + FormatExpr(e)}
	}
	operator := b.Op
	var operands []Expr
	for ok && b.Op == operator {
		operands = append(operands, b.Y)
		e = b.X
		b, ok = e.(*Binary)
	}
	lines := []string{start + FormatExpr(e)}
	indent := strings.Repeat(" ", utf8.RuneCountInString(start))
	for i := len(operands) - 1; i >= 0; i-- {
		lines = append(lines, indent+string(operator)+" "+FormatExpr(operands[i]))
	}
	return lines
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

func joinNames(names []Name) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = n.Text
	}
	return strings.Join(texts, ", ")
}

// joinQuotable prints names that stand in quotes where they are not words.
func joinQuotable[N Label | Title](names []N) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = FormatLabel(Name(n).Text)
	}
	return strings.Join(texts, ", ")
}

// FormatLabel gives the name of a label as it is written: in quotes where it is not a word.
func FormatLabel(name string) string {
	if isWord(name) {
		return name
	}
	return quote(name)
}

// FormatLabelInText gives the name of a label as it stands in the braces of a text.
func FormatLabelInText(name string) string { return quoter.Replace(FormatLabel(name)) }

// joinMatchers prints matchers with the given space around their operators.
func joinMatchers(matchers []Matcher, space string) string {
	texts := make([]string, len(matchers))
	for i, m := range matchers {
		texts[i] = FormatLabel(m.Label.Text) + space + m.Op + space + quote(m.Value.Value)
	}
	return strings.Join(texts, ", ")
}
