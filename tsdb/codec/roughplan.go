package codec

import "math/bits"

// A close look at a predictor costs a pass over the residuals, another to map them, and a search for
// the frame's width. A rough look at all of them together costs about as much as one close look: it adds
// up the bits of the residuals, less what a steady drift of the values puts into all of them alike.

// roughBits is how many bits each predictor leaves of the values, roughly.
type roughBits [hotPredictors]int

// add adds a run of at least one value.
func (r *roughBits) add(values []int64) {
	first, n := values[0], int64(len(values)-1)
	if n == 0 {
		return
	}
	span := values[n] - first
	drift := span / n
	middle := first + span/2
	gridStep := firstStep(predictGrid, values)
	last, step := first, values[1]-first
	mean2, mean4, mean8 := first<<1, first<<2, first<<3
	var grid int64
	for _, v := range values[1:] {
		r[predictNone] += bitsOf(v - middle)

		now := v - last
		r[predictLast] += bitsOf(now - drift)
		r[predictLine] += bitsOf(now - step)

		residual := v - mean2>>1
		mean2 += residual
		r[predictMean2] += bitsOf(residual - 2*drift)
		residual = v - mean4>>2
		mean4 += residual
		r[predictMean4] += bitsOf(residual - 4*drift)
		residual = v - mean8>>3
		mean8 += residual
		r[predictMean8] += bitsOf(residual - 8*drift)

		grid += gridStep
		r[predictGrid] += bitsOf(v - first - grid/gridUnit)

		last, step = v, now
	}
}

// bitsOf is how many bits a residual takes, its sign included.
func bitsOf(residual int64) int { return bits.Len64(zigzag(residual)) }

// best takes the predictor out that leaves the fewest bits, and returns it. Half slopes and lags are for
// the cold tier: they are restored one value after the other, which takes three times as long, and without
// them hot blocks of the load generator's telemetry are no larger.
func (r *roughBits) best() predictor {
	best := predictNone
	for i, bits := range r {
		if kind := predictor(i); kind != predictHalfSlope && kind != predictLag2 && bits < r[best] {
			best = kind
		}
	}
	r[best] = int(^uint(0) >> 1)
	return best
}

// changeBits adds up the bits of the changes from one value to the next, less those of a steady drift.
func changeBits(ks []int64) int {
	n := len(ks) - 1
	if n == 0 {
		return 0
	}
	drift, last, sum := (ks[n]-ks[0])/int64(n), ks[0], 0
	for _, k := range ks[1:] {
		sum += bitsOf(k - last - drift)
		last = k
	}
	return sum
}

// sizeBits adds up the bits of the values.
func sizeBits(ks []int64) int {
	sum := 0
	for _, k := range ks {
		sum += bitsOf(k)
	}
	return sum
}
