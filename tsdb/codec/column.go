package codec

import (
	"encoding/binary"
	"math"
)

// A column is a byte of flags, what they announce in the order of the constants, its summary, and
// its samples: a float stream, or chunks of native histograms.
const (
	columnKind       = 0x03 // Kind
	columnAlias      = 0x04 // only a varint follows: the same as the column so far before this one
	columnAxis       = 0x08 // varint: the axis; else it is the bitmap's, or the first
	columnBitmap     = 0x10 // varint: the bitmap of present rows; else every row is present
	columnStarts     = 0x20 // varint: length in bytes; start timestamps as an integer stream
	columnDifference = 0x40 // byte, after the summary: the samples are decimals whose integers are
	// stored less those of the column so far before this one
	columnSum = 0x80 // after the summary: addends; the samples are stored like differences, less the sum
)

// maxBack is how far before a column the one may stand that it leans on.
const maxBack = 255

// appendColumn appends column i of g.
func (e *Encoder) appendColumn(dst []byte, g *Group, i int, bitmapOf []int, tier Tier) []byte {
	c := &g.Columns[i]
	isFloat := c.Kind() == KindFloat
	if isFloat && c.Starts == nil {
		if j := e.twin(g, i, fingerprint(c.Floats), bitmapOf); j >= 0 {
			dst = append(dst, byte(KindFloat)|columnAlias)
			return binary.AppendUvarint(dst, uint64(i-j))
		}
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
	s := summarize(c.Floats)
	var buf [unitLooks]float64
	x, _ := commonExponent(looksOf(&buf, c.Floats))
	dst = appendSummary(dst, &s, c.samples(), x)
	if j := e.neighbour(g, i, bitmapOf); j >= 0 {
		if out, ok := e.appendDifference(dst, c.Floats, g.Columns[j].Floats, i-j, tier); ok {
			out[flagsAt] |= columnDifference
			return out
		}
	}
	if sum, ok := e.sums[i]; ok {
		if out, ok := e.appendSum(dst, g, i, sum, tier); ok {
			out[flagsAt] |= columnSum
			return out
		}
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

// fingerprint is a hash of some of the values; equal columns have the same.
func fingerprint(values []float64) uint64 {
	const looks = 64
	h := uint64(len(values))
	step := 1 + len(values)/looks
	for i := 0; i < len(values); i += step {
		h = (h ^ math.Float64bits(values[i])) * 0x9e3779b97f4a7c15 // 2^64 / golden ratio: spreads every bit upwards
		h ^= h >> 29
	}
	return h
}

// twin returns an earlier column that is the same as column i in all that is stored, or -1, and
// remembers column i for those to come.
func (e *Encoder) twin(g *Group, i int, print uint64, bitmapOf []int) int {
	j, ok := e.twins[print]
	if !ok {
		e.twins[print] = i
		return -1
	}
	if !g.sameRows(i, j, bitmapOf) || firstOtherBits(g.Columns[i].Floats, g.Columns[j].Floats) >= 0 {
		return -1
	}
	return j
}

// sameRows reports whether two columns have samples at the same times.
func (g *Group) sameRows(i, j int, bitmapOf []int) bool {
	return g.Columns[i].Axis == g.Columns[j].Axis && bitmapOf[i] == bitmapOf[j]
}

// firstOtherBits is the first index where columns of one length differ, or -1.
func firstOtherBits(a, b []float64) int {
	for i, v := range a {
		if math.Float64bits(v) != math.Float64bits(b[i]) {
			return i
		}
	}
	return -1
}

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
	_, apart := e.planInts(ks, tier)
	if apart >= alone {
		return dst, false
	}
	dst = append(dst, byte(back))
	return e.appendUnits(dst, whole, ks, values, tier), true
}
