package syntax

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Error is one mistake in a rule file, with all that a person needs to repair it.
type Error struct {
	// File is the name of the file, Span the words that are wrong.
	File string
	Span
	// Message says what is wrong, Hint what to do ("" where there is nothing to add).
	Message, Hint string
	// Line is the source line on which the mistake starts.
	Line string
	// more is set in the last error of a long list: for how many that are not shown it stands.
	more int
}

// moreErrors stands for mistakes that are not shown.
func moreErrors(file string, n int) Error {
	return Error{File: file, Message: fmt.Sprintf("and %d more", n), more: n}
}

// Error gives place, message, source line, and a caret under the words that are wrong:
//
//	chat.rules:14:12: "latncy" is not a metric
//	   14 |   when p95(latncy, 1m) > 2s
//	      |            ^^^^^^ did you mean "latency"?
func (e Error) Error() string {
	if e.Start.Line == 0 {
		return e.File + ": " + e.Message
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%s: %s", e.File, e.Start, e.Message)
	line, cut := excerpt(e.Line, int(e.Start.Column))
	fmt.Fprintf(&b, "\n%5d | %s\n      | ", e.Start.Line, line)
	column := int(e.Start.Column) - cut
	runes := []rune(line)
	end := column
	switch {
	case e.End.Line == e.Start.Line:
		end = int(e.End.Column) - cut - 1
	case e.End.Line > e.Start.Line:
		end = len(runes)
	}
	for i, r := range runes {
		switch {
		case i+1 < column && r == '\t':
			b.WriteByte('\t')
		case i+1 < column:
			b.WriteString(strings.Repeat(" ", columns(r)))
		case i+1 <= end || i+1 == column:
			b.WriteString(strings.Repeat("^", columns(r)))
		}
	}
	if column > len(runes) {
		b.WriteString(strings.Repeat(" ", column-len(runes)-1) + "^")
	}
	if e.Hint != "" {
		b.WriteByte(' ')
		b.WriteString(e.Hint)
	}
	return b.String()
}

// columns is how many columns of a terminal a character takes.
func columns(r rune) int {
	switch {
	case r == '\t' || unicode.IsControl(r):
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// maxExcerptWidth keeps an error readable where a line is thousands of characters long.
const maxExcerptWidth = 160

// excerpt cuts a long line to what is around the column, and says how many characters it cut from
// the front.
func excerpt(line string, column int) (text string, cut int) {
	runes := []rune(line)
	for i, r := range runes {
		if unicode.IsControl(r) && r != '\t' {
			runes[i] = unicode.ReplacementChar // nothing in a file reaches a terminal as a command
		}
	}
	if len(runes) <= maxExcerptWidth {
		return string(runes), 0
	}
	cut = max(0, min(column-maxExcerptWidth/2, len(runes)-maxExcerptWidth))
	return string(runes[cut : cut+maxExcerptWidth]), cut
}

// Errors are the mistakes of one load, in the order of files and places.
type Errors []Error

// Error gives all mistakes, a blank line between them.
func (es Errors) Error() string {
	texts := make([]string, len(es))
	for i, e := range es {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "\n\n")
}

// Count is how many mistakes there are, with those that are not shown.
func (es Errors) Count() (n int) {
	for _, e := range es {
		n += max(1, e.more)
	}
	return n
}

// Err returns the errors as an error, nil when there is none.
func (es Errors) Err() error {
	if len(es) == 0 {
		return nil
	}
	return es
}

// Join makes one report of several looks at the same files, the surest first: where an earlier one
// has a mistake at a place, what a later one says of that place is left out. The mistakes of a file
// are in the order of their places; beyond the first maxErrors they are only counted.
func Join(looks ...Errors) Errors {
	type place struct {
		file string
		at   Pos
	}
	var joined Errors
	ranks := map[string]int{}
	taken := map[place]bool{}
	unshown := 0
	for _, look := range looks {
		for _, e := range look {
			if e.more > 0 {
				unshown += e.more
				continue
			}
			if e.Start.Line > 0 && taken[place{e.File, e.Start}] {
				continue
			}
			joined = append(joined, e)
			if _, ok := ranks[e.File]; !ok {
				ranks[e.File] = len(ranks)
			}
		}
		for _, e := range look {
			taken[place{e.File, e.Start}] = true
		}
	}
	slices.SortStableFunc(joined, func(a, b Error) int {
		return cmp.Or(cmp.Compare(ranks[a.File], ranks[b.File]), a.Start.compare(b.Start))
	})
	shown := joined[:min(len(joined), maxErrors)]
	if unshown += len(joined) - len(shown); unshown > 0 && len(shown) > 0 {
		return append(slices.Clip(shown), moreErrors(shown[len(shown)-1].File, unshown))
	}
	return shown
}

// Error makes an error at a place of the file.
func (f *File) Error(at Span, message, hint string) Error {
	return Error{File: f.Name, Span: at, Message: message, Hint: hint, Line: f.line(at.Start.Line)}
}

// line returns line number n (from 1) without its line end; "" where there is none.
func (f *File) line(n uint32) string {
	starts := f.lineStarts
	if starts == nil {
		starts = lineStarts(f.Source)
	}
	if n == 0 || int(n) > len(starts) {
		return ""
	}
	line, _, _ := strings.Cut(f.Source[starts[n-1]:], "\n")
	return strings.TrimSuffix(line, "\r")
}

// lineStarts returns the offsets at which the lines of a text begin.
func lineStarts(source string) []uint32 {
	starts := []uint32{0}
	for i := range len(source) {
		if source[i] == '\n' {
			starts = append(starts, uint32(i+1))
		}
	}
	return starts
}
