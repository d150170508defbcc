package codec

import (
	"encoding/binary"
)

// A column is a byte of flags, what they announce in the order of the constants, its summary, and
// its samples: a float stream, or chunks of native histograms. A column without a byte is the same as
// the one before it.
const (
	columnKind   = 0x03 // Kind
	columnAlias  = 0x04 // only a varint follows: the same as the column so far before this one
	columnAxis   = 0x08 // varint: the axis; else it is the bitmap's, or the first
	columnBitmap = 0x10 // varint: the bitmap of present rows; else every row is present
	columnStarts = 0x20 // varint: length in bytes; start timestamps as an integer stream
	columnLeans  = 0x40 // after the summary: how the samples lean on other columns, see lean.go
)

// appendColumn appends column i of g.
func (e *Encoder) appendColumn(dst []byte, g *Group, i int, bitmapOf []int, tier Tier) []byte {
	c := &g.Columns[i]
	if j := e.aliasOf[i]; j >= 0 {
		if i > 0 && (i-1 == j || e.aliasOf[i-1] == j) {
			return dst
		}
		dst = append(dst, byte(KindFloat)|columnAlias)
		return binary.AppendUvarint(dst, uint64(i-j))
	}
	flags := byte(c.Kind())
	if c.Axis != 0 && bitmapOf[i] < 0 {
		flags |= columnAxis
	}
	if bitmapOf[i] >= 0 {
		flags |= columnBitmap
	}
	if c.Starts != nil {
		flags |= columnStarts
	}
	flagsAt := len(dst)
	dst = append(dst, flags)
	if flags&columnAxis != 0 {
		dst = binary.AppendUvarint(dst, uint64(c.Axis))
	}
	if flags&columnBitmap != 0 {
		dst = binary.AppendUvarint(dst, uint64(bitmapOf[i]))
	}
	if c.Starts != nil {
		dst = e.appendStarts(dst, c.Starts, tier)
	}
	switch c.Kind() {
	case KindHistogram:
		dst = appendHistogramSummary(dst, c.samples(), func(i int) float64 { return c.Histograms[i].Sum })
		return e.appendHistograms(dst, c.Histograms, tier)
	case KindFloatHistogram:
		dst = appendHistogramSummary(dst, c.samples(), func(i int) float64 { return c.FloatHistograms[i].Sum })
		return e.appendFloatHistograms(dst, c.FloatHistograms, tier)
	}
	s := Summarize(c.Floats)
	var buf [unitLooks]float64
	x, _ := commonExponent(looksOf(&buf, c.Floats))
	dst = appendSummary(dst, &s, c.samples(), x)
	if out, ok := e.appendLeaning(dst, g, i, bitmapOf, tier); ok {
		out[flagsAt] |= columnLeans
		return out
	}
	return e.appendFloats(dst, c.Floats, tier)
}

// appendStarts appends start timestamps with their length in bytes, so that a reader of the samples
// steps over them.
func (e *Encoder) appendStarts(dst []byte, starts []int64, tier Tier) []byte {
	stream := e.appendInts(nil, starts, tier)
	dst = binary.AppendUvarint(dst, uint64(len(stream)))
	return append(dst, stream...)
}

// sameRows reports whether two columns have samples at the same times.
func (g *Group) sameRows(i, j int, bitmapOf []int) bool {
	return g.Columns[i].Axis == g.Columns[j].Axis && bitmapOf[i] == bitmapOf[j]
}
