package syntax

// readBlock reads the clauses in the braces behind a header that was just read.
func (o *outline) readBlock(node Declaration, kind blockKind) {
	comments := node.(interface{ block() *Block }).block()
	header := o.tokens[o.next-1]
	opened := isOp(o.peek(), "{")
	var beforeBrace []string
	if opened {
		for ; o.tokens[o.next].Type == commentToken; o.next++ {
			beforeBrace = append(beforeBrace, o.tokens[o.next].Value)
		}
		header = o.take()
		comments.Opening = o.trailing()
	} else if !node.trivia().broken {
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
	return second.Type == identToken || isOp(second, "{")
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
