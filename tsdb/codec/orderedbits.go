package codec

import "math"

// orderedBits maps a float64 to an integer so that the order of the numbers is the order of the
// integers and neighbours (one ulp apart) differ by one. -0 and 0 are -1 and 0; NaNs lie beyond the
// infinities.
func orderedBits(v float64) int64 {
	b := int64(math.Float64bits(v))
	return b ^ int64(uint64(b>>63)>>1)
}

// fromOrderedBits is the inverse of orderedBits.
func fromOrderedBits(k int64) float64 {
	return math.Float64frombits(uint64(k ^ int64(uint64(k>>63)>>1)))
}
