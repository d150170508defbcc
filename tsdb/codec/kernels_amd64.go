//go:build !purego

package codec

import "golang.org/x/sys/cpu"

// useAVX512 says whether the kernels in kernels_amd64.s run here. They work on whole frames and give
// exactly what the Go functions beside their callers give.
var useAVX512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VBMI

// kernelWidth is the widest value that the unpack kernel reads: wherever one starts in a byte, it
// ends within eight bytes.
const kernelWidth = 57

// unpackPlan tells the kernel for one width where in w bytes each of 8 values lies.
type unpackPlan struct {
	index [64]uint8 // for each byte of the result the byte of the input
	shift [8]uint64 // then so many bits to the right
}

// unpackPlans are the plans by width.
var unpackPlans = func() (plans [kernelWidth + 1]unpackPlan) {
	for w := range plans {
		for i := range 8 {
			bit := i * w
			plans[w].shift[i] = uint64(bit % 8)
			for b := range 8 {
				plans[w].index[i*8+b] = uint8(min(bit/8+b, 63))
			}
		}
	}
	return plans
}()

// unpackFrame is unpack for a whole frame and w from 1 to kernelWidth.
//
//go:noescape
func unpackFrame(dst *[frameLen]uint64, src *byte, w int, plan *unpackPlan)

// restoreZigzag is restoreLast for a whole frame of zigzag residuals.
//
//go:noescape
func restoreZigzag(dst *[frameLen]int64, mapped *[frameLen]uint64, last, offset int64) int64

// restoreUnsigned is restoreLast for a whole frame of unsigned residuals.
//
//go:noescape
func restoreUnsigned(dst *[frameLen]int64, mapped *[frameLen]uint64, last, offset int64) int64

// divideFrame fills dst with ks divided by divisor.
//
//go:noescape
func divideFrame(dst *[frameLen]float64, ks *[frameLen]int64, divisor float64)

// convertFrame fills dst with ks as floats.
//
//go:noescape
func convertFrame(dst *[frameLen]float64, ks *[frameLen]int64)
