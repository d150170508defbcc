package syntax

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"
)

// Parse reads a rule file. It reports every mistake in one run: the text is first cut into
// declarations and clauses by their first words, and a mistake spoils only the piece it is in. The
// file holds what could be read. Parse says nothing about names; see Check.
func Parse(name, source string) (*File, Errors) {
	file := &File{Name: name, Source: source}
	o := &outline{file: file, readAgain: maxReadAgain}
	if len(source) > maxFileBytes {
		at := Span{Pos{1, 1}, Pos{1, 2}}
		file.flawed = true
		return file, Errors{file.Error(at, fmt.Sprintf("the file has %d bytes, more than the %d that a rule file may have", len(source), maxFileBytes), "split it, and import the parts")}
	}
	file.lineStarts = lineStarts(source)
	text := strings.TrimPrefix(source, "\ufeff")
	if !utf8.ValidString(text) {
		o.reportInvalidText(text)
		text = strings.ToValidUTF8(text, "\ufffd")
	}
	o.tokens = tokenize(text)
	if len(o.tokens) > maxTokens {
		o.reportf(spanOf(o.tokens[maxTokens-1]), "split the file, and import the parts", "more than %d words; the rest of the file is not read", maxTokens)
	}
	if isPrometheus(o.tokens) {
		o.reportf(spanOf(o.tokens[0]), "convert it: heddle import prometheus FILE > NEW.rules", "these are rules of Prometheus")
		return file, o.finish()
	}
	o.tokens = o.withoutForeign(text, o.tokens)
	o.readFile()
	return file, o.finish()
}

// outline cuts the tokens of a file into items and has each read by its production.
type outline struct {
	file   *File
	tokens []lexer.Token
	next   int
	// lastLine is the line of the last token or comment that was taken.
	lastLine int
	errors   Errors
	// readAgain is how many tokens may be read again behind mistakes.
	readAgain int
	// unshown counts the mistakes beyond maxErrors.
	unshown int
}

// report notes a mistake; of what follows from it at the same place nothing more is said.
func (o *outline) report(m *mistake) {
	o.file.flawed = true
	if slices.ContainsFunc(o.errors, func(e Error) bool { return e.Start == m.Start }) {
		return
	}
	if len(o.errors) == maxErrors {
		o.unshown++
		return
	}
	o.errors = append(o.errors, o.file.Error(m.Span, m.message, m.hint))
}

func (o *outline) reportf(at Span, hint, format string, args ...any) {
	o.report(&mistake{Span: at, message: fmt.Sprintf(format, args...), hint: hint})
}

// finish returns the errors in order, with a last line for those that are not shown.
func (o *outline) finish() Errors {
	slices.SortStableFunc(o.errors, func(a, b Error) int { return a.Start.compare(b.Start) })
	if o.unshown > 0 {
		return append(o.errors, moreErrors(o.file.Name, o.unshown))
	}
	return o.errors
}

func (o *outline) reportInvalidText(text string) {
	line := uint32(1)
	for l := range strings.SplitSeq(text, "\n") {
		if !utf8.ValidString(l) {
			column := uint32(1)
			for _, r := range l {
				if r == utf8.RuneError {
					break
				}
				column++
			}
			o.reportf(Span{Pos{line, column}, Pos{line, column + 1}}, "save the file as UTF-8", "this is not UTF-8 text")
			return
		}
		line++
	}
}

// peek returns the next token that is not a comment.
func (o *outline) peek() lexer.Token {
	return o.tokens[o.skipComments(o.next)]
}

func (o *outline) skipComments(i int) int {
	for o.tokens[i].Type == commentToken {
		i++
	}
	return i
}

// firstOnLine reports whether the i-th token begins its line.
func (o *outline) firstOnLine(i int) bool {
	return i == 0 || o.tokens[i-1].Pos.Line < o.tokens[i].Pos.Line
}

// leading takes the comments before the next token, and notes the blank lines between them.
func (o *outline) leading() (lines []string) {
	blank := func(line int) {
		if o.lastLine > 0 && line > o.lastLine+1 && (len(lines) == 0 || lines[len(lines)-1] != "") {
			lines = append(lines, "")
		}
	}
	for o.tokens[o.next].Type == commentToken {
		token := o.tokens[o.next]
		blank(token.Pos.Line)
		lines = append(lines, token.Value)
		o.lastLine = token.Pos.Line
		o.next++
	}
	if !o.tokens[o.next].EOF() {
		blank(o.tokens[o.next].Pos.Line)
	}
	return lines
}

// trailing takes the comment that stands on the line of the token before it.
func (o *outline) trailing() string {
	if o.next > 0 && o.tokens[o.next].Type == commentToken && !o.firstOnLine(o.next) {
		o.next++
		return o.tokens[o.next-1].Value
	}
	return ""
}

