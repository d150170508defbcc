package codec

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// A float stream is a header byte, what its kind needs, and one integer stream:
//
//	bits 0-3  kind
//	bit  4    the integers are m with k = m*gcd + rest: varints gcd and rest follow
//	bit  5    exceptions follow: values that are no such number
//
// Its length in values is known to the reader from elsewhere.
const (
	floatKind       = 0x0f
	floatGCD        = 0x10
	floatExceptions = 0x20
)

const (
	floatConstant byte = iota // one number
	floatDecimal              // byte e; the values are k/10^e
	floatBits                 // byte shift; the values are orderedBits k<<shift
	floatChanges              // bitmap of the rows whose value is new, and a float stream of those
)

// appendFloats appends a float stream of at least one value.
func (e *Encoder) appendFloats(dst []byte, values []float64, tier Tier) []byte {
	changes := countChanges(values)
	if changes == 0 {
		return appendConstant(dst, values[0])
	}
	if changes <= len(values)/sparseShare {
		return e.appendChanges(dst, values, tier)
	}
	return e.appendDense(dst, values, tier)
}

// sparseShare: a column is stored as its changes when at most one row in so many has one.
const sparseShare = 6

// countChanges is the number of values that differ (as bits) from the one before.
func countChanges(values []float64) int {
	n := 0
	last := math.Float64bits(values[0])
	for _, v := range values {
		b := math.Float64bits(v)
		if b != last {
			n++
		}
		last = b
	}
	return n
}

func appendConstant(dst []byte, v float64) []byte {
	x, ok := exponentOf(v, 0)
	if !ok {
		x = 0
	}
	dst = append(dst, floatConstant, byte(x))
	return appendNumber(dst, v, x)
}

// appendChanges stores where the values change, and the values there.
func (e *Encoder) appendChanges(dst []byte, values []float64, tier Tier) []byte {
	bitmap := make([]uint64, bitmapWords(len(values)))
	var distinct []float64
	for i, v := range values {
		if i == 0 || math.Float64bits(v) != math.Float64bits(values[i-1]) {
			bitmap[i/64] |= 1 << (i % 64)
			distinct = append(distinct, v)
		}
	}
	dst = append(dst, floatChanges)
	dst = e.appendBitmap(dst, bitmap, len(values), tier)
	return e.appendDense(dst, distinct, tier)
}

// appendDense stores every value.
func (e *Encoder) appendDense(dst []byte, values []float64, tier Tier) []byte {
	ks := grow(&e.values, len(values))
	if x, ok := e.decimals(ks, values); ok {
		return e.appendScaled(dst, floatDecimal, x, ks, values, tier)
	}
	shift := e.orderedBits(ks, values)
	return e.appendScaled(dst, floatBits, shift, ks, values, tier)
}

// orderedBits fills ks with the ordered bits of the values without the zeros that all end in, and
// e.exceptions with the rows that have no finite value. It returns the number of zeros.
func (e *Encoder) orderedBits(ks []int64, values []float64) (shift int) {
	e.exceptions = e.exceptions[:0]
	var last int64
	var all uint64
	for i, v := range values {
		if v-v != 0 {
			e.exceptions = append(e.exceptions, i)
		} else {
			last = orderedBits(v)
			all |= uint64(last)
		}
		ks[i] = last
	}
	shift = min(bits.TrailingZeros64(all), 63)
	for i := range ks {
		ks[i] >>= shift
	}
	return shift
}

// decimals fills ks with the values times 10^x, and e.exceptions with the rows where there is no
// such integer. It fails if these are more than a sixteenth.
func (e *Encoder) decimals(ks []int64, values []float64) (x int, ok bool) {
	x, ok = commonExponent(values)
	if !ok {
		return 0, false
	}
	for {
		worst := e.tryExponent(ks, values, x)
		if worst == x {
			return x, len(e.exceptions)*16 <= len(values)
		}
		x = worst
	}
}

// tryExponent fills ks and e.exceptions. If some value needs a little more than x, it returns that
// exponent instead, and the caller starts again.
func (e *Encoder) tryExponent(ks []int64, values []float64, x int) int {
	const reach = 3 // digits above the sample's that one value may add for all
	e.exceptions = e.exceptions[:0]
	last := int64(0)
	for i, v := range values {
		k, ok := toDecimal(v, x)
		if !ok {
			if y, ok := exponentOf(v, x+1); ok && y <= x+reach && y <= maxExponent {
				return y
			}
			e.exceptions = append(e.exceptions, i)
			k = last // costs nothing after a delta
		}
		ks[i] = k
		last = k
	}
	return x
}

// appendScaled writes a float stream whose integers are ks; param is the exponent or shift.
func (e *Encoder) appendScaled(dst []byte, kind byte, param int, ks []int64, values []float64, tier Tier) []byte {
	header := kind
	gcd, rest := commonDivisor(ks)
	if gcd > 1 {
		header |= floatGCD
		for i, k := range ks {
			ks[i] = (k - rest) / gcd
		}
	}
	if len(e.exceptions) > 0 {
		header |= floatExceptions
	}
	dst = append(dst, header, byte(param))
	if gcd > 1 {
		dst = binary.AppendUvarint(dst, uint64(gcd))
		dst = binary.AppendVarint(dst, rest)
	}
	if len(e.exceptions) > 0 {
		dst = appendExceptions(dst, e.exceptions, values)
	}
	return e.appendInts(dst, ks, tier)
}

