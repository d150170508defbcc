package codec

import "math/bits"

// A column that seldom changes is stored as its distinct values. To spread is to give each row the last
// value that is new in it or before.

// spreadLanes tells for each eight bits of a bitmap where the values of eight rows lie, counted from
// that of the first row.
var spreadLanes = func() (lanes [256][groupLen]uint8) {
	for m := range lanes {
		for i := range groupLen {
			lanes[m][i] = uint8(bits.OnesCount(uint(m&(2<<i-1))) - m&1)
		}
	}
	return lanes
}()

// spread spreads the n values at the front of dst to the rows in which the bitmap has one. The first
// row has; the bitmap has n bits, none beyond dst. It goes from the last row to the first, so that values
// are read before rows take their place.
func spread(dst []float64, n int, bitmap []uint64) {
	groups := len(dst) / groupLen
	for row := len(dst) - 1; row >= groups*groupLen; row-- {
		dst[row] = dst[n-1]
		n -= int(bitmap[row/64] >> (row % 64) & 1)
	}
	if kernels != levelGo && groups > 0 {
		spreadGroups(dst, n, bitmap, groups)
		return
	}
	for g := groups - 1; g >= 0; g-- {
		m := bitmap[g/8] >> (g % 8 * 8) & 0xff
		n -= bits.OnesCount8(uint8(m))
		rows := dst[g*groupLen:][:groupLen]
		values := dst[n-1+int(m&1):][:groupLen]
		if m == 0 {
			v := values[0]
			rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7] = v, v, v, v, v, v, v, v
			continue
		}
		at := &spreadLanes[m]
		rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7] = values[at[0]&7], values[at[1]&7],
			values[at[2]&7], values[at[3]&7], values[at[4]&7], values[at[5]&7], values[at[6]&7], values[at[7]&7]
	}
}
