package codec

import "encoding/binary"

// A histogram's buckets are cumulative: each counts what the next lower one counts and a little
// more. What is stored is the little more.

// neighbour returns the column that column i should lean on, or -1: the next lower bucket of its
// histogram.
func (e *Encoder) neighbour(g *Group, i int, bitmapOf []int) int {
	c := &g.Columns[i]
	if c.Family == 0 || i == 0 {
		return -1
	}
	p := &g.Columns[i-1]
	if p.Family != c.Family || p.Kind() != KindFloat || !g.sameRows(i, i-1, bitmapOf) {
		return -1
	}
	return i - 1
}

// appendDifference appends values by their difference to base, back columns before, if both are
// integers as a rule and that is smaller than the values alone.
func (e *Encoder) appendDifference(dst []byte, values, base []float64, back int, tier Tier) ([]byte, bool) {
	if countChanges(values) == 0 {
		return dst, false
	}
	var whole unit // buckets are integers
	ks := grow(&e.other, len(values))
	whole.integers(ks, base, nil)
	own := grow(&e.values, len(values))
	e.exceptions = whole.integers(own, values, e.exceptions[:0])
	if !most(len(values)-len(e.exceptions), len(values)) {
		return dst, false
	}
	for i, k := range own {
		ks[i] = k - ks[i]
	}
	_, alone := e.planInts(own, tier)
	plan, apart := e.planInts(ks, tier)
	if apart >= alone {
		return dst, false
	}
	dst = binary.AppendUvarint(append(dst, byte(leanDifference)), uint64(back))
	return e.appendWhole(dst, plan, ks, values, tier), true
}

// appendWhole writes a float stream of integers that have been planned already.
func (e *Encoder) appendWhole(dst []byte, plan intPlan, ks []int64, values []float64, tier Tier) []byte {
	header := floatWhole
	if len(e.exceptions) > 0 {
		header |= floatExceptions
	}
	dst = append(dst, header)
	if len(e.exceptions) > 0 {
		dst = appendExceptions(dst, e.exceptions, values)
	}
	return e.appendPlanned(dst, plan, ks, tier)
}

// integerColumn is a column that was decoded because another leans on it: its values as integers,
// and where a value is none the integer before it.
type integerColumn struct {
	index int
	ks    []int64 // nil: nothing is kept
}

// maxChain bounds how many columns lean on each other: more than any histogram has buckets.
const maxChain = 4096

// difference decodes a column whose integers are stored less those of the column h.lean.back before it.
// That one may be such a difference too, so the whole chain is decoded from its start, or from the
// column that was decoded last.
func (r *GroupReader) difference(dst []float64, c *cursor, h *columnHead) {
	chain := []link{{*h, *c}}
	for !r.keeps(chain[len(chain)-1].head.index, len(dst)) {
		head := &chain[len(chain)-1].head
		if head.lean.back == 0 {
			// The first of the chain stands alone.
			own := &chain[len(chain)-1].samples
			readFloats(dst, own, &r.tables)
			if c.err = own.done(); c.err != nil {
				return
			}
			r.last = integerColumn{head.index, grow(&r.last.ks, len(dst))}
			unit{}.integers(r.last.ks, dst, nil)
			break
		}
		if head.lean.back > head.index || len(chain) > maxChain {
			c.fail("difference to %d columns before column %d, in a chain of %d", head.lean.back, head.index, len(chain))
			return
		}
		own, next := r.samples(head.index - head.lean.back)
		if own.err == nil && (next.Kind != KindFloat || next.lean.kind > leanDifference || next.Samples != len(dst)) {
			own.fail("column of %d %v leads differences of %d floats", next.Samples, next.Kind, len(dst))
		}
		if c.err = own.err; c.err != nil {
			return
		}
		chain = append(chain, link{next, own})
	}
	ks := r.last.ks
	r.last.ks = nil // until it is whole again
	for i := len(chain) - 2; i >= 0; i-- {
		l := &chain[i]
		if readDifferences(ks, &l.samples, &r.tables); l.samples.done() != nil {
			c.err = l.samples.err
			return
		}
	}
	wholeValues(dst, ks)
	r.exceptDifferences(dst, c)
	r.last = integerColumn{h.index, ks}
}

// exceptDifferences puts in place the exceptions of a stream whose integers have been read already,
// and steps over it.
func (r *GroupReader) exceptDifferences(dst []float64, c *cursor) {
	header := c.byte()
	s := readScale(header, c, len(dst))
	s.except(dst)
	c.pos = len(c.src)
}

// wholeValues fills dst with the whole numbers ks.
func wholeValues(dst []float64, ks []int64) {
	for len(dst) > 0 {
		n := min(frameLen, len(dst))
		unit{}.values(dst[:n], ks[:n])
		dst, ks = dst[n:], ks[n:]
	}
}

// keeps reports whether the integers of a column of n samples are at hand.
func (r *GroupReader) keeps(index, n int) bool {
	return r.last.ks != nil && r.last.index == index && len(r.last.ks) == n
}

// link is one column of a chain, and a cursor over its differences.
type link struct {
	head    columnHead
	samples cursor
}

// readDifferences adds to ks what a float stream of integers holds.
func readDifferences(ks []int64, c *cursor, tables *tableSet) {
	header := c.byte()
	s := readScale(header, c, len(ks))
	if c.err == nil && (header&(floatKind|floatUlps) != floatWhole) {
		c.fail("differences with header %#x", header)
	}
	ints := readInts(c, len(ks), tables)
	var buf [frameLen]int64
	for len(ks) > 0 && c.err == nil {
		n := min(frameLen, len(ks))
		ints.next(buf[:n])
		s.multiply(buf[:n])
		for i, d := range buf[:n] {
			ks[i] += d
		}
		ks = ks[n:]
	}
}