// commonDivisor is the largest gcd so that every k is a multiple of it plus the same rest,
// 0 <= rest < gcd.
func commonDivisor(ks []int64) (gcd, rest int64) {
	var g uint64
	for _, k := range ks {
		d := k - ks[0]
		if d == math.MinInt64 {
			return 1, 0
		}
		if d < 0 {
			d = -d
		}
		// Differences that wrapped are no differences.
		if (k >= ks[0]) != (k-ks[0] >= 0) {
			return 1, 0
		}
		if g = greatestCommonDivisor(g, uint64(d)); g == 1 {
			return 1, 0
		}
	}
	gcd = int64(g)
	if gcd <= 1 {
		return 1, 0
	}
	rest = ks[0] % gcd
	if rest < 0 {
		rest += gcd
	}
	if ks[0] < 0 && slices.Min(ks) < math.MinInt64+rest {
		return 1, 0
	}
	return gcd, rest
}

func greatestCommonDivisor(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// readFloats decodes a float stream into dst.
func readFloats(dst []float64, c *cursor, tables *tableSet) {
	header := c.byte()
	switch header & floatKind {
	case floatConstant:
		v := c.number(c.length(maxExponent, "decimal exponent"))
		for i := range dst {
			dst[i] = v
		}
	case floatChanges:
		readChanges(dst, c, tables)
	case floatDecimal, floatBits:
		readScaled(dst, header, c, tables)
	default:
		c.fail("unknown kind %d of a float stream", header&floatKind)
	}
}

// readChanges decodes the distinct values into the front of dst and spreads them from the back.
func readChanges(dst []float64, c *cursor, tables *tableSet) {
	bitmap := c.bitmap(len(dst), tables)
	n := countBits(bitmap)
	if c.err == nil && (n == 0 || bitmap[0]&1 == 0) {
		c.fail("the first value of a column is no change")
	}
	if c.err != nil {
		return
	}
	if c.pos < len(c.src) && c.src[c.pos]&floatKind == floatChanges {
		c.fail("changes of changes")
		return
	}
	readFloats(dst[:n], c, tables)
	if c.err != nil {
		return
	}
	next := len(dst)
	for w := len(bitmap) - 1; w >= 0; w-- {
		for word := bitmap[w]; word != 0; {
			bit := 63 - bits.LeadingZeros64(word)
			word &^= 1 << bit
			n--
			v := dst[n]
			row := w*64 + bit
			for i := row; i < next; i++ {
				dst[i] = v
			}
			next = row
		}
	}
}

// readScaled decodes a stream of integers and turns them into values.
func readScaled(dst []float64, header byte, c *cursor, tables *tableSet) {
	s, exceptions := readScale(header, c, len(dst))
	ints := readInts(c, len(dst), tables)
	var ks [frameLen]int64
	for rest := dst; len(rest) > 0 && c.err == nil; {
		n := min(frameLen, len(rest))
		ints.next(ks[:n])
		s.multiply(ks[:n])
		s.apply(rest[:n], ks[:n])
		rest = rest[n:]
	}
	for _, x := range exceptions {
		dst[x.row] = x.value
	}
}

// readScale reads what stands between the header of a float stream of n values and its integers.
func readScale(header byte, c *cursor, n int) (scale, []exception) {
	s := scale{kind: header & floatKind, gcd: 1}
	s.param = int(c.byte())
	if s.kind == floatDecimal && s.param > maxExponent || s.param > 63 {
		c.fail("exponent or shift %d", s.param)
		s.param = 0
	}
	if header&floatGCD != 0 {
		s.gcd, s.rest = int64(c.uvarint()), c.varint()
	}
	if header&floatExceptions != 0 {
		return s, c.exceptions(n)
	}
	return s, nil
}

// scale turns the integers of a stream into values.
type scale struct {
	kind      byte
	param     int
	gcd, rest int64
}

// multiply undoes the division by the greatest common divisor.
func (s *scale) multiply(ks []int64) {
	if s.gcd != 1 || s.rest != 0 {
		for i, m := range ks {
			ks[i] = m*s.gcd + s.rest
		}
	}
}

// apply fills dst from ks.
func (s *scale) apply(dst []float64, ks []int64) {
	ks = ks[:len(dst)]
	switch {
	case s.kind == floatBits:
		for i, k := range ks {
			dst[i] = fromOrderedBits(k << s.param)
		}
	case s.param == 0:
		for i, k := range ks {
			dst[i] = float64(k)
		}
	default:
		divisor := powersOfTen[s.param]
		for i, k := range ks {
			dst[i] = float64(k) / divisor
		}
	}
}
