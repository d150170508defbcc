package codec

import (
	"encoding/binary"
	"math/bits"
)

// frameLen is how many values a frame holds: short enough that one frame's outliers do not widen
// many others, and 16 groups of 8 for the unpack kernels.
const frameLen = 128

// framePatched marks a frame header whose frame has patches. The low seven bits are the width.
const framePatched = 0x80

// A frame packs up to 128 values with the width that costs least; what is wider keeps its low bits
// in place and its high bits in patches. See docs/format/columns.md.

// appendFrames appends values as frames.
func appendFrames(dst []byte, values []uint64) []byte {
	for len(values) > 0 {
		n := min(frameLen, len(values))
		dst = appendFrame(dst, values[:n])
		values = values[n:]
	}
	return dst
}

// framePlan is the cheapest way to write a frame.
type framePlan struct {
	width   int // bits in place
	patches int // values that are wider
	high    int // bits of a patch beyond width
	size    int // bytes in all
}

// planFrame finds the width for which frame and patches together take the fewest bytes.
func planFrame(values []uint64) framePlan {
	var counts [65]uint8 // values by bit length; 128 fits
	for _, v := range values {
		counts[bits.Len64(v)&127]++
	}
	widest := 64
	for widest > 0 && counts[widest] == 0 {
		widest--
	}
	best := framePlan{width: widest, size: 1 + packedSize(len(values), widest)}
	wider := 0
	for w := widest - 1; w >= 0; w-- {
		wider += int(counts[w+1])
		// header, patch count, width of high bits, positions, high bits
		size := 3 + packedSize(len(values), w) + wider + packedSize(wider, widest-w)
		if size < best.size {
			best = framePlan{width: w, patches: wider, high: widest - w, size: size}
		}
		if wider > len(values)/4 {
			break // a quarter of positions costs more than it can save
		}
	}
	return best
}

// framesSize is how many bytes appendFrames takes.
func framesSize(values []uint64) int {
	size := 0
	for len(values) > 0 {
		n := min(frameLen, len(values))
		size += planFrame(values[:n]).size
		values = values[n:]
	}
	return size
}

func appendFrame(dst []byte, values []uint64) []byte {
	plan := planFrame(values)
	if plan.patches == 0 {
		dst = append(dst, byte(plan.width))
		return appendPacked(dst, values, plan.width)
	}
	dst = append(dst, byte(plan.width)|framePatched, byte(plan.patches), byte(plan.high))
	var low, high [frameLen]uint64
	mask := uint64(1)<<plan.width - 1
	p := 0
	for i, v := range values {
		low[i] = v & mask
		if h := v >> plan.width; h != 0 {
			dst = append(dst, byte(i))
			high[p] = h
			p++
		}
	}
	dst = appendPacked(dst, high[:p], plan.high)
	return appendPacked(dst, low[:len(values)], plan.width)
}

// decodeFrame reads one frame into dst, at most frameLen values.
func decodeFrame(dst []uint64, c *cursor) {
	header := c.byte()
	w := int(header &^ framePatched)
	if w > 64 {
		c.fail("frame width %d", w)
	}
	if header&framePatched == 0 {
		unpackNext(dst, c, w)
		return
	}
	count, highWidth := int(c.byte()), int(c.byte())
	if c.err == nil && (count > len(dst) || w+highWidth > 64) {
		c.fail("%d patches of %d bits on %d values of %d bits", count, highWidth, len(dst), w)
	}
	positions := c.bytes(count)
	high := bitReader{src: c.src[c.pos:]} // and all that follows
	c.bytes(packedSize(count, highWidth))
	unpackNext(dst, c, w)
	if c.err != nil {
		return
	}
	mask := uint64(1)<<highWidth - 1
	for _, p := range positions {
		if int(p) >= len(dst) {
			c.fail("patch at %d of %d values", p, len(dst))
			return
		}
		if at := high.pos >> 3; highWidth <= 57 && at+8 <= len(high.src) {
			dst[p] |= binary.LittleEndian.Uint64(high.src[at:]) >> (high.pos & 7) & mask << w
			high.pos += highWidth
		} else {
			dst[p] |= high.readLong(highWidth) << w
		}
	}
}

// unpackNext unpacks values from the cursor and steps over them.
func unpackNext(dst []uint64, c *cursor, w int) {
	src := c.src[c.pos:] // all that follows, for unpack
	if c.bytes(packedSize(len(dst), w)); c.err == nil {
		unpack(dst, src, w)
	}
}
