package lsp

import (
	"strings"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// format gives the edit that makes a document canonical: the lines that differ, at most one edit. A
// document with mistakes in its form is left as it is, as by heddle fmt.
func format(d *document) []textEdit {
	file, errs := syntax.Parse(d.path, d.text.content)
	if len(errs) > 0 || d.refused != "" {
		return []textEdit{}
	}
	before, after := d.text.content, syntax.Format(file)
	if before == after {
		return []textEdit{}
	}
	start := commonLines(before, after)
	end := commonEnd(before[start:], after[start:])
	return []textEdit{{
		Range:   span{d.text.position(start), d.text.position(len(before) - end)},
		NewText: after[start : len(after)-end],
	}}
}

// commonLines is the length of the whole lines with which both texts begin.
func commonLines(a, b string) int {
	length := 0
	for line := range strings.Lines(a) {
		if !strings.HasSuffix(line, "\n") || !strings.HasPrefix(b[length:], line) {
			break
		}
		length += len(line)
	}
	return length
}

// commonEnd is the length of the whole lines with which both texts end.
func commonEnd(a, b string) int {
	length, lines := 0, 0
	for length < min(len(a), len(b)) && a[len(a)-1-length] == b[len(b)-1-length] {
		if length++; a[len(a)-length] == '\n' {
			lines = length - 1
		}
	}
	if length == len(a) || length == len(b) {
		// One of them begins here, at the beginning of a line.
		if startsLine(a, length) && startsLine(b, length) {
			return length
		}
	}
	return lines
}

// startsLine reports whether what is left of the last length bytes ends a line.
func startsLine(text string, length int) bool {
	rest := text[:len(text)-length]
	return rest == "" || strings.HasSuffix(rest, "\n")
}
