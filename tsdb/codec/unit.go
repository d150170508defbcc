package codec

import (
	"encoding/binary"
	"math"
)

// unitKind is how an exporter made a float of an integer. Each kind rounds in its own way, and only
// the right one meets the value bit for bit.
type unitKind uint8

const (
	unitDecimal   unitKind = iota // k / 10^e: what text and strconv give
	unitProduct                   // k * 10^-e: a multiplication by 0.001
	unitThousands                 // k / 1000 / 1000 …, e/3 times
	unitNarrow                    // k / 10^e, rounded to a float32
	unitRatio                     // k / n: shares of a whole
	unitRest                      // 1 - k / n: what is left of a whole
	unitKinds
)

// maxExponent is the largest decimal exponent: no float64 whose integer fits into 62 bits needs
// more digits. All powers of ten up to it are exact in a float64.
const maxExponent = 18

// maxRatio bounds the whole of a ratio. Above it a fraction can be found for any float64.
const maxRatio = 1 << 30

var powersOfTen = [maxExponent + 1]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
}

var tenths = [maxExponent + 1]float64{
	1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9,
	1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15, 1e-16, 1e-17, 1e-18,
}

// unit maps integers to floats and back.
type unit struct {
	kind     unitKind
	exponent int   // of all kinds but ratios
	whole    int64 // of unitRatio and unitRest
}

func (u unit) isRatio() bool { return u.kind == unitRatio || u.kind == unitRest }

// perUnit is the number by which a value is multiplied to get near its integer.
func (u unit) perUnit() float64 {
	if u.isRatio() {
		return float64(u.whole)
	}
	return powersOfTen[u.exponent]
}

// value is the float that stands for k.
func (u unit) value(k int64) float64 {
	v := float64(k)
	switch u.kind {
	case unitDecimal:
		// A division is correctly rounded, so every decimal is met; a multiplication would not do.
		return v / powersOfTen[u.exponent]
	case unitProduct:
		return v * tenths[u.exponent]
	case unitThousands:
		for range u.exponent / 3 {
			v /= 1000
		}
		return v
	case unitNarrow:
		return float64(float32(v / powersOfTen[u.exponent]))
	case unitRest:
		return 1 - v/float64(u.whole)
	}
	return v / float64(u.whole)
}

// values fills dst with the floats for ks.
func (u unit) values(dst []float64, ks []int64) {
	ks = ks[:len(dst)]
	switch {
	case u.divides() && u.perUnit() == 1:
		for i, k := range ks {
			dst[i] = float64(k)
		}
	case u.divides():
		divisor := u.perUnit()
		for i, k := range ks {
			dst[i] = float64(k) / divisor
		}
	case u.kind == unitProduct:
		factor := tenths[u.exponent]
		for i, k := range ks {
			dst[i] = float64(k) * factor
		}
	default:
		for i, k := range ks {
			dst[i] = u.value(k)
		}
	}
}

// divides reports whether values are integers divided by perUnit.
func (u unit) divides() bool { return u.kind == unitDecimal || u.kind == unitRatio }

// nearest is the integer whose value is nearest to v; false if it does not fit into 62 bits.
func (u unit) nearest(v float64) (int64, bool) {
	if u.kind == unitRest {
		v = 1 - v
	}
	scaled := v * u.perUnit()
	if !(math.Abs(scaled) < 1<<62) { // NaN too
		return 0, false
	}
	return int64(math.RoundToEven(scaled)), true
}

// integer finds k so that value(k) has the same bits as v.
func (u unit) integer(v float64) (int64, bool) {
	k, ok := u.nearest(v)
	return k, ok && math.Float64bits(u.value(k)) == math.Float64bits(v)
}

// integers fills ks with the integers of the values. Where there is none it repeats the one before,
// which costs nothing after a difference, and appends the row to exceptions.
func (u unit) integers(ks []int64, values []float64, exceptions []int) []int {
	last := int64(0)
	if u.kind == unitDecimal && u.exponent == 0 {
		for i, v := range values {
			k := int64(v)
			if math.Float64bits(float64(k)) != math.Float64bits(v) || k >= 1<<62 || k <= -1<<62 {
				exceptions = append(exceptions, i)
				k = last
			}
			ks[i] = k
			last = k
		}
		return exceptions
	}
	for i, v := range values {
		k, ok := u.integer(v)
		if !ok {
			exceptions = append(exceptions, i)
			k = last
		}
		ks[i] = k
		last = k
	}
	return exceptions
}

// append appends the unit: a byte kind*32 + e, or for a ratio kind*32 and the varint n.
func (u unit) append(dst []byte) []byte {
	if u.isRatio() {
		return binary.AppendUvarint(append(dst, byte(u.kind)<<5), uint64(u.whole))
	}
	return append(dst, byte(u.kind)<<5|byte(u.exponent))
}

// unit reads a unit.
func (c *cursor) unit() unit {
	b := c.byte()
	u := unit{kind: unitKind(b >> 5), exponent: int(b & 31), whole: 1}
	if u.kind >= unitKinds || u.exponent > maxExponent {
		c.fail("unknown unit %#x", b)
		return unit{}
	}
	if u.isRatio() {
		u.whole = int64(c.length(maxRatio, "whole of a ratio"))
	}
	return u
}
