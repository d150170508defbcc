package codec

import (
	"math"
	"math/rand/v2"

	"github.com/prometheus/prometheus/model/histogram"
)

// randomGroup mixes every kind of column, axis and gap.
func randomGroup(r *rand.Rand) *Group {
	g := &Group{}
	for range 1 + r.IntN(3) {
		g.Times = append(g.Times, randomTimes(r, 1+r.IntN(1000)))
	}
	for range r.IntN(12) {
		if r.IntN(5) == 0 {
			g.Columns = append(g.Columns, randomBuckets(r, g.Times)...)
			continue
		}
		if n := len(g.Columns); n > 0 && r.IntN(5) == 0 {
			g.Columns = append(g.Columns, g.Columns[r.IntN(n)])
			continue
		}
		if r.IntN(6) == 0 {
			g.Columns = append(g.Columns, randomRelations(r, g.Times)...)
			continue
		}
		c := Column{Axis: r.IntN(len(g.Times))}
		n := len(g.Times[c.Axis])
		if r.IntN(3) == 0 {
			c.Present = randomBitmap(r, n)
			n = countBits(c.Present)
		}
		switch r.IntN(5) {
		case 0:
			c.Histograms = randomHistograms(r, n)
		case 1:
			for _, h := range randomHistograms(r, n) {
				c.FloatHistograms = append(c.FloatHistograms, toFloat(r, h))
			}
		default:
			c.Floats = randomFloats(r, n)
		}
		if r.IntN(5) == 0 {
			c.Starts = make([]int64, n)
			for i := range c.Starts {
				c.Starts[i] = r.Int64N(1e12)
			}
		}
		g.Columns = append(g.Columns, c)
	}
	return g
}

// randomBuckets draws the buckets of a classic histogram: resets, empty buckets, stale markers, a
// bucket that is no integer and one that has gaps of its own included.
func randomBuckets(r *rand.Rand, axes [][]int64) []Column {
	buckets := make([]Column, 1+r.IntN(9))
	axis := r.IntN(len(axes))
	family := 1 + r.IntN(3)
	counts := make([]float64, len(buckets))
	share := r.Float64()
	var present []uint64
	if r.IntN(3) == 0 {
		present = randomBitmap(r, len(axes[axis]))
	}
	for row := range axes[axis] {
		if present != nil && present[row/64]>>(row%64)&1 == 0 {
			continue
		}
		for range r.IntN(20) {
			for b := r.IntN(len(buckets)); b < len(buckets) && r.Float64() < share; b++ {
				counts[b]++
			}
		}
		if r.IntN(400) == 0 {
			clear(counts)
		}
		odd := r.IntN(300) == 0
		for b := range buckets {
			v := counts[b]
			if odd {
				v = staleMarker
			}
			buckets[b].Floats = append(buckets[b].Floats, v)
		}
	}
	for b := range buckets {
		buckets[b].Axis, buckets[b].Family, buckets[b].Present = axis, family, present
	}
	odd := &buckets[r.IntN(len(buckets))]
	switch r.IntN(6) {
	case 0:
		odd.Floats = randomFloats(r, len(odd.Floats))
	case 1:
		odd.Present = randomBitmap(r, len(axes[axis]))
		odd.Floats = randomFloats(r, countBits(odd.Present))
	}
	if r.IntN(2) == 0 { // the counter of requests, before the buckets
		total := buckets[len(buckets)-1]
		total.Family = 0
		buckets = append([]Column{total}, buckets...)
	}
	return buckets
}

// randomRelations draws columns that are sums, products and multiples of each other, with a stale
// marker here and there, in any order.
func randomRelations(r *rand.Rand, axes [][]int64) []Column {
	axis := r.IntN(len(axes))
	n := len(axes[axis])
	a, b, count, mean, sum := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	plus, minus, shifted := make([]float64, n), make([]float64, n), make([]float64, n)
	tokens, seconds := make([]float64, n), make([]float64, n)
	var x, y, c, s, z float64
	perCount := math.Ldexp(r.NormFloat64(), r.IntN(60)-20)
	for i := range n {
		x += float64(r.IntN(1000))
		y += float64(r.IntN(1000))
		step := float64(r.IntN(30))
		c += step
		if r.IntN(500) == 0 {
			c, s = step, 0
		}
		if step > 0 {
			mean[i] = r.ExpFloat64()
		}
		s += step * mean[i]
		a[i], b[i], count[i], sum[i] = x, y, c, s
		plus[i], minus[i], shifted[i] = x+y, x-y, x+77
		z += math.Round(step*perCount + r.NormFloat64())
		tokens[i], seconds[i] = z, x/1000
	}
	columns := []Column{{Floats: a}, {Floats: b}, {Floats: count}, {Floats: mean}, {Floats: sum}, {Floats: plus}, {Floats: minus}, {Floats: shifted}, {Floats: tokens}, {Floats: seconds}}
	r.Shuffle(len(columns), func(i, j int) { columns[i], columns[j] = columns[j], columns[i] })
	for i := range columns {
		columns[i].Axis = axis
		for range r.IntN(2) {
			columns[i].Floats[r.IntN(n)] = staleMarker
		}
	}
	return columns[:1+r.IntN(len(columns))]
}

