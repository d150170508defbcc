package detect

import "math"

// Report is what a detector knows, for people. Shares, and levels of a gauge, are in the sense of the
// question: of a fall, the share that is not, and the level as it was sent.
type Report struct {
	// Learned is false while there is no test yet; Hours is how much past there is, of NeededHours.
	Learned            bool
	Hours, NeededHours float64
	Shifted            bool
	// Evidence is log M over its start, of Needed nats; while the shift is there it is held low, after what it
	// was when it was found.
	Evidence, Needed float64
	// Since is when the evidence began, in milliseconds since the epoch; 0: there is none.
	Since int64
	// Samples is how many observations came since then. Now is the share or mean of them, between Low and
	// High with a confidence of 95 %; NaN: there are none.
	Samples        float64
	Now, Low, High float64
	// Past is the same in the past, Limit what is tolerated.
	Past, Limit float64
	// Bound is, of a histogram, the bound beyond which the share lies.
	Bound float64
}

// ninetyFive is the number of standard errors to the ends of the confidence interval.
const ninetyFive = 1.96

// Report gives what the detector knew when it was last asked.
func (d *Detector) Report() Report {
	r := Report{NeededHours: enoughHours, Now: math.NaN(), Low: math.NaN(), High: math.NaN(), Bound: math.NaN()}
	r.Shifted = d.state.shifted
	whole := d.past.whole()
	r.Hours = float64(whole.hours)
	if r.Needed = -d.floor; d.floor == 0 {
		r.Needed = -math.Log(d.budget.weight(blockMS))
	}
	if len(d.tests) == 0 {
		return r
	}
	r.Learned = true
	t, b := d.leading()
	r.Past, r.Limit = d.ofPast(&whole, t), t.limit
	if d.plan.Kind == Histogram {
		r.Bound = d.bounds.upper[t.cell]
	}
	r.Evidence = d.level
	if b.n > 0 && (d.level > 0 || d.state.shifted) {
		r.Since, r.Samples = b.since, b.n
		r.Now = b.x / b.n
		if d.plan.Kind == Gauge {
			r.Now += d.least
		} else {
			r.High = upperLimit(b.x, b.n, ninetyFive)
			r.Low = lowerLimit(b.x, b.n, ninetyFive)
		}
	}
	if d.plan.Kind == Gauge {
		for _, v := range []*float64{&r.Now, &r.Past, &r.Limit} {
			if *v += d.anchor; d.plan.Down {
				*v = -*v
			}
		}
	} else if d.plan.Kind == Share && d.plan.Down {
		r.Now, r.Low, r.High = 1-r.Now, 1-r.High, 1-r.Low
		r.Past, r.Limit = 1-r.Past, 1-r.Limit
	}
	return r
}

// leading is the test, and its bet, with the most evidence; while a shift is there, those that follow it.
func (d *Detector) leading() (*test, *bet) {
	if s := d.state; s.shifted && s.test < len(d.tests) {
		return &d.tests[s.test], &d.tests[s.test].bets[s.bet]
	}
	best, which := &d.tests[0], &d.tests[0].bets[0]
	for i := range d.tests {
		for j := range d.tests[i].bets {
			if b := &d.tests[i].bets[j]; b.logM > which.logM {
				best, which = &d.tests[i], b
			}
		}
	}
	return best, which
}

// ofPast is the share or level of a test in the whole past.
func (d *Detector) ofPast(whole *part, t *test) float64 {
	n := float64(whole.cells[cellAll])
	switch d.plan.Kind {
	case Gauge:
		return float64(whole.cells[cellSum]) / n
	case Histogram:
		x := count(whole.cells, t.cell)
		if !d.plan.Down {
			x = n - x
		}
		return x / n
	}
	x := float64(whole.cells[cellSum])
	if d.plan.Down {
		x = n - x
	}
	return x / n
}
