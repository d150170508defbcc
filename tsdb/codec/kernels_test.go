package codec

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// forLevels runs f with each set of kernels that runs here, as sub-benchmarks.
func forLevels(b *testing.B, name string, f func(b *testing.B)) {
	best := kernels
	defer func() { kernels = best }()
	for kernels = levelGo; kernels <= best; kernels++ {
		b.Run(name+"/"+kernels.String(), f)
	}
}

// TestKernelsEqualGo compares each kernel with the Go function it replaces.
func TestKernelsEqualGo(t *testing.T) {
	r := seeded(t)
	for range 2000 {
		checkKernels(t, r)
	}
}

func FuzzKernelsEqualGo(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) { checkKernels(t, rand.New(rand.NewPCG(a, b))) })
}

// checkKernels draws the content of a frame and compares all kernels with Go.
func checkKernels(t *testing.T, r *rand.Rand) {
	n, w := 1+r.IntN(frameLen), r.IntN(65)
	if r.IntN(2) == 0 {
		n = frameLen
	}
	values := make([]uint64, n)
	for i := range values {
		values[i] = r.Uint64() & (1<<w - 1)
	}
	packed := appendPacked(nil, values, w)
	// Exactly, so that a kernel that reads more has nothing to read; or with some more.
	packed = append(packed, make([]byte, r.IntN(2)*r.IntN(64))...)
	checkKernel(t, "unpack", values, func(dst []uint64) { unpack(dst, packed, w) })

	plan := intPlan{predictor: predictor(r.IntN(int(predictors))), zigzag: r.IntN(2) == 0, offset: r.Int64N(1000) - 500}
	state := predictState{kind: plan.predictor, a: r.Int64() - r.Int64(), b: r.Int64() - r.Int64(), row: r.Int64N(MaxRows)}
	ks := make([]int64, n)
	own := state
	own.restoreFromGo(ks, values, &plan)
	checkKernel(t, "restore", ks, func(dst []int64) {
		own := state
		own.restoreFrom(dst, values, &plan)
		if r.IntN(2) == 0 { // in place, and carried on
			own = state
			copy(dst, ks)
			mapped := slices.Clone(values)
			own.restoreFrom(dst[:n/groupLen*groupLen], mapped[:n/groupLen*groupLen], &plan)
			own.restoreFrom(dst[n/groupLen*groupLen:], mapped[n/groupLen*groupLen:], &plan)
		}
	})

	s := scale{gcd: 1, unit: unit{exponent: r.IntN(maxExponent + 1)}}
	switch r.IntN(4) {
	case 0:
		s.unit = unit{}
	case 1:
		s.gcd, s.rest = r.Int64()>>r.IntN(63), r.Int64()>>r.IntN(63)
	case 2:
		s.unit = unit{kind: unitKind(r.IntN(int(unitKinds))), exponent: r.IntN(10), whole: r.Int64N(maxRatio)}
	}
	floats := make([]float64, n)
	for i, k := range ks {
		floats[i] = s.unit.value(k*s.gcd + s.rest)
	}
	checkKernel(t, "scale", floats, func(dst []float64) { s.values(dst, slices.Clone(ks)) })

	checkFrame(t, r, plan, state, values, &s)

	shift := r.IntN(64)
	for i, k := range ks {
		floats[i] = fromOrderedBits(k << shift)
	}
	checkKernel(t, "bits", floats, func(dst []float64) { bitsValues(dst, ks, shift) })

	bitmap := randomBitmap(r, n)
	last, count := 0.0, 0
	distinct := make([]float64, n)
	for i := range floats {
		if bitmap[i/64]>>(i%64)&1 == 1 {
			last = float64(values[i])
			distinct[count] = last
			count++
		}
		floats[i] = last
	}
	checkKernel(t, "spread", floats, func(dst []float64) {
		copy(dst, distinct[:count])
		spread(dst, count, bitmap)
	})

	shortfall := r.IntN(2) == 0
	base, sums := make([]int64, n), make([]int64, n)
	for i := range base {
		base[i] = r.Int64() >> r.IntN(63)
	}
	addDifferencesGo(floats, sums, base, ks, shortfall)
	checkKernel(t, "chain", floats, func(dst []float64) { addDifferences(dst, make([]int64, n), base, ks, shortfall) })
	checkKernel(t, "chain", sums, func(dst []int64) { addDifferences(make([]float64, n), dst, base, ks, shortfall) })
	checkKernel(t, "chain", sums, func(dst []int64) { copy(dst, base); addDifferences(make([]float64, n), dst, dst, ks, shortfall) })
}

