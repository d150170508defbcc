package codec

import (
	"math/bits"
	"slices"
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

// planWindows is how many windows of one frame of a long stream the choice of a plan looks at; half
// as many in the hot tier. Four were within 1 % of looking at everything on the telemetry it was
// tuned with.
const (
	planWindows    = 4
	samplesPerPlan = planWindows * frameLen
)

// In the hot tier only so many predictors get a close look, those that leave the fewest bits at a rough
// one, and so many residuals are sorted to find offsets.
const (
	hotCandidates  = 3
	hotOffsetLooks = 32
)

// planScratch is the working memory of planInts.
type planScratch struct {
	residuals, best [samplesPerPlan]int64
	mapped          [samplesPerPlan]uint64
}

// planInts chooses predictor, offset and mapping on a sample of the stream, and says how many bits
// the sample takes with them.
func (e *Encoder) planInts(values []int64, tier Tier) (intPlan, int) {
	best, bestCost := intPlan{}, int(^uint(0)>>1)
	windows, candidates, looks := planWindows, int(predictors), frameLen
	var rough roughBits
	if tier == Hot {
		windows, candidates, looks = planWindows/2, hotCandidates, hotOffsetLooks
		eachWindow(values, windows, rough.add)
	}
	residuals, bestResiduals := &e.plan.residuals, &e.plan.best
	n := 0
	for i := range candidates {
		kind := predictor(i)
		if tier == Hot {
			kind = rough.best()
		}
		n = sampleResiduals(residuals, values, kind, windows)
		plan := simplePlan(kind, residuals[:n])
		if cost := e.planCost(plan, residuals[:n], values, tier); cost < bestCost {
			best, bestCost = plan, cost
			residuals, bestResiduals = bestResiduals, residuals
		}
	}
	// The middle and the lower edge of the residuals as offsets, for the predictor that won.
	sorted := e.sorted[:0]
	for i := 0; i < n; i += 1 + n/looks {
		sorted = append(sorted, bestResiduals[i])
	}
	slices.Sort(sorted)
	e.sorted = sorted
	for _, plan := range []intPlan{
		{predictor: best.predictor, zigzag: true, offset: sorted[len(sorted)/2]},
		{predictor: best.predictor, offset: sorted[0]},
		{predictor: best.predictor, offset: sorted[len(sorted)/32]},
	} {
		if cost := e.planCost(plan, bestResiduals[:n], values, tier); cost < bestCost {
			best, bestCost = plan, cost
		}
	}
	return best, bestCost
}

// sampleResiduals fills dst with residuals of up to so many windows and returns how many.
func sampleResiduals(dst *[samplesPerPlan]int64, values []int64, kind predictor, windows int) int {
	if len(values) <= windows*frameLen {
		state := startStream(intPlan{predictor: kind}, values)
		state.residuals(dst[:], values)
		return len(values)
	}
	n := 0
	eachWindow(values, windows, func(window []int64) {
		state := startStream(intPlan{predictor: kind}, window)
		var skip [warmup]int64
		state.residuals(skip[:], window[:warmup])
		state.residuals(dst[n:], window[warmup:])
		n += frameLen
	})
	return n
}

// warmup is how many values a mean needs to forget where it started: 2^-16/8 of it is left.
const warmup = 16

// eachWindow gives look all values of a short stream, or so many windows of a long one, warmup included.
func eachWindow(values []int64, windows int, look func([]int64)) {
	if len(values) <= windows*frameLen {
		look(values)
		return
	}
	step := max(0, len(values)-frameLen-warmup) / (windows - 1)
	for w := range windows {
		look(values[w*step:][:frameLen+warmup])
	}
}

// startStream returns the predictor as it stands before the first value.
func startStream(plan intPlan, values []int64) predictState {
	return newPredictState(plan.predictor, plan.offset, firstValue(plan, values), firstStep(plan.predictor, values))
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

// planCost estimates the bits that a plan takes for sampled residuals; of a short stream, all of which is
// in the sample, with the header.
func (e *Encoder) planCost(plan intPlan, residuals, values []int64, tier Tier) int {
	u := e.plan.mapped[:len(residuals)]
	plan.mapResiduals(u, residuals)
	header := 0
	if len(residuals) == len(values) {
		header = 8 * plan.headerSize(values)
	}
	if tier == Cold && len(u) >= minEntropy {
		var counts tokenCounts
		raw := counts.add(u)
		return header + raw + counts.entropy(len(u))
	}
	return header + 8*framesSize(u, tier)
}

// headerSize is how many bytes a stream takes ahead of its residuals.
func (p *intPlan) headerSize(values []int64) int {
	size := 1
	if p.offset != 0 {
		size += varintSize(p.offset)
	}
	if p.predictor != predictNone {
		size += varintSize(values[0])
	}
	if p.predictor.hasStep() {
		size += varintSize(firstStep(p.predictor, values))
	}
	return size
}

// varintSize is how many bytes a zigzag varint takes: seven bits each.
func varintSize(v int64) int { return (bits.Len64(zigzag(v)|1) + 6) / 7 }
