package lsp

import (
	"slices"
	"strings"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// cursor is what stands before a place in a file, as far as it decides what may stand there. It is
// made of words rather than of the tree, because what is being typed has no tree yet.
type cursor struct {
	// block is rule, route or test within the braces of one, else "".
	block string
	// words are those of the declaration, clause or statement up to the cursor, without the one that is
	// being typed; none where a new one begins.
	words []syntax.Token
	// header are the words of the declaration up to its brace.
	header []syntax.Token
	// typed is the part of a word, or of a text without its quote, that stands before the cursor.
	typed string
	// inText is set within quotes, inBraces within the braces of such a text, inComment in a comment.
	inText, inBraces, inComment bool
	// newLine is set where nothing but typed stands before the cursor on its line.
	newLine bool
}

// cursorAt looks at the text before an offset, from the beginning of the declaration on.
func cursorAt(t *text, offset int) cursor {
	before := t.content[declarationStart(t.content, offset):offset]
	c := cursor{newLine: true}
	tokens := syntax.Tokens(before)
	if n := len(tokens); n > 0 {
		c.open(&tokens, before)
	}
	tokens = slices.DeleteFunc(tokens, func(t syntax.Token) bool { return t.Kind == syntax.CommentToken })
	if n := len(tokens); n > 0 {
		c.newLine = int(tokens[n-1].Start.Line) < lastLine(before)
	}
	c.place(tokens)
	return c
}

// declarationStart finds the last line up to an offset that begins with the first word of a declaration:
// there the parser, too, begins anew.
func declarationStart(content string, offset int) int {
	for end := offset; end > 0; {
		start := strings.LastIndexByte(content[:end], '\n') + 1
		line := strings.TrimLeft(content[start:end], " \t"+byteOrderMark)
		for word := range syntax.Declarations() {
			if rest, ok := strings.CutPrefix(line, word); ok && (rest == "" || !isNameByte(rest[0])) {
				return start
			}
		}
		end = start - 1
	}
	return 0
}

func isNameByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// open takes the token at the cursor, if there is one that is not finished, from the others.
func (c *cursor) open(tokens *[]syntax.Token, before string) {
	n := len(*tokens) - 1
	last := (*tokens)[n]
	touches := strings.HasSuffix(before, last.Text)
	switch {
	case last.Kind == syntax.CommentToken:
		c.inComment = !strings.HasSuffix(before, "\n") && lastLine(before) >= int(last.Start.Line)
	case last.Kind == syntax.OpenStringToken && lastLine(before) == int(last.Start.Line):
		c.inText, c.typed = true, last.Text[1:]
		plain := strings.NewReplacer("{{", "  ", "}}", "  ").Replace(c.typed)
		if brace := strings.LastIndexByte(plain, '{'); brace > strings.LastIndexByte(plain, '}') {
			*tokens = append((*tokens)[:n], syntax.Token{Span: last.Span, Kind: syntax.OperatorToken, Text: "{"})
			*tokens = append(*tokens, syntax.Tokens(c.typed[brace+1:])...)
			c.inText, c.inBraces, c.typed = false, true, ""
			if last := (*tokens)[len(*tokens)-1]; isTyped(last) && strings.HasSuffix(before, last.Text) {
				c.typed, *tokens = last.Text, (*tokens)[:len(*tokens)-1]
			}
			return
		}
		*tokens = (*tokens)[:n]
	case touches && isTyped(last):
		c.typed, *tokens = last.Text, (*tokens)[:n]
	}
}

func isTyped(t syntax.Token) bool { return t.Kind == syntax.WordToken || t.Kind == syntax.NumberToken }

// lastLine is the number of the line, from 1, at which a text ends.
func lastLine(text string) int { return strings.Count(text, "\n") + 1 }

// place finds the block and the clause that the words of a declaration end in.
func (c *cursor) place(tokens []syntax.Token) {
	depth := 0
	for i, t := range tokens {
		if t.Kind == syntax.OperatorToken && t.Text == "{" {
			if depth++; depth == 1 && c.block == "" && isBlockWord(tokens[0].Text) {
				c.block, c.header, c.words = tokens[0].Text, tokens[:i], nil
				continue
			}
		}
		if t.Kind == syntax.OperatorToken && t.Text == "}" && depth > 0 {
			if depth--; depth == 0 && c.block != "" {
				*c = cursor{typed: c.typed, inText: c.inText, inBraces: c.inBraces, inComment: c.inComment, newLine: c.newLine}
				continue
			}
		}
		if c.beginsClause(tokens, i) {
			c.words = nil
		}
		c.words = append(c.words, t)
	}
}

func isBlockWord(word string) bool { return word == "rule" || word == "route" || word == "test" }

// beginsClause reports whether a word begins a clause of the block.
func (c *cursor) beginsClause(tokens []syntax.Token, i int) bool {
	t := tokens[i]
	if c.block == "" || t.Kind != syntax.WordToken {
		return false
	}
	startsLine := tokens[i-1].Start.Line < t.Start.Line
	if c.block == "test" {
		return startsLine
	}
	previous := tokens[i-1]
	if t.Text == "for" && len(c.words) > 0 && (c.words[0].Text == "recover" || c.words[0].Text == "dedup") {
		return startsLine
	}
	return hasClause(c.block, t.Text) && (startsLine || len(c.words) != 1 && !asksForMore(previous))
}

func hasClause(block, word string) bool {
	for clause := range syntax.Clauses(block) {
		if clause == word {
			return true
		}
	}
	return false
}

// asksForMore reports whether what stands behind a word belongs to it.
func asksForMore(t syntax.Token) bool {
	if t.Kind == syntax.OperatorToken {
		return t.Text != ")" && t.Text != "}"
	}
	return t.Kind == syntax.WordToken && slices.Contains([]string{"and", "or", "not", "by", "of", "after", "per", "on"}, t.Text)
}

// isComplete reports whether the words before the cursor may be a whole clause: another may begin.
func (c *cursor) isComplete() bool {
	return len(c.words) > 1 && !asksForMore(c.words[len(c.words)-1]) && c.depth() == 0
}

// depth is how many parentheses and braces are open.
func (c *cursor) depth() (depth int) {
	for _, t := range c.words {
		switch {
		case t.Kind != syntax.OperatorToken:
		case t.Text == "(" || t.Text == "{":
			depth++
		case t.Text == ")" || t.Text == "}":
			depth--
		}
	}
	return depth
}

// first is the first word of the clause or declaration, "" where it is being typed.
func (c *cursor) first() string {
	if len(c.words) == 0 {
		return ""
	}
	return c.words[0].Text
}

// last is the text of the n-th word before the cursor, from 1; "" where there are fewer.
func (c *cursor) last(n int) string {
	if len(c.words) < n {
		return ""
	}
	return c.words[len(c.words)-n].Text
}

// call finds the innermost call that is open at the cursor, and which of its arguments is being typed.
func (c *cursor) call() (function string, argument int, ok bool) {
	depth := 0
	for i, t := range slices.Backward(c.words) {
		if t.Kind != syntax.OperatorToken {
			continue
		}
		switch t.Text {
		case ")":
			depth++
		case "(":
			if depth > 0 {
				depth--
			} else if i > 0 && c.words[i-1].Kind == syntax.WordToken {
				return c.words[i-1].Text, argument, true
			} else {
				argument = 0
			}
		case ",":
			if depth == 0 {
				argument++
			}
		}
	}
	return "", 0, false
}