func randomTimes(r *rand.Rand, n int) []int64 {
	times := make([]int64, n)
	t := r.Int64N(2e12) - 1e12
	step, jitter := 1+r.Int64N(60_000), int64(0)
	if r.IntN(2) == 0 {
		jitter = r.Int64N(step)
	}
	for i := range times {
		times[i] = t + r.Int64N(jitter+1)
		t += step
		if r.IntN(100) == 0 {
			t += r.Int64N(1e9)
		}
	}
	return times
}

func randomBitmap(r *rand.Rand, n int) []uint64 {
	bitmap := make([]uint64, bitmapWords(n))
	share := r.Float64()
	for i := range n {
		if r.Float64() < share {
			bitmap[i/64] |= 1 << (i % 64)
		}
	}
	bitmap[0] |= 1
	return bitmap
}

// randomFloats draws a column of one of the shapes that real exporters have, with odd values in it.
func randomFloats(r *rand.Rand, n int) []float64 {
	values := make([]float64, n)
	shape := r.IntN(10)
	scale := math.Pow(10, float64(r.IntN(9)))
	unit := float64(1 + r.IntN(5000))
	x := math.Round(r.Float64() * 1e6)
	for i := range values {
		switch shape {
		case 0: // bits without any structure
			x = math.Float64frombits(r.Uint64())
		case 1: // counter
			x += float64(r.IntN(50))
			if r.IntN(300) == 0 {
				x = 0
			}
		case 2: // short decimals
			x = math.Round(r.NormFloat64()*1000) / scale
		case 3: // multiples
			x = float64(r.IntN(500)) * unit
		case 4: // full mantissas
			x = r.ExpFloat64() * scale
		case 5: // float32
			x = float64(float32(r.NormFloat64()))
		case 6: // ratios
			x = float64(r.IntN(int(unit))) / unit
		case 7: // a sum of decimals, with rounding
			x += math.Round(r.Float64()*1e6) / 1e6
		case 8: // seldom changes
			if r.IntN(30) == 0 {
				x = r.NormFloat64()
			}
		case 9: // alternates
			x = float64(i%2)*scale + 0.5
		}
		values[i] = x
	}
	for range r.IntN(4) {
		odd := []float64{math.NaN(), staleMarker, negZero, math.Inf(1), math.Inf(-1), 5e-324, math.Float64frombits(r.Uint64())}
		values[r.IntN(n)] = odd[r.IntN(len(odd))]
	}
	return values
}

// randomHistograms draws native histograms whose layout changes now and then.
func randomHistograms(r *rand.Rand, n int) []*histogram.Histogram {
	hs := make([]*histogram.Histogram, n)
	h := &histogram.Histogram{}
	for i := range hs {
		if i == 0 || r.IntN(200) == 0 {
			h = randomLayout(r)
		}
		next := *h
		next.PositiveBuckets = append([]int64(nil), h.PositiveBuckets...)
		next.NegativeBuckets = append([]int64(nil), h.NegativeBuckets...)
		for j := range next.PositiveBuckets {
			next.PositiveBuckets[j] += r.Int64N(5)
		}
		next.Count += r.Uint64N(100)
		next.Sum += r.Float64()
		next.CounterResetHint = histogram.CounterResetHint(r.IntN(4))
		h = &next
		hs[i] = h
		if r.IntN(50) == 0 {
			hs[i] = &histogram.Histogram{Sum: staleMarker}
		}
	}
	return hs
}

func randomLayout(r *rand.Rand) *histogram.Histogram {
	h := &histogram.Histogram{Schema: int32(r.IntN(12)) - 4, ZeroThreshold: 1e-128, ZeroCount: r.Uint64N(5), Count: r.Uint64N(1000), Sum: r.NormFloat64()}
	if r.IntN(4) == 0 {
		h.Schema, h.ZeroThreshold = -53, 0
		for i := range r.IntN(9) {
			h.CustomValues = append(h.CustomValues, float64(i)+r.Float64())
		}
	}
	spans := func() (spans []histogram.Span, buckets []int64) {
		for i := range r.IntN(4) {
			s := histogram.Span{Offset: int32(r.IntN(10)), Length: uint32(r.IntN(8))}
			if i == 0 {
				s.Offset -= 5
			}
			spans = append(spans, s)
			for range s.Length {
				buckets = append(buckets, r.Int64N(50)-20)
			}
		}
		return spans, buckets
	}
	h.PositiveSpans, h.PositiveBuckets = spans()
	h.NegativeSpans, h.NegativeBuckets = spans()
	return h
}

// toFloat gives a float histogram of the same layout with counts that are no integers.
func toFloat(r *rand.Rand, h *histogram.Histogram) *histogram.FloatHistogram {
	f := &histogram.FloatHistogram{
		CounterResetHint: h.CounterResetHint, Schema: h.Schema, ZeroThreshold: h.ZeroThreshold, ZeroCount: float64(h.ZeroCount),
		Count: float64(h.Count) + r.Float64(), Sum: h.Sum, PositiveSpans: h.PositiveSpans, NegativeSpans: h.NegativeSpans, CustomValues: h.CustomValues,
	}
	for _, b := range h.PositiveBuckets {
		f.PositiveBuckets = append(f.PositiveBuckets, float64(b)*0.5)
	}
	for range h.NegativeBuckets {
		f.NegativeBuckets = append(f.NegativeBuckets, r.NormFloat64())
	}
	return f
}
