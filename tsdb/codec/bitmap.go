package codec

import "math/bits"

// bitmapWords is the length of a bitmap over n rows.
func bitmapWords(n int) int { return (n + 63) / 64 }

// countBits is the number of set bits.
func countBits(bitmap []uint64) int {
	n := 0
	for _, w := range bitmap {
		n += bits.OnesCount64(w)
	}
	return n
}
