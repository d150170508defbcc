package codec

import (
	"encoding/binary"
	"slices"
)

// A block is
//
//	"HCB" and the version; varints: how many axes, bitmaps, columns, tables;
//	a varint for the length in bytes of each of these, in this order; then they themselves.
//
// A bitmap is the varint of its axis and the bitmap. A column starts with a byte of flags.
const (
	magic   = "HCB"
	version = 1
)

const (
	columnKind   = 0x03 // Kind
	columnAxis   = 0x04 // varint: the axis; else it is the bitmap's, or the first
	columnBitmap = 0x08 // varint: the bitmap of present rows; else every row is present
	columnStarts = 0x10 // start timestamps: a varint with their length in bytes, and an integer stream
	columnAlias  = 0x20 // varint: an earlier column with the same samples; its content is this one's
)

// Encoder writes blocks. It keeps working memory between blocks, so one Encoder per goroutine that
// writes many is the way to use it. The zero value is ready. It is not safe for concurrent use.
type Encoder struct {
	body    []byte     // items in the order of the directory
	sizes   []int      // their lengths
	bitmaps [][]uint64 // distinct presence bitmaps of the block
	owner   []int      // for each bitmap its axis

	tables  []*table // entropy tables of the block
	offered *table   // a table that chooseTable made and nobody has taken yet

	// Working memory of one stream.
	leave                           []tansBits
	side                            []byte
	values, residuals, gaps, sorted []int64
	mapped                          []uint64
	exceptions                      []int
}

// Append appends the block of g to dst. An error means that g is not a valid group (see Group and
// Column); dst is then returned as it came.
func (e *Encoder) Append(dst []byte, g *Group, tier Tier) ([]byte, error) {
	if err := g.check(); err != nil {
		return dst, err
	}
	e.body, e.sizes, e.bitmaps, e.owner = e.body[:0], e.sizes[:0], e.bitmaps[:0], e.owner[:0]
	e.tables = e.tables[:0]
	for _, times := range g.Times {
		e.body = e.appendTimes(e.body, times, tier)
		e.endItem()
	}
	bitmapOf := e.collectBitmaps(g)
	for i, bitmap := range e.bitmaps {
		e.body = binary.AppendUvarint(e.body, uint64(e.owner[i]))
		e.body = e.appendBitmap(e.body, bitmap, len(g.Times[e.owner[i]]), tier)
		e.endItem()
	}
	for i := range g.Columns {
		e.body = e.appendColumn(e.body, &g.Columns[i], bitmapOf[i], tier)
		e.endItem()
	}
	for _, t := range e.tables {
		e.body = t.append(e.body)
		e.endItem()
	}
	dst = append(dst, magic...)
	dst = append(dst, version)
	for _, n := range []int{len(g.Times), len(e.bitmaps), len(g.Columns), len(e.tables)} {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	for _, size := range e.sizes {
		dst = binary.AppendUvarint(dst, uint64(size))
	}
	return append(dst, e.body...), nil
}

// endItem notes that an item of the directory ends here.
func (e *Encoder) endItem() {
	size := len(e.body)
	for _, s := range e.sizes {
		size -= s
	}
	e.sizes = append(e.sizes, size)
}

// collectBitmaps finds the distinct presence bitmaps and returns for each column the index of its,
// or -1.
func (e *Encoder) collectBitmaps(g *Group) []int {
	of := make([]int, len(g.Columns))
	for i := range g.Columns {
		c := &g.Columns[i]
		of[i] = -1
		if c.samples() == len(g.Times[c.Axis]) {
			continue
		}
		for j, bitmap := range e.bitmaps {
			if e.owner[j] == c.Axis && slices.Equal(bitmap, c.Present) {
				of[i] = j
				break
			}
		}
		if of[i] < 0 {
			of[i] = len(e.bitmaps)
			e.bitmaps = append(e.bitmaps, c.Present)
			e.owner = append(e.owner, c.Axis)
		}
	}
	return of
}

func (e *Encoder) appendColumn(dst []byte, c *Column, bitmap int, tier Tier) []byte {
	flags := byte(c.Kind())
	if c.Axis != 0 && bitmap < 0 {
		flags |= columnAxis
	}
	if bitmap >= 0 {
		flags |= columnBitmap
	}
	if c.Starts != nil {
		flags |= columnStarts
	}
	dst = append(dst, flags)
	if flags&columnAxis != 0 {
		dst = binary.AppendUvarint(dst, uint64(c.Axis))
	}
	if bitmap >= 0 {
		dst = binary.AppendUvarint(dst, uint64(bitmap))
	}
	if c.Starts != nil {
		dst = e.appendStarts(dst, c.Starts, tier)
	}
	switch c.Kind() {
	case KindFloat:
		s := summarize(c.Floats)
		x, _ := commonExponent(c.Floats)
		dst = appendSummary(dst, &s, c.samples(), x)
		dst = e.appendFloats(dst, c.Floats, tier)
	case KindHistogram:
		dst = appendHistogramSummary(dst, c.samples(), func(i int) float64 { return c.Histograms[i].Sum })
		dst = e.appendHistograms(dst, c.Histograms, tier)
	case KindFloatHistogram:
		dst = appendHistogramSummary(dst, c.samples(), func(i int) float64 { return c.FloatHistograms[i].Sum })
		dst = e.appendFloatHistograms(dst, c.FloatHistograms, tier)
	}
	return dst
}

// appendStarts appends start timestamps with their length in bytes, so that a reader of the samples
// steps over them.
func (e *Encoder) appendStarts(dst []byte, starts []int64, tier Tier) []byte {
	e.side = e.appendInts(e.side[:0], starts, tier)
	dst = binary.AppendUvarint(dst, uint64(len(e.side)))
	return append(dst, e.side...)
}
