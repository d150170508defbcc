package window

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

// Plan is what all series of one metric keep; they share it.
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

// newAggregate makes what a window of the family keeps, nil for none.
func (s Spec) newAggregate() aggregate {
	switch s.Family {
	case Increases:
		return new(resets)
	case Means:
		return new(total)
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
		return &decay{halfLife: float64(s.Width) / reachHalfLives}
	}
	return nil
}
