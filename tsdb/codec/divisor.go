package codec

import (
	"math"
	"slices"
)

// divide takes the greatest common divisor out of ks, and what is left over by it.
func divide(ks []int64) (gcd, rest int64) {
	gcd, rest = commonDivisor(ks)
	if gcd > 1 {
		for i, k := range ks {
			ks[i] = (k - rest) / gcd
		}
	}
	return gcd, rest
}

// commonDivisor is the largest gcd so that every k is a multiple of it plus the same rest,
// 0 <= rest < gcd.
func commonDivisor(ks []int64) (gcd, rest int64) {
	var g uint64
	for _, k := range ks {
		d := k - ks[0]
		if (k >= ks[0]) != (d >= 0) || d == math.MinInt64 {
			return 1, 0 // the difference wrapped
		}
		if g = greatestCommonDivisor(g, uint64(max(d, -d))); g == 1 {
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
	if slices.Min(ks) < math.MinInt64+rest {
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
