package codec

import "math"

// maxExponent is the largest decimal exponent: 10^22 is the largest power of ten that is exact in a
// float64, but no float64 whose integer fits into 62 bits needs more than 18.
const maxExponent = 18

// powersOfTen are the divisors. All are exact in a float64.
var powersOfTen = [maxExponent + 1]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
}

// fromDecimal is k/10^e. The division is correctly rounded, so that every decimal that a person or
// strconv writes with e digits is met exactly; a multiplication by 10^-e would not.
func fromDecimal(k int64, e int) float64 { return float64(k) / powersOfTen[e] }

// toDecimal finds k so that fromDecimal(k, e) has the same bits as v.
func toDecimal(v float64, e int) (int64, bool) {
	scaled := v * powersOfTen[e]
	if !(math.Abs(scaled) < 1<<62) { // NaN too
		return 0, false
	}
	k := int64(math.RoundToEven(scaled))
	return k, math.Float64bits(fromDecimal(k, e)) == math.Float64bits(v)
}

// maxDigits bounds k when an exponent is looked for: with 16 digits and more, numbers that are no
// decimals at all start to look like some.
const maxDigits = 1e15

// exponentOf is the smallest exponent from e up with which v is a decimal of at most 15 digits.
func exponentOf(v float64, e int) (int, bool) {
	for ; e <= maxExponent; e++ {
		k, ok := toDecimal(v, e)
		if k > maxDigits || k < -maxDigits {
			return 0, false
		}
		if ok {
			return e, true
		}
	}
	return 0, false
}

// commonExponent looks at up to 64 of the values and returns the exponent that makes all but a
// sixteenth of them decimals, if there is one.
func commonExponent(values []float64) (int, bool) {
	const looks = 64
	var counts [maxExponent + 1]int
	seen, e := 0, 0
	step := 1 + len(values)/looks
	for i := 0; i < len(values); i += step {
		v := values[i]
		if v-v != 0 { // NaN, infinities
			continue
		}
		seen++
		// Neighbours mostly need the same exponent: asking it first decides most values at once.
		if x, ok := exponentOf(v, 0); ok {
			counts[x]++
			e = max(e, x)
		}
	}
	covered := 0
	for x, n := range counts {
		covered += n
		if seen > 0 && covered*16 >= seen*15 {
			return x, true
		}
	}
	return e, seen == 0
}
