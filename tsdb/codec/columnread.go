package codec

import (
	"fmt"
	"slices"
)

// columnHead is what comes before a column's samples.
type columnHead struct {
	Kind          Kind
	Axis          int
	Rows, Samples int
	HasStarts     bool
	present       []uint64 // nil: every row
	starts        cursor   // over the start timestamps
	index         int      // the column, or the one it is an alias of
	lean          lean
}

// column returns a cursor over a column, or over the one it is an alias of, and the index of that.
func (r *GroupReader) column(i int) (cursor, int) {
	i = int(r.full[i])
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

// columnHead reads column i up to its samples, and the summary where it is wanted.
func (r *GroupReader) columnHead(h *columnHead, summary *Summary, c *cursor, i int) {
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
		return
	}
	axis, err := r.Axis(h.Axis)
	if err != nil {
		c.err = err
		return
	}
	h.Rows = axis.Rows
	if h.present == nil {
		h.Samples = axis.Rows
	}
	if h.HasStarts {
		h.starts = c.sub(c.length(c.left(), "length of start timestamps"))
	}
	switch {
	case h.Kind != KindFloat:
		s := c.histogramSummary(h.Samples)
		if summary != nil {
			*summary = s
		}
	case summary != nil:
		*summary = c.summary(h.Samples)
	default:
		c.skipSummary()
	}
	if flags&columnLeans != 0 {
		if h.lean = c.lean(i, len(r.columns)); h.Kind != KindFloat {
			c.fail("column of %v leans on others", h.Kind)
		}
	}
}

// samples reads the head of a column and returns a cursor over its samples. An alias is followed: the
// head says to which column.
func (r *GroupReader) samples(h *columnHead, i int) cursor {
	c, i := r.column(i)
	r.columnHead(h, nil, &c, i)
	return c
}

// samplesOf is samples for a column that the caller takes to be of a kind.
func (r *GroupReader) samplesOf(h *columnHead, i int, kind Kind) cursor {
	c := r.samples(h, i)
	if c.err == nil && h.Kind != kind {
		c.err = fmt.Errorf("codec: column %d holds %v, not %v", i, h.Kind, kind)
	}
	return c
}

// Floats appends the samples of a float column to dst.
func (r *GroupReader) Floats(dst []float64, i int) ([]float64, error) {
	var h columnHead
	c := r.samplesOf(&h, i, KindFloat)
	if c.err != nil {
		return dst, c.err
	}
	start := len(dst)
	dst = slices.Grow(dst, h.Samples)[:start+h.Samples]
	switch h.lean.kind {
	case leanNot:
		if h.index != i && c.isWhole() {
			r.difference(dst[start:], &c, &h) // of nothing: the integers are kept for other aliases
			break
		}
		readFloats(dst[start:], &c, &r.tables)
	case leanDifference, leanShortfall:
		r.difference(dst[start:], &c, &h)
	case leanSum:
		r.sum(dst[start:], &c, &h)
	case leanProduct:
		r.product(dst[start:], &c, &h)
	case leanMultiple:
		r.multiple(dst[start:], &c, &h)
	}
	if err := c.done(); err != nil {
		return dst[:start], err
	}
	return dst, nil
}

// leading decodes a column of so many floats that another one leans on. It may be a difference
// itself, which is a chain and ends, and where the other is none, a multiple; sums of sums could take
// forever to read.
func (r *GroupReader) leading(dst []float64, i int, multiples bool) error {
	var h columnHead
	c := r.samples(&h, i)
	mayLead := h.lean.kind <= leanShortfall || multiples && h.lean.kind == leanMultiple
	if c.err == nil && (h.Kind != KindFloat || h.Samples != len(dst) || !mayLead) {
		c.fail("column %d of %d %v cannot lead one of %d floats", i, h.Samples, h.Kind, len(dst))
	}
	if c.err != nil {
		return c.err
	}
	switch {
	case h.lean.chained():
		r.difference(dst, &c, &h)
	case h.lean.kind == leanMultiple:
		r.multiple(dst, &c, &h)
	default:
		readFloats(dst, &c, &r.tables)
	}
	return c.done()
}
