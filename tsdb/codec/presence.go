package codec

import (
	"encoding/binary"
	"math/bits"
)

// A bitmap over a known number of rows is stored in the shortest of three forms:
//
//	bitmapGaps    varint m, then an integer stream of m distances between set bits
//	bitmapHoles   the same for the clear bits
//	bitmapRaw     the words, 8 bytes each, cut to whole bytes
//
// It serves for the rows that a column has, and for the rows where a column changes.
const (
	bitmapGaps byte = iota
	bitmapHoles
	bitmapRaw
)

// appendBitmap appends a bitmap over rows rows.
func (e *Encoder) appendBitmap(dst []byte, bitmap []uint64, rows int, tier Tier) []byte {
	set := countBits(bitmap)
	form, m := bitmapGaps, set
	if set > rows/2 {
		form, m = bitmapHoles, rows-set
	}
	start := len(dst)
	dst = append(dst, form)
	dst = binary.AppendUvarint(dst, uint64(m))
	if m > 0 {
		e.gaps = gapsOf(e.gaps[:0], bitmap, rows, form == bitmapHoles)
		dst = e.appendInts(dst, e.gaps, tier)
	}
	if len(dst)-start <= 1+(rows+7)/8 {
		return dst
	}
	dst = append(dst[:start], bitmapRaw)
	for i := 0; i < rows; i += 8 {
		dst = append(dst, byte(bitmap[i/64]>>(i%64)))
	}
	return dst
}

// gapsOf appends, for each bit that is set (or clear, with holes), how many rows lie between it and
// the one before.
func gapsOf(dst []int64, bitmap []uint64, rows int, holes bool) []int64 {
	last := -1
	for w, word := range bitmap {
		if holes {
			word = ^word
		}
		for ; word != 0; word &= word - 1 {
			i := w*64 + bits.TrailingZeros64(word)
			if i >= rows {
				break
			}
			dst = append(dst, int64(i-last-1))
			last = i
		}
	}
	return dst
}

// bitmap reads a bitmap over rows rows.
func (c *cursor) bitmap(rows int, tables *tableSet) []uint64 {
	bitmap := make([]uint64, bitmapWords(rows))
	c.readBitmap(bitmap, rows, tables)
	return bitmap
}

// readBitmap reads a bitmap over rows rows into words that are all zero.
func (c *cursor) readBitmap(bitmap []uint64, rows int, tables *tableSet) {
	form := c.byte()
	switch form {
	case bitmapRaw:
		for i, b := range c.bytes((rows + 7) / 8) {
			bitmap[i/8] |= uint64(b) << (i % 8 * 8)
		}
		if rows%64 != 0 && bitmap[len(bitmap)-1]>>(rows%64) != 0 {
			c.fail("bitmap has bits beyond row %d", rows)
		}
	case bitmapGaps, bitmapHoles:
		m := c.length(rows, "number of bits")
		if m > 0 {
			c.setGaps(bitmap, rows, m, tables)
		}
		if form == bitmapHoles {
			invert(bitmap, rows)
		}
	default:
		c.fail("unknown form %d of a bitmap", form)
	}
}

// setGaps reads m gaps and sets the bits they lead to.
func (c *cursor) setGaps(bitmap []uint64, rows, m int, tables *tableSet) {
	var gaps intReader
	gaps.open(c, m, tables)
	var buf [frameLen]int64
	row := int64(-1)
	var word uint64 // bits of bitmap[at] so far
	at := int64(0)
	for m > 0 && c.err == nil {
		n := min(frameLen, m)
		gaps.next(c, buf[:n])
		for _, gap := range buf[:n] {
			if gap < 0 || gap >= int64(rows)-row-1 {
				c.fail("bitmap gap %d after row %d of %d", gap, row, rows)
				return
			}
			row += gap + 1
			if row>>6 != at {
				bitmap[at] = word
				word, at = 0, row>>6
			}
			word |= 1 << (row & 63)
		}
		m -= n
	}
	bitmap[at] = word
}

// invert flips the bits of all rows.
func invert(bitmap []uint64, rows int) {
	for i := range bitmap {
		bitmap[i] = ^bitmap[i]
	}
	if rows%64 != 0 {
		bitmap[len(bitmap)-1] &= 1<<(rows%64) - 1
	}
}
