package syntax

import (
	"slices"

	"github.com/alecthomas/participle/v2/lexer"
)

// readBlock reads the clauses in the braces behind a header that was just read.
func (o *outline) readBlock(node Declaration, kind blockKind) {
	comments := node.(interface{ block() *Block }).block()
	header := o.tokens[o.next-1]
	indentation := node.Range().Start.Column
	opened := isOp(o.peek(), "{")
	var beforeBrace []string
	if opened {
		for ; o.tokens[o.next].Type == commentToken; o.next++ {
			beforeBrace = append(beforeBrace, o.tokens[o.next].Value)
		}
		header = o.take()
		comments.Opening = o.trailing()
	} else if !node.trivia().broken && !o.hasMistakeAt(header) {
		o.reportf(spanOf(header), `the clauses of a `+string(kind)+` stand in braces: { … }`, `"{" is missing behind this`)
	}
	for count := 0; ; count++ {
		leading := o.leading()
		if count == 0 {
			leading = append(beforeBrace, withoutFirstBlank(leading)...)
		}
		token := o.tokens[o.next]
		switch {
		case isOp(token, "}"):
			comments.Closing = withoutLastBlank(leading)
			o.take()
			return
		case o.isInside(kind, indentation):
			o.readInside(kind)
			continue
		case token.EOF(), o.firstOnLine(o.next) && isKeyword(heddle.declarations, token):
			comments.Closing = leading
			if opened {
				o.reportf(spanOf(header), "add the closing brace behind its last clause", `this "{" is not closed`)
			}
			return
		case !opened && !isKeyword(heddle.clauses[kind], token):
			return
		case count == maxClauses:
			o.reportf(spanOf(token), "", "more than %d clauses in one block", maxClauses)
			o.skipBlock()
			return
		}
		o.readClause(node, kind, leading)
	}
}

// hasMistakeAt reports whether a mistake was found at the end of a header: the token, or behind it.
func (o *outline) hasMistakeAt(last lexer.Token) bool {
	return slices.ContainsFunc(o.errors, func(e Error) bool { return !e.Start.Before(startOf(last)) })
}

// isInside reports whether the next token begins a declaration, or the expectation of a test without
// its time, that was meant to stand inside the block that is read: it is further to the right.
func (o *outline) isInside(kind blockKind, indentation uint32) bool {
	token := o.tokens[o.next]
	if token.Type != identToken || !o.firstOnLine(o.next) || startOf(token).Column <= indentation {
		return false
	}
	switch token.Value {
	case "rule", "route":
		return kind == testBlock
	case "let", "metric", "use", "import", "alarms":
		return true
	}
	return false
}

// readInside reports what isInside has found, and reads it where it is a declaration.
func (o *outline) readInside(kind blockKind) {
	token := o.tokens[o.next]
	if token.Value == "rule" || token.Value == "route" {
		o.reportf(spanOf(token), heddle.clauses[testBlock]["at"].form, "an expectation begins with its time")
		o.cut(testBlock, false)
		return
	}
	o.reportf(spanOf(token), "put it before the "+string(kind), "%q cannot stand in a %s", token.Value, kind)
	if declaration := o.readDeclaration(nil); declaration != nil && len(o.file.Declarations) < maxDeclarations {
		o.file.Declarations = append(o.file.Declarations, declaration)
	}
}

// withoutFirstBlank and withoutLastBlank keep blank lines away from the braces of a block.
func withoutFirstBlank(lines []string) []string {
	if len(lines) > 0 && lines[0] == "" {
		return lines[1:]
	}
	return lines
}

func withoutLastBlank(lines []string) []string {
	if n := len(lines); n > 0 && lines[n-1] == "" {
		return lines[:n-1]
	}
	return lines
}

// readClause reads one clause or statement into its block.
func (o *outline) readClause(node Declaration, kind blockKind, leading []string) {
	table := heddle.clauses[kind]
	production, word := heddle.stimulus, ""
	if kind != testBlock || !o.beginsStimulus() {
		what := "a clause of a " + string(kind)
		if kind == testBlock {
			what = "a statement of a test"
		}
		if word = o.keyword(table, what); word == "" {
			o.cut(kind, false)
			return
		}
		production = table[word]
	}
	piece := o.cut(kind, false)
	clause := o.produce(production, word, piece)
	trivia := clause.trivia()
	trivia.Leading, trivia.Trailing = append(leading, piece.leading...), o.trailing()
	switch node := node.(type) {
	case *Rule:
		node.Clauses = append(node.Clauses, clause.(RuleClause))
	case *Route:
		node.Clauses = append(node.Clauses, clause.(RouteClause))
	case *Test:
		node.Statements = append(node.Statements, clause.(Statement))
	}
}

// beginsStimulus reports whether a name stands here and is followed by labels or a verb.
func (o *outline) beginsStimulus() bool {
	first := o.tokens[o.next]
	if first.Type != identToken || isKeyword(heddle.clauses[testBlock], first) {
		return false
	}
	second := o.tokens[o.skipComments(o.next+1)]
	switch {
	case isOp(second, "rule"), isOp(second, "route"), isOp(second, "alert"):
		return false // an expectation with another first word
	case isOp(second, "is"), isOp(second, "counts"):
		return true
	case isKeyword(heddle.clauses[ruleBlock], first), isKeyword(heddle.clauses[routeBlock], first):
		return isOp(second, "{") // else a clause in the wrong place
	}
	return second.Type == identToken || isOp(second, "{") || isOp(second, "(")
}

// skipBlock passes over a block in braces, if one begins here or is open.
func (o *outline) skipBlock() {
	depth := 0
	for {
		o.next = o.skipComments(o.next)
		token := o.tokens[o.next]
		if token.EOF() || o.firstOnLine(o.next) && isKeyword(heddle.declarations, token) {
			return
		}
		switch {
		case isOp(token, "{"):
			depth++
		case isOp(token, "}"):
			if depth--; depth <= 0 {
				o.take()
				return
			}
		case depth == 0:
			return
		}
		o.take()
	}
}
