package window

import "time"

// Family is a set of functions that read the same aggregate.
type Family uint8

// The families, each with the functions that it serves.
const (
	// Counts serves count, coverage and last: it keeps no aggregate at all.
	Counts Family = iota
	// Increases serves rate, increase, ratio, and what is made of histograms.
	Increases
	// Means serves avg and sum.
	Means
	// Spreads serves stddev.
	Spreads
	// Minima and Maxima serve min and max.
	Minima
	Maxima
	// Trends serves slope.
	Trends
	// Ranks serves the quantiles of gauges.
	Ranks
	// Decays serves ewma; its width is reachHalfLives half-lives.
	Decays
)

// Spec says what one window of a series keeps.
type Spec struct {
	Family Family
	// Width is the window's length, and Lag how far its right edge lies before the end, both in
	// milliseconds.
	Width, Lag int64
}

// edges returns the window's edges for an end: it covers (left, right].
func (s Spec) edges(end int64) (left, right int64) {
	right = end - s.Lag
	return right - s.Width, right
}

// Plan is what all series of one metric keep; they share it, and it does not change.
type Plan struct {
	Specs []Spec
	// Grace is how much older than a series' newest sample a late one may be, in milliseconds.
	Grace int64
}

// Reach is how far back before its end a series keeps samples, in milliseconds.
func (p *Plan) Reach() int64 {
	reach := int64(0)
	for _, spec := range p.Specs {
		if spec.Family == Decays {
			reach = max(reach, spec.Lag)
		} else {
			reach = max(reach, spec.Lag+spec.Width)
		}
	}
	return reach + p.Grace
}

// Weight is what a series takes that brings a sample every interval, at most, in samples of 16 bytes: those of
// its column as they are, those in panes as ten bytes each (eight for a float that cannot be packed, and what
// a pane and jitter of the times add), and the panes that windows hold open.
func (p *Plan) Weight(interval time.Duration) int {
	n := int(p.Reach() / interval.Milliseconds())
	plain := 2*paneRows + int(p.Grace/interval.Milliseconds())
	if n <= plain {
		return n
	}
	open := 0
	for _, spec := range p.Specs {
		for _, edge := range []int64{spec.Lag, spec.Lag + spec.Width} {
			if spec.Family != Decays && int(edge/interval.Milliseconds()) > paneRows {
				open += paneRows
			}
		}
	}
	return plain + (n-plain)*10/16 + open
}

// memory is how far back before its newest sample a series keeps what its windows have not seen yet, in
// milliseconds: Reach, but decays take all samples in, and need them no more.
func (p *Plan) memory() int64 {
	memory := int64(0)
	for _, spec := range p.Specs {
		memory = max(memory, spec.Lag+spec.Width)
	}
	return memory + p.Grace
}

// newAggregate makes what a window of the family keeps, nil for none; where that is a sum, in the given one.
func (s Spec) newAggregate(sum *Sum) aggregate {
	switch s.Family {
	case Increases:
		return (*resets)(sum)
	case Means:
		return (*total)(sum)
	case Spreads:
		return new(spread)
	case Minima:
		return &extremes{sign: 1}
	case Maxima:
		return &extremes{sign: -1}
	case Trends:
		return new(trend)
	case Ranks:
		return new(ranks)
	case Decays:
		d := newDecay(float64(s.Width) / reachHalfLives)
		return &d
	}
	return nil
}