// checkFrame writes residuals as a frame, some with patches, and reads it in each way that there is.
func checkFrame(t *testing.T, r *rand.Rand, plan intPlan, state predictState, mapped []uint64, s *scale) {
	mapped = slices.Clone(mapped)
	if outliers := r.IntN(4); outliers > 0 {
		w := r.IntN(40)
		for i := range mapped {
			if mapped[i] &= 1<<w - 1; r.IntN(10*outliers) == 0 {
				mapped[i] = r.Uint64() >> r.IntN(64)
			}
		}
	}
	n := len(mapped)
	frame := appendFrames(nil, mapped, Cold)
	var c *cursor
	open := func(job frameJob) intReader {
		c = &cursor{src: slices.Clone(frame)}
		return intReader{plan: plan, coding: codingFrames, state: state, job: job}
	}
	ks := make([]int64, n)
	own := state
	own.restoreFromGo(ks, mapped, &plan)

	var buf [frameLen]int64
	floats := make([]float64, n)
	for i, k := range ks {
		floats[i] = s.unit.value(k*s.gcd + s.rest)
	}
	var scaled frameJob
	scaled.scales(s)
	checkKernel(t, "frame of floats", floats, func(dst []float64) { ints := open(scaled); ints.nextFloats(c, dst, s, buf[:]) })

	checkKernel(t, "frame of integers", ks, func(dst []int64) { ints := open(frameJob{}); ints.all(c, dst) })

	shift := r.IntN(64)
	for i, k := range ks {
		floats[i] = fromOrderedBits(k << shift)
	}
	checkKernel(t, "frame of bits", floats, func(dst []float64) {
		ints := open(frameJob{steps: stepBits, shift: int64(shift)})
		ints.nextBits(c, dst, shift, buf[:])
	})

	shortfall := r.IntN(2) == 0
	base, sums := make([]int64, n), make([]int64, n)
	for i := range base {
		base[i] = r.Int64() >> r.IntN(63)
	}
	s.multiply(ks)
	addDifferencesGo(floats, sums, base, ks, shortfall)
	var chained frameJob
	chained.chains(s, shortfall)
	checkKernel(t, "frame of a chain", floats, func(dst []float64) {
		ints := open(chained)
		ints.nextChained(c, dst, make([]int64, n), base, s, shortfall, buf[:])
	})
	checkKernel(t, "frame of a chain", sums, func(dst []int64) {
		ints := open(chained)
		copy(dst, base)
		ints.nextChained(c, make([]float64, n), dst, dst, s, shortfall, buf[:])
	})
}

// checkKernel runs f at every level that runs here and compares what it writes with want, bit for bit.
// It must not write beyond that.
func checkKernel[T int64 | uint64 | float64](t *testing.T, name string, want []T, f func(dst []T)) {
	t.Helper()
	best := kernels
	defer func() { kernels = best }()
	for kernels = levelGo; kernels <= best; kernels++ {
		const guard = 64
		got := make([]T, len(want)+guard)
		f(got[:len(want):len(want)])
		for i, x := range got {
			var y T
			if i < len(want) {
				y = want[i]
			}
			if math.Float64bits(float64(x)) != math.Float64bits(float64(y)) || x != y && x == x {
				t.Fatalf("%s with %v: value %d of %d is %v, want %v", name, kernels, i, len(want), x, y)
			}
		}
	}
}

// TestUnpackStaysInside unpacks from the very end of a slice, every width and length.
func TestUnpackStaysInside(t *testing.T) {
	r := seeded(t)
	for w := range 65 {
		for n := range frameLen + 1 {
			values := make([]uint64, n)
			for i := range values {
				values[i] = r.Uint64() & (1<<w - 1)
			}
			packed := appendPacked(nil, values, w)
			if len(packed) != packedSize(n, w) {
				t.Fatalf("%d values of %d bits take %d bytes, want %d", n, w, len(packed), packedSize(n, w))
			}
			checkKernel(t, "unpack", values, func(dst []uint64) { unpack(dst, slices.Clip(packed), w) })
		}
	}
}
