package codec

// readFloats decodes a float stream into dst.
func readFloats(dst []float64, c *cursor, tables *tableSet) {
	header := c.byte()
	switch header & floatKind {
	case floatConstant:
		v := c.number(c.length(maxExponent, "decimal exponent"))
		fill(dst, v)
	case floatChanges:
		readChanges(dst, c, tables)
	case floatUnits, floatWhole:
		readUnits(dst, header, c, tables)
	case floatBits:
		readBits(dst, header, c, tables)
	default:
		c.fail("unknown kind %d of a float stream", header&floatKind)
	}
}

// fill sets all values to v.
func fill[T int64 | float64](dst []T, v T) {
	const first = 16 // then copying, which the runtime does in vectors, is faster
	for i := range min(first, len(dst)) {
		dst[i] = v
	}
	for n := first; n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
}

// readChanges decodes the distinct values and spreads them to their rows.
func readChanges(dst []float64, c *cursor, tables *tableSet) {
	var short rowBitmap
	bitmap := short.of(len(dst))
	if n := readDistinct(dst, bitmap, c, tables); c.err == nil {
		spread(dst, n, bitmap)
	}
}

// rowBitmap has room for a bitmap over the rows of nearly all blocks.
type rowBitmap [1 << 13 / 64]uint64

// of returns a bitmap over rows rows.
func (b *rowBitmap) of(rows int) []uint64 {
	if words := bitmapWords(rows); words <= len(b) {
		return b[:words]
	}
	return make([]uint64, bitmapWords(rows))
}

// readDistinct decodes changes to the front of dst and returns how many they are. The bitmap, all zero
// before, tells their rows.
func readDistinct(dst []float64, bitmap []uint64, c *cursor, tables *tableSet) int {
	c.readBitmap(bitmap, len(dst), tables)
	n := countBits(bitmap)
	if c.err == nil && (n == 0 || bitmap[0]&1 == 0) {
		c.fail("the first value of a column is no change")
	}
	if c.err != nil {
		return 0
	}
	if c.left() > 0 && c.src[c.pos]&floatKind == floatChanges {
		c.fail("changes of changes")
		return 0
	}
	readFloats(dst[:n], c, tables)
	return n
}

// readUnits decodes the integers of a stream and turns them into values.
func readUnits(dst []float64, header byte, c *cursor, tables *tableSet) {
	var s scale
	s.read(header, c, len(dst))
	var ulps intReader
	var own cursor
	if header&floatUlps != 0 {
		own = c.sub(c.length(c.left(), "length of the distances in ulps"))
		ulps.open(&own, len(dst), tables)
	}
	var ints intReader
	ints.open(c, len(dst), tables)
	ints.job.scales(&s)
	var ks [frameLen]int64
	for rest := dst; len(rest) > 0 && c.err == nil; {
		n := min(frameLen, len(rest))
		ints.nextFloats(c, rest[:n], &s, ks[:])
		if header&floatUlps != 0 {
			ulps.next(&own, ks[:n])
			addUlps(rest[:n], ks[:n])
		}
		rest = rest[n:]
	}
	if c.err == nil && own.src != nil {
		c.err = own.done()
	}
	s.except(dst)
}

// readBits decodes values that are stored by their bits.
func readBits(dst []float64, header byte, c *cursor, tables *tableSet) {
	shift := c.length(63, "shift")
	var s scale
	if header&floatExceptions != 0 {
		s.exceptions = c.exceptions(len(dst))
	}
	var ints intReader
	ints.open(c, len(dst), tables)
	ints.job.steps, ints.job.shift = stepBits, int64(shift)
	var ks [frameLen]int64
	for rest := dst; len(rest) > 0 && c.err == nil; {
		n := min(frameLen, len(rest))
		ints.nextBits(c, rest[:n], shift, ks[:])
		rest = rest[n:]
	}
	s.except(dst)
}

// bitsValues fills dst with the floats of which ks are the ordered bits without the last shift zeros.
func bitsValues(dst []float64, ks []int64, shift int) {
	if kernels != levelGo {
		done := bitsGroups(dst, ks, shift) * groupLen
		dst, ks = dst[done:], ks[done:]
	}
	for i, k := range ks {
		dst[i] = fromOrderedBits(k << shift)
	}
}

// scale is what stands between the header of a stream of units and its integers.
type scale struct {
	unit       unit
	gcd, rest  int64
	exceptions []exception
}

// read reads the scale of a stream of n values.
func (s *scale) read(header byte, c *cursor, n int) {
	s.gcd = 1
	if header&floatKind == floatUnits {
		s.unit = c.unit()
	}
	if header&floatGCD != 0 {
		s.gcd, s.rest = int64(c.uvarint()), c.varint()
	}
	if header&floatExceptions != 0 {
		s.exceptions = c.exceptions(n)
	}
}

// values fills dst with the floats for ks, which it may change.
func (s *scale) values(dst []float64, ks []int64) {
	if kernels != levelGo && s.unit.divides() {
		done := scaleGroups(dst, ks, s, s.unit.perUnit()) * groupLen
		dst, ks = dst[done:], ks[done:]
	}
	s.multiply(ks)
	s.unit.values(dst, ks)
}

// multiply undoes the division by the greatest common divisor.
func (s *scale) multiply(ks []int64) {
	if s.gcd != 1 || s.rest != 0 {
		for i, m := range ks {
			ks[i] = m*s.gcd + s.rest
		}
	}
}

// except puts the exceptions where they belong.
func (s *scale) except(dst []float64) {
	for _, x := range s.exceptions {
		dst[x.row] = x.value
	}
}
