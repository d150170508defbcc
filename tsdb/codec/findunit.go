package codec

import (
	"math"
	"math/bits"
)

// How the unit of a column is found. A wrong choice costs bytes, never correctness.

// unitLooks is how many values of a column the search looks at.
const unitLooks = 64

// maxDigits bounds the integers when an exponent is looked for: with 16 digits and more, numbers
// that are no decimals at all start to look like some.
const maxDigits = 1e15

// decimalExponent is the smallest exponent with which v is a decimal of at most 15 digits.
func decimalExponent(v float64) (int, bool) {
	for e := 0; e <= maxExponent; e++ {
		k, ok := unit{exponent: e}.integer(v)
		if k > maxDigits || k < -maxDigits {
			return 0, false
		}
		if ok {
			return e, true
		}
	}
	return 0, false
}

// looksOf picks finite values from all over the column.
func looksOf(dst *[unitLooks]float64, values []float64) []float64 {
	n := 0
	step := 1 + (len(values)-1)/unitLooks
	for i := 0; i < len(values); i += step {
		if v := values[i]; v-v == 0 {
			dst[n] = v
			n++
		}
	}
	return dst[:n]
}

// most reports whether n of all is enough for a unit: the others become exceptions, of which each
// costs ten bytes.
func most(n, all int) bool { return n*16 >= all*15 }

// exactUnit returns a unit that meets most of the looks bit for bit, if there is one.
func exactUnit(looks []float64) (unit, bool) {
	if len(looks) == 0 {
		return unit{}, true // a column of NaNs and infinities: any unit will do
	}
	if e, ok := commonExponent(looks); ok {
		return unit{exponent: e}, true
	}
	for e := 1; e <= 9; e++ {
		u := unit{kind: unitProduct, exponent: e}
		if u.meetsMost(looks) {
			return u, true
		}
	}
	for e := 6; e <= 9; e += 3 {
		u := unit{kind: unitThousands, exponent: e}
		if u.meetsMost(looks) {
			return u, true
		}
	}
	if isNarrow(looks) {
		for e := 1; e <= 9; e++ {
			u := unit{kind: unitNarrow, exponent: e}
			if u.meetsMost(looks) {
				return u, true
			}
		}
	}
	if u, ok := binaryOf(looks); ok && u.meetsMost(looks) {
		return u, true
	}
	if u, ok := ratioOf(looks); ok && u.meetsMost(looks) {
		return u, true
	}
	var rests [unitLooks]float64
	for i, v := range looks {
		rests[i] = 1 - v
	}
	if u, ok := ratioOf(rests[:len(looks)]); ok {
		u.kind = unitRest
		return u, u.meetsMost(looks)
	}
	return unit{}, false
}

// binaryOf finds the power of two that divides the looks. Differences of clock readings are such
// numbers: a time of today in seconds has 22 bits for the fraction.
func binaryOf(looks []float64) (unit, bool) {
	const finest = 30
	places := 0
	for _, v := range looks {
		if v == 0 {
			continue
		}
		fraction, exponent := math.Frexp(v)
		lowest := exponent - 53 + bits.TrailingZeros64(uint64(int64(fraction*(1<<53))))
		if places = max(places, -lowest); places > finest {
			return unit{}, false
		}
	}
	return unit{kind: unitRatio, whole: 1 << places}, places > 0
}

// commonExponent is the smallest exponent that makes decimals of most looks.
func commonExponent(looks []float64) (int, bool) {
	var counts [maxExponent + 1]int
	misses := 0
	for _, v := range looks {
		e, ok := decimalExponent(v)
		if !ok {
			if misses++; !most(len(looks)-misses, len(looks)) {
				return 0, false
			}
			continue
		}
		counts[e]++
	}
	covered := 0
	for e, n := range counts {
		if covered += n; most(covered, len(looks)) {
			return e, true
		}
	}
	return 0, false
}

// meetsMost reports whether the unit meets most looks with integers of at most 15 digits.
func (u unit) meetsMost(looks []float64) bool {
	misses := 0
	for _, v := range looks {
		if k, ok := u.integer(v); !ok || k > maxDigits || k < -maxDigits {
			if misses++; !most(len(looks)-misses, len(looks)) {
				return false
			}
		}
	}
	return true
}

// isNarrow reports whether most looks are float32s that were widened.
func isNarrow(looks []float64) bool {
	n := 0
	for _, v := range looks {
		if float64(float32(v)) == v {
			n++
		}
	}
	return most(n, len(looks))
}

// ratioOf finds a whole of which the looks are shares: the least common multiple of the denominators
// of the simplest fractions within some ulps of them.
func ratioOf(looks []float64) (unit, bool) {
	const fractions = 12 // looks that must all agree before the others are even tried
	whole := int64(1)
	for _, v := range looks[:min(fractions, len(looks))] {
		q, ok := denominator(math.Abs(v))
		if !ok {
			return unit{}, false
		}
		whole = whole / int64(greatestCommonDivisor(uint64(whole), uint64(q))) * q
		if whole > maxRatio {
			return unit{}, false
		}
	}
	return unit{kind: unitRatio, whole: whole}, whole > 1
}

// denominator returns the denominator of the first convergent of v's continued fraction that is
// within nearUlps of v. (A. Khinchin, "Continued Fractions": convergents are the best approximations.)
func denominator(v float64) (int64, bool) {
	const (
		nearUlps = 4
		largest  = 1 << 20
	)
	p0, q0, p1, q1 := 0.0, 1.0, 1.0, 0.0
	x := v
	for range 40 {
		a := math.Floor(x)
		p0, q0, p1, q1 = p1, q1, a*p1+p0, a*q1+q0
		if q1 > largest || p1 > 1<<50 {
			return 0, false
		}
		if distance := orderedBits(p1/q1) - orderedBits(v); -nearUlps <= distance && distance <= nearUlps {
			return int64(q1), true
		}
		x = 1 / (x - a)
	}
	return 0, false
}
