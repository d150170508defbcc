package codec

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// A float stream is a header byte, what its kind needs, and one or two integer streams:
//
//	bits 0-3  kind
//	bit  4    the integers are m with k = m*gcd + rest: varints gcd and rest follow
//	bit  5    exceptions follow: values that are no such number
//	bit  6    the values are some ulps away from their integers': varint length in bytes, and an
//	          integer stream of the distances
//
// Its length in values is known to the reader from elsewhere.
const (
	floatKind       = 0x0f
	floatGCD        = 0x10
	floatExceptions = 0x20
	floatUlps       = 0x40
)

const (
	floatConstant byte = iota // one value: byte e and a number
	floatUnits                // a unit; the values are those of integers
	floatBits                 // byte shift; the values are orderedBits k<<shift
	floatChanges              // bitmap of the rows whose value is new, and a float stream of those
	floatWhole                // like floatUnits without a unit: the values are the integers
)

// sparseShare: a column is stored as its changes when at most one row in so many has one. Measured on
// scrapes of a node exporter and of Prometheus: 2, 6 and 12 are up to 9 % larger.
const sparseShare = 3

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
	x, _ := decimalExponent(v)
	dst = append(dst, floatConstant, byte(x))
	return appendNumber(dst, v, x)
}

// appendChanges stores where the values change, and the values there.
func (e *Encoder) appendChanges(dst []byte, values []float64, tier Tier) []byte {
	bitmap := make([]uint64, bitmapWords(len(values)))
	distinct := e.distinct[:0]
	for i, v := range values {
		if i == 0 || math.Float64bits(v) != math.Float64bits(values[i-1]) {
			bitmap[i/64] |= 1 << (i % 64)
			distinct = append(distinct, v)
		}
	}
	e.distinct = distinct
	dst = append(dst, floatChanges)
	dst = e.appendBitmap(dst, bitmap, len(values), tier)
	return e.appendDense(dst, distinct, tier)
}

// appendDense stores every value.
func (e *Encoder) appendDense(dst []byte, values []float64, tier Tier) []byte {
	var buf [unitLooks]float64
	looks := looksOf(&buf, values)
	ks := grow(&e.values, len(values))
	if u, ok := exactUnit(looks); ok {
		if u, ok = e.integers(ks, values, u); ok {
			return e.appendUnits(dst, u, ks, values, tier)
		}
	}
	if u, ok := e.nearUnit(values, tier); ok {
		return e.appendNear(dst, u, values, tier)
	}
	return e.appendBits(dst, values, tier)
}

// integers fills ks and e.exceptions. If some value needs a few digits more than the looks did, it
// starts again with a larger exponent, which it returns. It fails if too many values are exceptions.
func (e *Encoder) integers(ks []int64, values []float64, u unit) (unit, bool) {
	const reach = 3 // digits that one value may add for all
	for {
		e.exceptions = u.integers(ks, values, e.exceptions[:0])
		worst := u.exponent
		if u.kind == unitDecimal {
			for _, row := range e.exceptions {
				if x, ok := decimalExponent(values[row]); ok && x > worst && x <= u.exponent+reach {
					worst = x
				}
			}
		}
		if worst == u.exponent {
			return u, most(len(values)-len(e.exceptions), len(values))
		}
		u.exponent = worst
	}
}

// appendUnits writes values that are those of the integers ks but for e.exceptions.
func (e *Encoder) appendUnits(dst []byte, u unit, ks []int64, values []float64, tier Tier) []byte {
	header := floatUnits
	if u == (unit{}) {
		header = floatWhole
	}
	gcd, rest := divide(ks)
	if gcd > 1 {
		header |= floatGCD
	}
	if len(e.exceptions) > 0 {
		header |= floatExceptions
	}
	dst = append(dst, header)
	if header&floatKind == floatUnits {
		dst = u.append(dst)
	}
	if gcd > 1 {
		dst = binary.AppendUvarint(dst, uint64(gcd))
		dst = binary.AppendVarint(dst, rest)
	}
	if len(e.exceptions) > 0 {
		dst = appendExceptions(dst, e.exceptions, values)
	}
	return e.appendInts(dst, ks, tier)
}

// appendBits writes values by their bits.
func (e *Encoder) appendBits(dst []byte, values []float64, tier Tier) []byte {
	ks := grow(&e.values, len(values))
	shift := e.orderedBits(ks, values)
	header := floatBits
	if len(e.exceptions) > 0 {
		header |= floatExceptions
	}
	dst = append(dst, header, byte(shift))
	if len(e.exceptions) > 0 {
		dst = appendExceptions(dst, e.exceptions, values)
	}
	return e.appendInts(dst, ks, tier)
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
