package codec

import (
	"encoding/binary"
	"slices"
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

// intPlan is one way to write an integer stream.
type intPlan struct {
	predictor predictor
	zigzag    bool
	offset    int64
}

// mapResiduals turns residuals into the unsigned numbers that are stored.
func (p *intPlan) mapResiduals(dst []uint64, residuals []int64) {
	dst = dst[:len(residuals)]
	if p.zigzag {
		for i, r := range residuals {
			dst[i] = zigzag(r - p.offset)
		}
		return
	}
	for i, r := range residuals {
		dst[i] = uint64(r - p.offset)
	}
}

// samplesPerPlan is how many values of a long stream the choice of a plan looks at: four windows of
// one frame, which was within 1 % of looking at everything on the telemetry it was tuned with.
const samplesPerPlan = 4 * frameLen

// planInts chooses predictor, offset and mapping on a sample of the stream, and says how many bits
// the sample takes with them.
func (e *Encoder) planInts(values []int64, tier Tier) (intPlan, int) {
	best, bestCost := intPlan{}, int(^uint(0)>>1)
	var bestResiduals [samplesPerPlan]int64
	n := 0
	for kind := range predictors {
		var residuals [samplesPerPlan]int64
		n = sampleResiduals(&residuals, values, kind)
		plan := simplePlan(kind, residuals[:n])
		if cost := e.planCost(plan, residuals[:n], tier); cost < bestCost {
			best, bestCost = plan, cost
			bestResiduals = residuals
		}
	}
	// The middle and the lower edge of the residuals as offsets, for the predictor that won.
	sorted := e.sorted[:0]
	for i := 0; i < n; i += 1 + n/frameLen {
		sorted = append(sorted, bestResiduals[i])
	}
	slices.Sort(sorted)
	e.sorted = sorted
	for _, plan := range []intPlan{
		{predictor: best.predictor, zigzag: true, offset: sorted[len(sorted)/2]},
		{predictor: best.predictor, offset: sorted[0]},
		{predictor: best.predictor, offset: sorted[len(sorted)/32]},
	} {
		if cost := e.planCost(plan, bestResiduals[:n], tier); cost < bestCost {
			best, bestCost = plan, cost
		}
	}
	return best, bestCost
}

// sampleResiduals fills dst with residuals of up to four windows and returns how many.
func sampleResiduals(dst *[samplesPerPlan]int64, values []int64, kind predictor) int {
	const warmup = 16 // values a mean needs to forget where it started: 2^-16/8 of it is left
	if len(values) <= samplesPerPlan {
		state := startStream(intPlan{predictor: kind}, values)
		state.residuals(dst[:], values)
		return len(values)
	}
	n := 0
	step := (len(values) - frameLen - warmup - 2) / 3
	for w := range 4 {
		window := values[w*step:][:frameLen+warmup]
		state := startStream(intPlan{predictor: kind}, window)
		var skip [warmup]int64
		state.residuals(skip[:], window[:warmup])
		state.residuals(dst[n:], window[warmup:])
		n += frameLen
	}
	return n
}

// startStream returns the predictor as it stands before the first value.
func startStream(plan intPlan, values []int64) predictState {
	return newPredictState(plan.predictor, plan.offset, values[0], firstStep(plan.predictor, values))
}

// simplePlan maps residuals from their minimum where all have one sign or nothing predicts them,
// and by zigzag else.
func simplePlan(kind predictor, residuals []int64) intPlan {
	if len(residuals) == 0 {
		return intPlan{predictor: kind}
	}
	if lo := slices.Min(residuals); kind == predictNone || lo >= 0 {
		return intPlan{predictor: kind, offset: lo}
	}
	return intPlan{predictor: kind, zigzag: true}
}

// planCost estimates the bits that a plan takes for sampled residuals.
func (e *Encoder) planCost(plan intPlan, residuals []int64, tier Tier) int {
	var mapped [samplesPerPlan]uint64
	plan.mapResiduals(mapped[:], residuals)
	u := mapped[:len(residuals)]
	if tier == Cold && len(u) >= minEntropy {
		var counts tokenCounts
		raw := counts.add(u)
		return raw + counts.entropy(len(u))
	}
	return 8 * framesSize(u)
}

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
		dst = binary.AppendVarint(dst, values[0])
	}
	if plan.predictor.hasStep() {
		dst = binary.AppendVarint(dst, firstStep(plan.predictor, values))
	}
	switch how {
	case codingFrames:
		dst = appendFrames(dst, mapped)
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
	if size*entropyGain > framesSize(mapped)*(entropyGain-1) {
		e.dropTable()
		return codingFrames, 0
	}
	e.keepTable()
	return codingEntropy, table
}

// intReader decodes an integer stream frame by frame.
type intReader struct {
	c       *cursor
	plan    intPlan
	coding  coding
	state   predictState
	entropy entropyReader // with codingEntropy
}

// readInts reads the header of an integer stream of n values.
func readInts(c *cursor, n int, tables *tableSet) intReader {
	header := c.byte()
	r := intReader{c: c, coding: coding(header >> intsCodingShift)}
	r.plan.predictor = predictor(header & intsPredictor)
	r.plan.zigzag = header&intsZigzag != 0
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
	return r
}

// next decodes the following values of the stream, at most frameLen; all calls but the last ask for
// frameLen values. After a failure it leaves dst alone.
func (r *intReader) next(dst []int64) {
	if r.c.err != nil {
		return
	}
	var mapped [frameLen]uint64
	u := mapped[:len(dst)]
	switch r.coding {
	case codingFrames:
		decodeFrame(u, r.c)
	case codingEntropy:
		r.entropy.next(u, r.c)
	}
	if r.state.kind == predictLast {
		r.state.a = restoreLast(dst, u, r.state.a, r.plan.offset, r.plan.zigzag)
		return
	}
	unmap(dst, u, r.plan.offset, r.plan.zigzag)
	r.state.restore(dst)
}

// unmap is the inverse of mapResiduals.
func unmap(dst []int64, mapped []uint64, offset int64, zigzag bool) {
	dst = dst[:len(mapped)]
	if zigzag {
		for i, u := range mapped {
			dst[i] = unzigzag(u) + offset
		}
		return
	}
	for i, u := range mapped {
		dst[i] = int64(u) + offset
	}
}

// restoreLast is unmap and restore of predictLast in one go: most streams take this way. It returns
// the last value.
func restoreLast(dst []int64, mapped []uint64, last, offset int64, zigzag bool) int64 {
	if useAVX512 && len(dst) == frameLen {
		if zigzag {
			return restoreZigzag((*[frameLen]int64)(dst), (*[frameLen]uint64)(mapped), last, offset)
		}
		return restoreUnsigned((*[frameLen]int64)(dst), (*[frameLen]uint64)(mapped), last, offset)
	}
	return restoreLastGo(dst, mapped, last, offset, zigzag)
}

// restoreLastGo is restoreLast without kernels.
func restoreLastGo(dst []int64, mapped []uint64, last, offset int64, zigzag bool) int64 {
	dst = dst[:len(mapped)]
	if zigzag {
		for i, u := range mapped {
			last += unzigzag(u) + offset
			dst[i] = last
		}
		return last
	}
	for i, u := range mapped {
		last += int64(u) + offset
		dst[i] = last
	}
	return last
}

// all decodes the whole stream into dst.
func (r *intReader) all(dst []int64) {
	for len(dst) > 0 && r.c.err == nil {
		n := min(frameLen, len(dst))
		r.next(dst[:n])
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