// readFile reads declarations up to the end.
func (o *outline) readFile() {
	for {
		leading := o.leading()
		token := o.tokens[o.next]
		switch {
		case token.EOF():
			o.file.Closing = leading
			return
		case isOp(token, "}"):
			o.reportf(spanOf(token), "remove it, or open a block before it", `this "}" closes nothing`)
			o.take()
			continue
		case len(o.file.Declarations) == maxDeclarations:
			o.reportf(spanOf(token), "split the file, and import the parts", "more than %d declarations", maxDeclarations)
			return
		}
		if declaration := o.readDeclaration(leading); declaration != nil {
			o.separate(declaration)
			o.file.Declarations = append(o.file.Declarations, declaration)
		}
	}
}

// separate puts a blank line before and after each block, in the tree as on paper.
func (o *outline) separate(declaration Declaration) {
	n := len(o.file.Declarations)
	if n == 0 {
		return
	}
	trivia := declaration.trivia()
	if (isBlock(declaration) || isBlock(o.file.Declarations[n-1])) && (len(trivia.Leading) == 0 || trivia.Leading[0] != "") {
		trivia.Leading = append([]string{""}, trivia.Leading...)
	}
}

func isBlock(declaration Declaration) bool {
	_, ok := declaration.(interface{ block() *Block })
	return ok
}

func (o *outline) take() lexer.Token {
	token := o.tokens[o.next]
	o.lastLine = token.Pos.Line
	o.next++
	return token
}

// readDeclaration reads one declaration; nil where its first word cannot be understood at all.
func (o *outline) readDeclaration(leading []string) Declaration {
	word := o.keyword(heddle.declarations, "a declaration")
	kind := noBlock
	switch word {
	case "rule", "route", "test":
		kind = blockKind(word)
	}
	piece := o.cut(noBlock, kind != noBlock || word == "")
	if word == "" {
		o.skipBlock()
		return nil
	}
	piece.leading = append(leading, piece.leading...)
	node := o.produce(heddle.declarations[word], word, piece).(Declaration)
	if kind != noBlock {
		o.readBlock(node, kind)
		span := node.Range()
		span.End = spanOf(o.tokens[o.next-1]).End
		node.setSpan(span)
	}
	trivia := node.trivia()
	trivia.Leading, trivia.Trailing = piece.leading, o.trailing()
	return node
}

// keyword returns the word of the table with which the next item begins. A word that is nearly one
// is reported and taken for it, so that the rest of the item is still read.
func (o *outline) keyword(table map[string]production, what string) string {
	token := o.tokens[o.next]
	if isKeyword(table, token) {
		return token.Value
	}
	if advice := keywordAdvice(table, token); advice != "" {
		o.reportf(spanOf(token), advice, "%q is not %s", shorten(token.Value), what)
		return ""
	}
	if token.Type != identToken {
		if wrong := wrongToken(token); wrong != nil {
			o.report(wrong)
		} else {
			o.reportf(spanOf(token), "", "%s must stand here, not %s", what, describe(token))
		}
		return ""
	}
	meant := slips[token.Value]
	if _, ok := table[meant]; !ok {
		meant = Suggest(token.Value, words(table))
	}
	hint := "one of: " + strings.Join(slices.Collect(words(table)), ", ")
	if meant != "" {
		hint = fmt.Sprintf("did you mean %q?", meant)
	}
	o.reportf(spanOf(token), hint, "%q is not %s", shorten(token.Value), what)
	return meant
}

// keywordAdvice is the hint for a word that is known, and not near to one of the table; "" for others.
func keywordAdvice(table map[string]production, token lexer.Token) string {
	if token.Type != identToken {
		return ""
	}
	if word := strings.TrimSuffix(token.Value, "s"); word != token.Value && (word == "label" || word == "annotation") && table[word].form != "" {
		return "one clause for each: " + table[word].form
	}
	for kind, clauses := range heddle.clauses {
		if isKeyword(clauses, token) {
			return "it is a clause of a " + string(kind)
		}
	}
	if isKeyword(heddle.declarations, token) {
		return "it is a declaration, and stands outside of blocks"
	}
	if _, isClause := table["when"]; isClause && isFunction(token.Value) {
		return `to go on with a condition, begin the line with "and" or "or"`
	}
	return ""
}

// slips are words of neighbouring languages and what they are called here.
var slips = map[string]string{
	"alert": "rule", "expr": "when", "if": "when", "condition": "when", "hold": "for", "description": "summary", "message": "summary",
	"include": "import", "const": "let", "var": "let", "model": "models", "backup": "models", "unless": "require", "send": "notify",
}

