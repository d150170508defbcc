package codec

import (
	"fmt"
	"slices"
)

// columnHead is what comes before a column's samples.
type columnHead struct {
	ColumnInfo
	present []uint64 // nil: every row
	starts  cursor   // over the start timestamps
	index   int      // the column, or the one it is an alias of
	back    int      // the samples are differences to the column so far before this one; 0: they are not
	isSum   bool     // the samples are differences to a sum of columns
	sum     addends
}

// column returns a cursor over a column, or over the one it is an alias of, and the index of that.
func (r *GroupReader) column(i int) (cursor, int) {
	c := r.cursor(r.columns[i])
	if len(c.src) == 0 || c.src[0]&columnAlias == 0 {
		return c, i
	}
	c.pos++
	back := c.length(i, "distance to an earlier column")
	if c.err == nil && back == 0 {
		c.fail("column is its own alias")
	}
	if c.done() != nil {
		return c, i
	}
	target := r.cursor(r.columns[i-back])
	if len(target.src) > 0 && target.src[0]&columnAlias != 0 {
		target.fail("alias of an alias")
	}
	return target, i - back
}

// columnHead reads column i up to its samples.
func (r *GroupReader) columnHead(c *cursor, i int) (h columnHead) {
	h.index = i
	flags := c.byte()
	h.Kind = Kind(flags & columnKind)
	h.HasStarts = flags&columnStarts != 0
	if h.Kind > KindFloatHistogram {
		c.fail("unknown flags %#x of a column", flags)
	}
	if flags&columnBitmap != 0 {
		i := c.length(len(r.bitmaps)-1, "bitmap")
		if c.err == nil {
			b := r.bitmap(i, c)
			h.Axis, h.Samples, h.present = b.axis, b.count, b.bits
		}
	} else {
		if flags&columnAxis != 0 {
			h.Axis = c.length(len(r.axes)-1, "axis")
		} else if len(r.axes) == 0 {
			c.fail("column without an axis")
		}
	}
	if c.err != nil {
		return h
	}
	axis, err := r.Axis(h.Axis)
	if err != nil {
		c.err = err
		return h
	}
	h.Rows = axis.Rows
	if h.present == nil {
		h.Samples = axis.Rows
	}
	if h.HasStarts {
		h.starts = c.sub(c.length(c.left(), "length of start timestamps"))
	}
	if h.Kind == KindFloat {
		h.Summary = c.summary(h.Samples)
	} else {
		h.Summary = c.histogramSummary(h.Samples)
	}
	if flags&columnDifference != 0 {
		h.back = int(c.byte())
		if c.err == nil && h.back == 0 {
			c.fail("column leans on itself")
		}
	}
	if h.isSum = flags&columnSum != 0; h.isSum {
		h.sum = c.addends(i, len(r.columns))
	}
	if (h.isSum || h.back > 0) && (h.isSum == (h.back > 0) || h.Kind != KindFloat) {
		c.fail("column of %v leans on others in flags %#x", h.Kind, flags)
	}
	return h
}

// samples returns a cursor over the samples of a column. An alias is followed: the head says to
// which column.
func (r *GroupReader) samples(i int) (cursor, columnHead) {
	c, i := r.column(i)
	return c, r.columnHead(&c, i)
}

// samplesOf is samples for a column that the caller takes to be of a kind.
func (r *GroupReader) samplesOf(i int, kind Kind) (cursor, columnHead) {
	c, h := r.samples(i)
	if c.err == nil && h.Kind != kind {
		c.err = fmt.Errorf("codec: column %d holds %v, not %v", i, h.Kind, kind)
	}
	return c, h
}

// Floats appends the samples of a float column to dst.
func (r *GroupReader) Floats(dst []float64, i int) ([]float64, error) {
	c, h := r.samplesOf(i, KindFloat)
	if c.err != nil {
		return dst, c.err
	}
	start := len(dst)
	dst = slices.Grow(dst, h.Samples)[:start+h.Samples]
	switch {
	case h.back > 0:
		r.difference(dst[start:], &c, &h)
	case h.isSum:
		r.sum(dst[start:], &c, &h)
	default:
		readFloats(dst[start:], &c, &r.tables)
	}
	if err := c.done(); err != nil {
		return dst[:start], err
	}
	return dst, nil
}

// integerColumn is a column that was decoded because another leans on it: its values as integers,
// and where a value is none the integer before it.
type integerColumn struct {
	index int
	ks    []int64 // nil: nothing is kept
}

// maxChain bounds how many columns lean on each other: more than any histogram has buckets.
const maxChain = 4096

// difference decodes a column whose integers are stored less those of the column h.back before it.
// That one may be such a difference too, so the whole chain is decoded from its start, or from the
// column that was decoded last.
func (r *GroupReader) difference(dst []float64, c *cursor, h *columnHead) {
	chain := []link{{*h, *c}}
	for !r.keeps(chain[len(chain)-1].head.index, len(dst)) {
		head := &chain[len(chain)-1].head
		if head.back == 0 {
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
		if head.back > head.index || len(chain) > maxChain {
			c.fail("difference to %d columns before column %d, in a chain of %d", head.back, head.index, len(chain))
			return
		}
		own, next := r.samples(head.index - head.back)
		if own.err == nil && (next.Kind != KindFloat || next.isSum || next.Samples != len(dst)) {
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
	for i, k := range ks {
		dst[i] = float64(k)
	}
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
	if c.err == nil && (header&floatKind != floatUnits || header&floatUlps != 0 || s.unit.perUnit() != 1) {
		c.fail("differences with header %#x and unit %+v", header, s.unit)
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
