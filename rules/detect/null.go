package detect

import "math"

// targets are the shares of observations at which a histogram is watched: what lies beyond them in
// the past, moved by the tolerance. They stand for the median, the middle and the tail.
var targets = [...]float64{0.5, 0.25, 0.1, 0.03, 0.01, 0.003}

const (
	// surely is the number of standard errors to the upper confidence limit of what the past shows: one
	// past in a thousand misleads.
	surely = 3
	// differs is the number of standard errors from which on a part of the day is taken to differ.
	differs = 2
	// leastShare and mostShare bound the tolerated shares that can be bet on: beyond them one observation
	// says nearly all or nearly nothing.
	leastShare, mostShare = 1e-3, 0.95
	// memoryPerHour is how many independent means an hour of a gauge is worth: it remembers ten minutes.
	memoryPerHour = 6
)

// upperLimit is the upper confidence limit of a share of which x of n were seen, z standard errors
// away. Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
func upperLimit(x, n, z float64) float64 {
	p := x / n
	return (p + z*z/(2*n) + z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))) / (1 + z*z/n)
}

// lowerLimit is its lower confidence limit.
func lowerLimit(x, n, z float64) float64 { return 1 - upperLimit(n-x, n, z) }

// relearn sets up the tests against the past as it is now. Evidence is kept: limits may change from
// block to block as long as they are set before the block.
func (d *Detector) relearn() {
	laws := d.past.laws()
	if laws == nil {
		d.tests = nil
		return
	}
	old := d.tests
	switch d.plan.Kind {
	case Share:
		d.tests = d.shareTest(laws)
	case Histogram:
		d.tests = d.boundTests(laws)
	case Gauge:
		d.tests = d.levelTest(laws)
	}
	for i := range min(len(old), len(d.tests)) {
		d.tests[i].bets = old[i].bets
	}
	for i := len(old); i < len(d.tests); i++ {
		for j := range d.tests[i].bets {
			d.tests[i].bets[j].logM = math.Inf(-1)
		}
	}
}

// highest is the upper limit of a share over the laws. A part of the day counts beside the whole only where it
// differs for certain: else it says less of the same.
func (l *laws) highest(share func(*part) (x, n float64)) float64 {
	top, usual := 0.0, -1.0
	if l.whole != nil {
		if x, n := share(l.whole); n > 0 {
			usual = x / n
			top = upperLimit(x, n, surely)
		}
	}
	for i := range l.parts {
		x, n := share(&l.parts[i])
		if n <= 0 || usual >= 0 && x/n-usual <= differs*math.Sqrt(usual*(1-usual)/n) {
			continue
		}
		top = max(top, upperLimit(x, n, surely))
	}
	return top
}

func (d *Detector) shareTest(laws *laws) []test {
	p := d.plan.Tolerance + laws.highest(func(a *part) (x, n float64) {
		n = float64(a.cells[cellAll])
		x = min(float64(a.cells[cellSum]), n)
		if d.plan.Down {
			x = n - x
		}
		return x, n
	})
	if p > mostShare {
		return nil
	}
	t := test{}
	t.shareOf(max(p, leastShare))
	return []test{t}
}

// boundTests picks, for each target, the bound beyond which the tolerated share is nearest to it.
func (d *Detector) boundTests(laws *laws) []test {
	type candidate struct {
		cell  int
		share float64
	}
	var candidates []candidate
	usable := d.bounds.usableCells()
	for _, cell := range usable {
		v, ok := d.unmoved(d.bounds.upper[cell])
		if !ok {
			continue
		}
		share := max(leastShare, laws.highest(func(a *part) (x, n float64) { return d.beyond(a.cells, usable, v) }))
		if share <= mostShare {
			candidates = append(candidates, candidate{cell, share})
		}
	}
	if len(candidates) == 0 {
		return nil
	}
	tests := make([]test, len(targets))
	for i, target := range targets {
		nearest := candidates[0]
		for _, c := range candidates {
			if math.Abs(logit(c.share)-logit(target)) < math.Abs(logit(nearest.share)-logit(target)) {
				nearest = c
			}
		}
		tests[i].cell = nearest.cell
		tests[i].shareOf(nearest.share)
	}
	return tests
}

func logit(p float64) float64 { return math.Log(p / (1 - p)) }

// levelTest compares the mean of a gauge. Values are those that the detector keeps: turned for a fall,
// and counted from its anchor.
func (d *Detector) levelTest(laws *laws) []test {
	least, highest := math.Inf(1), math.Inf(-1)
	for _, a := range laws.all() {
		blocks := float64(a.cells[cellAll])
		if blocks == 0 {
			continue
		}
		mean := float64(a.cells[cellSum]) / blocks
		scatter := math.Sqrt(max(0, float64(a.cells[cellSquares])/blocks-mean*mean))
		limit := mean + surely*scatter/math.Sqrt(max(1, float64(a.hours)*memoryPerHour))
		if d.plan.Relative {
			limit += d.plan.Tolerance * math.Abs(mean+d.anchor)
		} else {
			limit += d.plan.Tolerance
		}
		least, highest = min(least, a.least), max(highest, limit)
	}
	if !(highest > least) { // a past that never moved, and no tolerance
		return nil
	}
	d.least = least
	return []test{{limit: highest}}
}
