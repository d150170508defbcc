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
func appendFrames(dst []byte, values []uint64, tier Tier) []byte {
	for len(values) > 0 {
		n := min(frameLen, len(values))
		dst = appendFrame(dst, values[:n], tier)
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

// hotPatchGain: in the hot tier a frame has patches only if they save one part in so many of it, because
// they take longer to read than all else in the frame. On the load generator's telemetry hot blocks
// are 2.8 % larger for it, and one frame in four has patches instead of two in three.
const hotPatchGain = 4

// planFrame finds the width for which frame and patches together take the fewest bytes.
func planFrame(values []uint64, tier Tier) framePlan {
	var counts [65]uint8 // values by bit length; 128 fits
	for _, v := range values {
		counts[bits.Len64(v)&127]++
	}
	widest := 64
	for widest > 0 && counts[widest] == 0 {
		widest--
	}
	plain := framePlan{width: widest, size: 1 + packedSize(len(values), widest)}
	best := plain
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
	if tier == Hot && (plain.size-best.size)*hotPatchGain < plain.size {
		return plain
	}
	return best
}

// framesSize is how many bytes appendFrames takes.
func framesSize(values []uint64, tier Tier) int {
	size := 0
	for len(values) > 0 {
		n := min(frameLen, len(values))
		size += planFrame(values[:n], tier).size
		values = values[n:]
	}
	return size
}

func appendFrame(dst []byte, values []uint64, tier Tier) []byte {
	plan := planFrame(values, tier)
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

// packedFrame is a frame as it lies in a block.
type packedFrame struct {
	width, highWidth int
	positions        []byte // of patches: they increase, which fits checks
	highBits         []byte // of the patches, and all that follows
	packed           []byte // of the values, and all that follows
}

// read steps over a frame of n values.
func (f *packedFrame) read(c *cursor, n int) {
	if c.err != nil || c.left() == 0 {
		c.byte() // fails
		return
	}
	src := c.src[c.pos:]
	f.width = int(src[0] &^ framePatched)
	f.positions = nil
	values := 1 // where they begin
	if src[0]&framePatched != 0 {
		if len(src) < 3 {
			c.fail("frame of %d bytes", len(src))
			return
		}
		count := int(src[1])
		f.highWidth = int(src[2])
		high := 3 + count
		values = high + packedSize(count, f.highWidth)
		if count > n || f.width+f.highWidth > 64 || values > len(src) {
			c.fail("%d patches of %d bits on %d values of %d bits", count, f.highWidth, n, f.width)
			return
		}
		f.positions, f.highBits = src[3:high], src[high:]
	}
	size := values + packedSize(n, f.width)
	if f.width > 64 || size > len(src) {
		c.fail("frame of %d values of %d bits in %d bytes", n, f.width, len(src))
		return
	}
	f.packed = src[values:]
	c.pos += size
}

// high is what patch i has above the width.
func (f *packedFrame) high(i int) uint64 {
	bit := i * f.highWidth
	if at := bit >> 3; f.highWidth <= 57 && at+8 <= len(f.highBits) {
		return binary.LittleEndian.Uint64(f.highBits[at:]) >> (bit & 7) & (1<<f.highWidth - 1)
	}
	r := bitReader{f.highBits, bit}
	return r.readLong(f.highWidth)
}

// fits reports whether patch i is for one of the n values, and for one behind that of the patch before.
func (f *packedFrame) fits(i, n int) bool {
	return int(f.positions[i]) < n && (i == 0 || f.positions[i] > f.positions[i-1])
}

// failPatch says that a patch does not fit.
func (c *cursor) failPatch(f *packedFrame, i, n int) {
	c.fail("patch at %d of %d values, in the order %d", f.positions[i], n, f.positions)
}

// decodeFrame reads one frame into dst, at most frameLen values.
func decodeFrame(dst []uint64, c *cursor) {
	var f packedFrame
	if f.read(c, len(dst)); c.err != nil {
		return
	}
	unpack(dst, f.packed, f.width)
	for i, p := range f.positions {
		if !f.fits(i, len(dst)) {
			c.failPatch(&f, i, len(dst))
			return
		}
		dst[p] |= f.high(i) << f.width
	}
}
