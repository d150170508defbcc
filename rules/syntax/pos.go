package syntax

import (
	"cmp"
	"fmt"
)

// Pos is a place in a rule file: line and column, both from 1. A column counts characters, not
// bytes. The file is known to whoever holds the tree. The zero Pos is no place.
type Pos struct {
	Line, Column uint32
}

// String gives "line:column".
func (p Pos) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// Before reports whether p stands before q.
func (p Pos) Before(q Pos) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Column < q.Column
}

// compare orders places as slices.SortFunc needs it; no place comes last.
func (p Pos) compare(q Pos) int {
	if (p.Line == 0) != (q.Line == 0) {
		return cmp.Compare(q.Line, p.Line)
	}
	return cmp.Or(cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// Span is the text from Start up to, not including, End.
type Span struct {
	Start, End Pos
}

// Range returns the span itself; by it every node of the tree says where it stands.
func (s Span) Range() Span { return s }

// contains reports whether pos lies in the span; the place just after it counts too, because that
// is where a cursor stands after a word was typed.
func (s Span) contains(pos Pos) bool {
	return !pos.Before(s.Start) && !s.End.Before(pos)
}

// setSpan lets the reader place a node after its grammar has filled it.
func (s *Span) setSpan(span Span) { *s = span }
