package codec

// With AVX-512 one kernel takes a whole frame from packed residuals to floats, so that nothing in between
// goes through memory. Streams say what they need as a frameJob; where a frame does not fit it, the
// kernels for single steps do the work.

// frameJob is what the kernel is told but for pointers. The first part holds for a stream, the second for
// a frame.
type frameJob struct {
	steps   uint64  // what becomes of the integers, see below
	gcd     int64   // stepMultiply
	rest    int64   // stepMultiply
	sign    int64   // stepChain: 0, or -1 to subtract from base
	divisor float64 // stepDivide
	shift   int64   // stepBits

	width   int                       // of packed residuals
	groups  int                       // of values
	bytes   bool                      // residuals are summed up as bytes
	patched [maxFrameGroups * 2]uint8 // for each group the values that have a patch; with bytes twice those that it moves
}

const maxFrameGroups = frameLen / groupLen

// maxByteWidth is the widest residual that is summed up as a byte; eight of them are read at once.
const maxByteWidth = 8

// The steps that follow when a value is restored, in this order.
const (
	stepMultiply = 1 << iota // k*gcd + rest
	stepChain                // base + k, or base - k
	stepIntegers             // is written to ks
	stepFloats               // is made a float
	stepDivide               // that is divided by the divisor
	stepBits                 // instead: fromOrderedBits of k << shift
)

// scales sets the steps for a stream of integers that become floats.
func (j *frameJob) scales(s *scale) {
	if !s.unit.divides() {
		return
	}
	j.steps = stepFloats
	j.multiplies(s)
	if j.divisor = s.unit.perUnit(); j.divisor != 1 {
		j.steps |= stepDivide
	}
}

// chains sets the steps for a stream of differences.
func (j *frameJob) chains(s *scale, shortfall bool) {
	j.steps = stepChain | stepIntegers | stepFloats
	j.multiplies(s)
	if shortfall {
		j.sign = -1
	}
}

func (j *frameJob) multiplies(s *scale) {
	if j.gcd, j.rest = s.gcd, s.rest; j.gcd != 1 || j.rest != 0 {
		j.steps |= stepMultiply
	}
}

// fits reports whether the kernel can do the next n values of the stream.
func (r *intReader) fits(n int) bool {
	return kernels == levelAVX512 && n%groupLen == 0 && r.state.kind <= predictLine && r.job.steps != 0
}

// run does the job for the next n values. They go to values, and for a chain from base to ks. buf is
// working memory.
func (r *intReader) run(c *cursor, n int, values *float64, ks, base *int64, buf []int64) {
	r.job.groups = n / groupLen
	spare := asUnsigned(buf[:frameLen])
	residuals, patches := firstByte(spare), (*uint64)(nil)
	switch r.coding {
	case codingZero:
		r.job.width, r.job.bytes = 0, false
	case codingFrames:
		residuals, patches = r.job.read(c, &r.plan, n, spare)
	case codingEntropy:
		r.entropy.next(spare[:n], c)
		r.job.width, r.job.bytes = 64, false
	}
	if c.err == nil {
		runFrame(&r.job, &r.state, &r.plan, residuals, patches, base, ks, values)
	}
}

// read reads a frame of n values and returns where its residuals and patches are. spare is for patches, or
// for the residuals if they are too wide.
func (j *frameJob) read(c *cursor, plan *intPlan, n int, spare []uint64) (residuals *byte, patches *uint64) {
	residuals = firstByte(spare)
	if c.left() > 0 && int(c.src[c.pos]&^framePatched) > kernelWidth {
		decodeFrame(spare[:n], c)
		j.width, j.bytes = 64, false
		return residuals, nil
	}
	var f packedFrame
	if f.read(c, n); c.err != nil {
		return residuals, nil
	}
	if j.width = f.width; f.width > 0 {
		residuals = &f.packed[0]
	}
	j.bytes = f.width <= maxByteWidth && (plan.predictor == predictLast || plan.predictor == predictLine) &&
		len(f.packed) >= n/groupLen*f.width+8-f.width
	if len(f.positions) == 0 {
		return residuals, nil
	}
	if j.bytes {
		if j.bytes = j.moves(c, &f, plan.zigzag, spare); j.bytes {
			return residuals, &spare[0]
		}
	}
	clear(j.patched[:maxFrameGroups])
	for i, p := range f.positions {
		if n := j.groups * groupLen; !f.fits(i, n) {
			c.failPatch(&f, i, n)
			break
		}
		j.patched[p/groupLen] |= 1 << (p % groupLen)
		spare[i] = f.high(i) << f.width
	}
	return residuals, &spare[0]
}

// moves prepares patches for bytes: by how much each moves the sums from its value on. A group has room for two.
func (j *frameJob) moves(c *cursor, f *packedFrame, zigzag bool, moves []uint64) bool {
	clear(j.patched[:])
	for i, p := range f.positions {
		if n := j.groups * groupLen; !f.fits(i, n) {
			c.failPatch(f, i, n)
			break
		}
		at := p / groupLen
		if j.patched[at] != 0 {
			if at += maxFrameGroups; j.patched[at] != 0 {
				return false
			}
		}
		move := f.high(i) << f.width
		if zigzag {
			move = uint64(unzigzag(move))
			if bit := int(p) * f.width; f.width > 0 && f.packed[bit/8]>>(bit%8)&1 == 1 {
				move = -move // the number is negative
			}
		}
		j.patched[at] = 0xff << (p % groupLen)
		moves[at] = move
	}
	return true
}

// nextFloats decodes the following values of the stream as floats of the scale, like next.
func (r *intReader) nextFloats(c *cursor, dst []float64, s *scale, buf []int64) {
	if r.fits(len(dst)) {
		r.run(c, len(dst), &dst[0], nil, nil, buf)
		return
	}
	ks := buf[:len(dst)]
	r.next(c, ks)
	s.values(dst, ks)
}

// nextBits decodes the following values of the stream as the ordered bits of floats, like next.
func (r *intReader) nextBits(c *cursor, dst []float64, shift int, buf []int64) {
	if r.fits(len(dst)) {
		r.run(c, len(dst), &dst[0], nil, nil, buf)
		return
	}
	ks := buf[:len(dst)]
	r.next(c, ks)
	bitsValues(dst, ks, shift)
}

// nextChained fills ks with base plus the following values of the stream, for shortfalls less them, and
// dst with the same as floats.
func (r *intReader) nextChained(c *cursor, dst []float64, ks, base []int64, s *scale, shortfall bool, buf []int64) {
	if r.fits(len(dst)) {
		r.run(c, len(dst), &dst[0], &ks[0], &base[0], buf)
		return
	}
	differences := buf[:len(dst)]
	r.next(c, differences)
	s.multiply(differences)
	addDifferences(dst, ks, base, differences, shortfall)
}
