package codec

import (
	"encoding/binary"
	"unsafe"
)

// An integer stream is a header byte, the values the predictor starts from, and the residuals:
//
//	bits 0-3  predictor
//	bit  4    residuals are zigzag coded; else they are unsigned distances from the offset
//	bit  5    an offset follows: it is subtracted from every residual
//	bits 6-7  coding of the residuals
//
// Its length in values is known to the reader from elsewhere.
const (
	intsPredictor   = 0x0f
	intsZigzag      = 0x10
	intsOffset      = 0x20
	intsCodingShift = 6
)

// coding is how residuals are stored.
type coding uint8

const (
	codingZero    coding = iota // every residual is 0: constants and straight lines
	codingFrames                // bit-packed frames
	codingEntropy               // tokens and raw bits, see tokens.go
)

// appendInts appends an integer stream of at least one value.
func (e *Encoder) appendInts(dst []byte, values []int64, tier Tier) []byte {
	plan, _ := e.planInts(values, tier)
	return e.appendPlanned(dst, plan, values, tier)
}

// appendPlanned appends an integer stream in a way that planInts chose for it.
func (e *Encoder) appendPlanned(dst []byte, plan intPlan, values []int64, tier Tier) []byte {
	state := startStream(plan, values)
	residuals := grow(&e.residuals, len(values))
	state.residuals(residuals, values)
	mapped := grow(&e.mapped, len(values))
	plan.mapResiduals(mapped, residuals)

	how, table := e.chooseCoding(mapped, tier)
	header := byte(plan.predictor) | byte(how)<<intsCodingShift
	if plan.zigzag {
		header |= intsZigzag
	}
	if plan.offset != 0 {
		header |= intsOffset
	}
	dst = append(dst, header)
	if plan.offset != 0 {
		dst = binary.AppendVarint(dst, plan.offset)
	}
	if plan.predictor != predictNone {
		dst = binary.AppendVarint(dst, firstValue(plan, values))
	}
	if plan.predictor.hasStep() {
		dst = binary.AppendVarint(dst, firstStep(plan.predictor, values))
	}
	switch how {
	case codingFrames:
		dst = appendFrames(dst, mapped, tier)
	case codingEntropy:
		dst = e.appendEntropy(dst, table, mapped)
	}
	return dst
}

// chooseCoding says how mapped residuals are written, and with codingEntropy by which table.
func (e *Encoder) chooseCoding(mapped []uint64, tier Tier) (coding, int) {
	var all uint64
	for _, u := range mapped {
		all |= u
	}
	if all == 0 {
		return codingZero, 0
	}
	if tier != Cold || len(mapped) < minEntropy {
		return codingFrames, 0
	}
	var counts tokenCounts
	raw := counts.add(mapped)
	table, size := e.chooseTable(&counts, len(mapped), raw)
	if size*entropyGain > framesSize(mapped, tier)*(entropyGain-1) {
		e.dropTable()
		return codingFrames, 0
	}
	e.keepTable()
	return codingEntropy, table
}

// intReader decodes an integer stream frame by frame.
type intReader struct {
	plan    intPlan
	coding  coding
	state   predictState
	entropy entropyReader // with codingEntropy
	job     frameJob
}

// open reads the header of an integer stream of n values.
func (r *intReader) open(c *cursor, n int, tables *tableSet) {
	header := c.byte()
	r.coding = coding(header >> intsCodingShift)
	r.plan = intPlan{predictor: predictor(header & intsPredictor), zigzag: header&intsZigzag != 0}
	if header&intsOffset != 0 {
		r.plan.offset = c.varint()
	}
	var first, step int64
	if r.plan.predictor != predictNone {
		first = c.varint()
	}
	if r.plan.predictor.hasStep() {
		step = c.varint()
	}
	r.state = newPredictState(r.plan.predictor, r.plan.offset, first, step)
	if r.plan.predictor >= predictors {
		c.fail("unknown predictor %d", r.plan.predictor)
	}
	switch r.coding {
	case codingZero, codingFrames:
	case codingEntropy:
		r.entropy = readEntropy(c, n, tables)
	default:
		c.fail("unknown coding %d of an integer stream", r.coding)
	}
}

// next decodes the following values of the stream, at most frameLen; all calls but the last ask for
// frameLen values. After a failure dst means nothing.
func (r *intReader) next(c *cursor, dst []int64) {
	if c.err != nil {
		return
	}
	mapped := asUnsigned(dst) // the residuals become values in place
	switch r.coding {
	case codingZero:
		clear(mapped)
	case codingFrames:
		decodeFrame(mapped, c)
	case codingEntropy:
		r.entropy.next(mapped, c)
	}
	r.state.restoreFrom(dst, mapped, &r.plan)
}

// asFloats is the same memory as floats, for moving it only.
func asFloats(values []int64) []float64 {
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(values))), len(values))
}

// firstByte is where the memory of numbers begins.
func firstByte(values []uint64) *byte { return (*byte)(unsafe.Pointer(unsafe.SliceData(values))) }

// asUnsigned is the same memory as unsigned numbers.
func asUnsigned(values []int64) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(values))), len(values))
}

// all decodes the whole stream into dst.
func (r *intReader) all(c *cursor, dst []int64) {
	r.job.steps = stepIntegers
	var buf [frameLen]int64
	for len(dst) > 0 && c.err == nil {
		n := min(frameLen, len(dst))
		if r.fits(n) {
			r.run(c, n, nil, &dst[0], nil, buf[:])
		} else {
			r.next(c, dst[:n])
		}
		dst = dst[n:]
	}
}

// grow returns a slice of n elements that reuses *scratch.
func grow[T any](scratch *[]T, n int) []T {
	if cap(*scratch) < n {
		*scratch = make([]T, n+n/4)
	}
	*scratch = (*scratch)[:cap(*scratch)]
	return (*scratch)[:n]
}
