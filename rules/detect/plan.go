package detect

import "math"

// Kind is what a detector looks at.
type Kind uint8

const (
	// Share is one counter as a part of another.
	Share Kind = iota
	// Histogram is a distribution, of which the detector sees counts by upper bound.
	Histogram
	// Gauge is a level.
	Gauge
)

// Plan is what a detector is asked. It is comparable.
type Plan struct {
	Kind Kind
	// Down asks for a fall instead of a rise.
	Down bool
	// Tolerance is the move that is tolerated, not below 0. Relative: as a part of what the past shows;
	// else in its unit. That of a Share is always a difference of shares.
	Tolerance float64
	Relative  bool
	// Part says that a Share's first counter is among what the second counts, so that it may be absent.
	Part bool
}

// Budget is how many false alarms are allowed, and how many detectors share them. All detectors that
// share an allowance share one Budget.
type Budget struct {
	// PerMS is how many false alarms are allowed in a millisecond, above 0.
	PerMS float64
	// Streams is how many detectors there are.
	Streams int
}

// weight is the part of the allowance that falls to one detector in a time, in milliseconds.
func (b *Budget) weight(ms int64) float64 {
	return min(b.PerMS*float64(ms)/float64(max(b.Streams, 1)), largestWeight)
}

const (
	// blockMS is the length of a block: a blip of one or two seconds is one or two blocks.
	blockMS = 2000
	// longestStep is the longest time since the block before that counts for a weight and a cap: a silence is
	// not an occasion to become suspicious.
	longestStep = 60_000
	// largestWeight keeps the start of the evidence two nats below the alarm where very many false alarms
	// are allowed.
	largestWeight = 0.135
	// stepWithin is how far a sample's time may be from the server's clock and still say when it was taken:
	// as far as a sender's clock may be off before it is called skewed.
	stepWithin = 5000
	// silentMS is how long a detector may hear nothing and still know.
	silentMS = 15 * 60_000
)

// At is the time, in milliseconds, at which a sample counts: its own, unless that is not to be trusted. A
// skewed clock, or a delivery that was held up, is no reason to open blocks of the future or the past.
func At(sampleMS, nowMS int64) int64 {
	if d := sampleMS - nowMS; d > stepWithin || d < -stepWithin {
		return nowMS
	}
	return sampleMS
}

// The caps of a block's e-value, in nats: so many for each second since the block before, within limits;
// and never more than a third of what an alarm needs, so that it takes at least three blocks. With the
// default allowance of one alarm a year and ten detectors an alarm needs 19 nats: 15 s.
const (
	capPerSecond = 1.25
	capLeast     = 2.5
	capMost      = 8
	capOfNeeded  = 1.0 / 3
)

// limitOf is the cap of a block that follows the one before after a time, when an alarm needs so much.
func limitOf(ms int64, needed float64) float64 {
	limit := math.Max(capLeast, capPerSecond*float64(ms)/1000)
	return math.Min(math.Min(limit, capMost), needed*capOfNeeded)
}
