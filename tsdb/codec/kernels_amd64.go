//go:build !purego

package codec

import "golang.org/x/sys/cpu"

// bestLevel is the best set of kernels that runs here.
func bestLevel() level {
	switch x := cpu.X86; {
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VBMI && x.HasAVX512GFNI:
		return levelAVX512
	case x.HasAVX2:
		return levelAVX2
	}
	return levelGo
}

// kernelWidth is the widest value that the kernels unpack: wherever one starts in a byte, it ends
// within eight bytes.
const kernelWidth = 57

// unpackPlan tells the AVX-512 kernel for one width where in w bytes each of 8 values lies.
type unpackPlan struct {
	index [64]uint8 // for each byte of the result the byte of the input
	shift [8]uint64 // then so many bits to the right
	mask  uint64    // then these bits; as many bytes of the input are read
}

// unpackPlans are the plans by width.
var unpackPlans = func() (plans [65]unpackPlan) {
	for w := range plans {
		plans[w].mask = 1<<w - 1
		for i := range groupLen {
			bit := i * w
			plans[w].shift[i] = uint64(bit % 8)
			for b := range 8 {
				plans[w].index[i*8+b] = uint8(min(bit/8+b, 63))
			}
		}
	}
	return plans
}()

// pairPlan tells the AVX2 kernel the same. It shuffles within 16 bytes, so it loads two values at a time.
type pairPlan struct {
	offset [4]uint64 // of the first byte of each pair
	index  [64]uint8 // for each byte of the result the byte of its pair's input
	shift  [8]uint64 // then so many bits to the right
}

// pairLoad is how many bytes the AVX2 kernel reads from where a pair begins, whatever the width.
const pairLoad = 16

// pairPlans are the plans by width.
var pairPlans = func() (plans [kernelWidth + 1]pairPlan) {
	for w := range plans {
		p := &plans[w]
		for i := range groupLen {
			bit := i * w
			if i%2 == 0 {
				p.offset[i/2] = uint64(bit / 8)
			}
			p.shift[i] = uint64(bit % 8)
			for b := range 8 {
				p.index[i*8+b] = uint8(bit/8 + b - int(p.offset[i/2]))
			}
		}
	}
	return plans
}()

// unpackGroups is unpack for as many groups as it can, and says how many that were.
func unpackGroups(dst []uint64, src []byte, w int) int {
	groups := len(dst) / groupLen
	if w < 1 || w > kernelWidth || groups == 0 {
		return 0
	}
	plan := &pairPlans[w]
	spare := len(src) - int(plan.offset[3]) - pairLoad // bytes after what the first group's last load reads
	if spare < 0 {
		return 0
	}
	groups = min(groups, spare/w+1)
	unpackAVX2(&dst[0], &src[0], w, plan, groups)
	return groups
}

// restoreGroups is restoreFromGo of predictors up to predictLine, in whole groups, and says how many groups.
func restoreGroups(dst []int64, mapped []uint64, s *predictState, plan *intPlan) int {
	groups := min(len(dst), len(mapped)) / groupLen
	if groups > 0 {
		restoreAVX2(&dst[0], &mapped[0], groups, s, plan)
	}
	return groups
}

// scaleGroups fills dst with (k*gcd + rest) / divisor in whole groups, and says how many groups.
func scaleGroups(dst []float64, ks []int64, s *scale, divisor float64) int {
	groups := min(len(dst), len(ks)) / groupLen
	if groups > 0 {
		scaleAVX2(&dst[0], &ks[0], groups, s, divisor)
	}
	return groups
}

// chainGroups is addDifferences in whole groups, and says how many groups.
func chainGroups(dst []float64, ks, base, differences []int64, shortfall bool) int {
	groups := min(len(dst), len(ks), len(base), len(differences)) / groupLen
	sign := 0
	if shortfall {
		sign = -1
	}
	if groups > 0 {
		chainAVX2(&dst[0], &ks[0], &base[0], &differences[0], groups, sign)
	}
	return groups
}