// piece is the tokens of one item, and the comments among them.
type piece struct {
	tokens  []lexer.Token
	leading []string
	// isTooLong is set where only the first maxClauseTokens are here.
	isTooLong bool
}

func (p piece) span() Span {
	return Span{startOf(p.tokens[0]), spanOf(p.tokens[len(p.tokens)-1]).End}
}

// cut takes the tokens of the item that begins here: up to the first word of the next item, the
// brace that closes the block around it, or, for the header of a block, the brace that opens it.
func (o *outline) cut(block blockKind, header bool) piece {
	p := piece{tokens: []lexer.Token{o.take()}}
	depth := 0
	for {
		i := o.skipComments(o.next)
		token := o.tokens[i]
		if token.EOF() || o.begins(block, p, i) {
			return p
		}
		switch {
		case isOp(token, "{"):
			if header && depth == 0 {
				return p
			}
			depth++
		case isOp(token, "}"):
			if depth == 0 || o.firstOnLine(i) && o.firstOnLine(o.skipComments(i+1)) {
				return p
			}
			depth--
		}
		for ; o.next < i; o.next++ {
			p.leading = append(p.leading, o.tokens[o.next].Value)
		}
		if p.isTooLong = len(p.tokens) >= maxClauseTokens; p.isTooLong {
			o.take()
			continue
		}
		p.tokens = append(p.tokens, o.take())
	}
}

func isKeyword(table map[string]production, token lexer.Token) bool {
	_, ok := table[token.Value]
	return ok && token.Type == identToken
}

// begins reports whether the i-th token is the first of a new item after piece p.
func (o *outline) begins(block blockKind, p piece, i int) bool {
	token, last := o.tokens[i], p.tokens[len(p.tokens)-1]
	if token.Type != identToken || token.Value == "and" || token.Value == "or" || token.Value == "not" {
		return false
	}
	if o.firstOnLine(i) {
		if isKeyword(heddle.declarations, token) || block != noBlock && isKeyword(heddle.clauses[block], token) {
			return true
		}
		// Another word begins an item unless what stands before it asks for more.
		return !continues(last) && len(p.tokens) > 1
	}
	if block == ruleBlock && len(p.tokens) == 1 && isOp(token, "for") {
		return true // no clause has its value begin so
	}
	wantsNumber := isOp(last, "after") || isOp(last, "of") || isOp(last, "per")
	if block != ruleBlock && block != routeBlock || !isKeyword(heddle.clauses[block], token) || continues(last) && !wantsNumber || len(p.tokens) == 1 {
		return false
	}
	// Several clauses may stand on one line.
	if token.Value == "for" && (p.tokens[0].Value == "recover" || p.tokens[0].Value == "dedup") {
		return slices.ContainsFunc(p.tokens, func(t lexer.Token) bool { return isOp(t, "for") })
	}
	return (p.tokens[0].Value != "label" && p.tokens[0].Value != "annotation") || len(p.tokens) > 2
}

// continues reports whether a token asks for another behind it.
func continues(t lexer.Token) bool {
	switch t.Type {
	case identToken:
		switch t.Value {
		case "and", "or", "not", "by", "of", "after", "per", "on":
			return true
		}
		return false
	case stringToken, numberToken, badCharacterToken, badStringToken, oddStringToken:
		return false
	}
	return t.Value != ")" && t.Value != "}"
}

// produce reads a piece whose first word is meant to be the given one. Where that fails the mistake
// is reported, and the node, marked as broken, stands for it.
func (o *outline) produce(p production, word string, piece piece) item {
	span := piece.span()
	if piece.isTooLong {
		o.reportf(spanOf(piece.tokens[0]), "shorten it, or split it", "this has more than %d words", maxClauseTokens)
		node, _ := p.parse(peeking(piece.tokens[:1], endOf(piece.tokens[:1])))
		node.trivia().broken = true
		node.setSpan(span)
		return node
	}
	isCondition := word == "when" || word == "require" || word == "recover" || word == "let"
	tokens := repair(piece.tokens, word, isCondition, o.report)
	if word != "" {
		tokens[0].Value = word
	}
	node, ok := p.read(tokens, &o.readAgain, o.report)
	node.trivia().broken = !ok
	for _, m := range templateOf(node).mistakes {
		o.report(m)
	}
	node.setSpan(span)
	return node
}

// templateOf is the text of a clause that has one.
func templateOf(clause item) Template {
	switch clause := clause.(type) {
	case *Summary:
		return clause.Text
	case *LabelText:
		return clause.Text
	case *AnnotationText:
		return clause.Text
	}
	return Template{}
}
