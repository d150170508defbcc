//go:build !amd64 || purego

package codec

// Without kernels the Go functions do everything; these are never called.

const (
	useAVX512   = false
	kernelWidth = 0
)

type unpackPlan struct{}

var unpackPlans [kernelWidth + 1]unpackPlan

func unpackFrame(*[frameLen]uint64, *byte, int, *unpackPlan) {}

func restoreZigzag(*[frameLen]int64, *[frameLen]uint64, int64, int64) int64 { return 0 }

func restoreUnsigned(*[frameLen]int64, *[frameLen]uint64, int64, int64) int64 { return 0 }

func divideFrame(*[frameLen]float64, *[frameLen]int64, float64) {}

func convertFrame(*[frameLen]float64, *[frameLen]int64) {}
