package lsp

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// text is a document's content with what is needed to find places in it. Offsets are bytes and lie
// between characters. The protocol counts UTF-16 code units and ends lines at \n, \r\n and \r; the
// parser counts characters, ends lines at \n, and does not count a byte order mark. It never changes.
type text struct {
	content string
	// lines are the offsets at which the lines of the protocol begin, ruleLines those of the parser.
	lines, ruleLines []int
}

const byteOrderMark = "\ufeff"

// newText takes a content, in which bytes that are not UTF-8 become replacement characters.
func newText(content string) *text {
	t := &text{content: strings.ToValidUTF8(content, "\ufffd"), lines: []int{0}, ruleLines: []int{0}}
	for i := range len(t.content) {
		switch t.content[i] {
		case '\n':
			t.lines, t.ruleLines = append(t.lines, i+1), append(t.ruleLines, i+1)
		case '\r':
			if i+1 == len(t.content) || t.content[i+1] != '\n' {
				t.lines = append(t.lines, i+1)
			}
		}
	}
	if strings.HasPrefix(t.content, byteOrderMark) {
		t.ruleLines[0] = len(byteOrderMark)
	}
	return t
}

// offset finds a place of the protocol. One behind the end of its line is at that end, one behind the
// last line at the end of the text, and one within a character at its beginning.
func (t *text) offset(p position) int {
	if int64(p.Line) >= int64(len(t.lines)) {
		return len(t.content)
	}
	at, end := t.lines[p.Line], len(t.content)
	if int(p.Line)+1 < len(t.lines) {
		end = at + len(strings.TrimRight(t.content[at:t.lines[p.Line+1]], "\r\n"))
	}
	units := uint32(0)
	for i, r := range t.content[at:end] {
		if units += uint32(utf16Length(r)); units > p.Character {
			return at + i
		}
	}
	return end
}

// position is the way back from offset.
func (t *text) position(offset int) position {
	line := lineOf(t.lines, offset)
	units := 0
	for _, r := range t.content[t.lines[line]:offset] {
		units += utf16Length(r)
	}
	return position{uint32(line), uint32(units)}
}

// utf16Length is the number of UTF-16 code units of a character.
func utf16Length(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// lineOf finds the line that an offset is in.
func lineOf(lines []int, offset int) int {
	line, exact := slices.BinarySearch(lines, offset)
	if !exact {
		line--
	}
	return max(line, 0)
}

// ruleOffset finds a place of the parser, with the same care as offset.
func (t *text) ruleOffset(p syntax.Pos) int {
	if p.Line == 0 {
		return 0
	}
	if int64(p.Line) > int64(len(t.ruleLines)) {
		return len(t.content)
	}
	at, end := t.ruleLines[p.Line-1], len(t.content)
	if int(p.Line) < len(t.ruleLines) {
		end = at + len(strings.TrimRight(t.content[at:t.ruleLines[p.Line]], "\r\n"))
	}
	column := uint32(1)
	for i := range t.content[at:end] {
		if column >= p.Column {
			return at + i
		}
		column++
	}
	return end
}

// rulePos is the way back from ruleOffset.
func (t *text) rulePos(offset int) syntax.Pos {
	line := lineOf(t.ruleLines, offset)
	start := min(t.ruleLines[line], offset)
	return syntax.Pos{Line: uint32(line + 1), Column: uint32(utf8.RuneCountInString(t.content[start:offset]) + 1)}
}

// span gives what the parser calls a span as a range of the protocol.
func (t *text) span(s syntax.Span) span {
	return span{t.position(t.ruleOffset(s.Start)), t.position(t.ruleOffset(s.End))}
}

// slice is the part of the text that a span of the parser covers.
func (t *text) slice(s syntax.Span) string {
	start := t.ruleOffset(s.Start)
	return t.content[start:max(start, t.ruleOffset(s.End))]
}

// apply makes the text that an edit leaves. A range whose ends are swapped is taken in their order.
func (t *text) apply(change contentChange) *text {
	if change.Range == nil {
		return newText(change.Text)
	}
	start, end := t.offset(change.Range.Start), t.offset(change.Range.End)
	if start > end {
		start, end = end, start
	}
	return newText(t.content[:start] + change.Text + t.content[end:])
}