// bitsGroups is fromOrderedBits of k<<shift in whole groups, and says how many groups.
func bitsGroups(dst []float64, ks []int64, shift int) int {
	groups := min(len(dst), len(ks)) / groupLen
	if groups > 0 {
		bitsAVX2(&dst[0], &ks[0], groups, shift)
	}
	return groups
}

// spreadGroups is spread for so many groups.
func spreadGroups(dst []float64, n int, bitmap []uint64, groups int) {
	_, _ = dst[groups*groupLen-1], bitmap[(groups-1)/8]
	if kernels == levelAVX512 {
		spreadAVX512(&dst[0], n, &bitmap[0], groups, &spreadLanes)
	} else {
		spreadAVX2(&dst[0], n, &bitmap[0], groups, &spreadHalves)
	}
}

// spreadHalves is spreadLanes for four bits, in halves of values.
var spreadHalves = func() (halves [16][groupLen]uint32) {
	for m := range halves {
		for i := range groupLen {
			halves[m][i] = 2*uint32(spreadLanes[m][i/2]) + uint32(i%2)
		}
	}
	return halves
}()

// bytePlan tells the AVX-512 kernel for one width of at most 8 how to make bytes of residuals.
type bytePlan struct {
	shifts uint64           // a byte for each of 8 values: its first bit
	matrix [2]uint64        // unsigned and zigzag: from the bits there to the residual; row i makes bit 7-i
	ramp   [groupLen]uint64 // 1 to 8
}

// bytePlans are the plans by width.
var bytePlans = func() (plans [maxByteWidth + 1]bytePlan) {
	for w := range plans {
		p := &plans[w]
		for i := range groupLen {
			p.shifts |= uint64(i*w) << (8 * i)
			p.ramp[i] = uint64(i) + 1
			unsigned, zigzag := uint64(0), uint64(0)
			if i < w {
				unsigned = 1 << i
			}
			if i+1 < w {
				zigzag = 1 << (i + 1)
			}
			if w > 0 {
				zigzag ^= 1 // the lowest bit is the sign
			}
			p.matrix[0] |= unsigned << (8 * (7 - i))
			p.matrix[1] |= zigzag << (8 * (7 - i))
		}
	}
	return plans
}()

// runFrame does a job: residuals are j.width bits each, patches (nil: there are none) are added to those
// that are patched, one after the other; the state is carried on.
func runFrame(j *frameJob, s *predictState, plan *intPlan, residuals *byte, patches *uint64, base, ks *int64, values *float64) {
	var bytes *bytePlan
	if j.bytes {
		bytes = &bytePlans[j.width]
	}
	frameAVX512(j, &unpackPlans[j.width], s, plan, residuals, patches, base, ks, values, bytes)
}

//go:noescape
func frameAVX512(j *frameJob, unpack *unpackPlan, s *predictState, plan *intPlan, residuals *byte, patches *uint64, base, ks *int64, values *float64, bytes *bytePlan)

//go:noescape
func spreadAVX512(dst *float64, n int, bitmap *uint64, groups int, lanes *[256][groupLen]uint8)

//go:noescape
func unpackAVX2(dst *uint64, src *byte, w int, plan *pairPlan, groups int)

//go:noescape
func restoreAVX2(dst *int64, mapped *uint64, groups int, s *predictState, plan *intPlan)

//go:noescape
func scaleAVX2(dst *float64, ks *int64, groups int, s *scale, divisor float64)

//go:noescape
func chainAVX2(dst *float64, ks, base, differences *int64, groups, sign int)

//go:noescape
func bitsAVX2(dst *float64, ks *int64, groups, shift int)

//go:noescape
func spreadAVX2(dst *float64, n int, bitmap *uint64, groups int, halves *[16][groupLen]uint32)
