package codec

// Kernels do in vector instructions what a Go function beside their caller does, with the same result
// bit for bit. They work on whole groups of groupLen values; what is left over is for Go.

// level is a set of kernels.
type level uint8

const (
	levelGo     level = iota // none
	levelAVX2                // processors of 2013 and later
	levelAVX512              // with the byte permutations of VBMI, and GFNI: 2019 and later
)

func (l level) String() string { return [...]string{"go", "avx2", "avx512"}[l] }

// kernels is the set in use: the best that runs here. Only tests change it.
var kernels = bestLevel()

// groupLen is how many values a kernel takes at a time: that many of any width end on a byte.
const groupLen = 8
