package detect

import "math"

// targets are the shares of observations at which a histogram is watched: what lies beyond them in
// the past, moved by the tolerance. They stand for the median, the middle and the tail.
var targets = [...]float64{0.5, 0.25, 0.1, 0.03, 0.01, 0.003}

const (
	// surely is the number of standard errors to the upper confidence limit of what the past shows: one
	// past in a thousand misleads.
	surely = 3
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

// highest is the upper limit of a share over the laws.
func highest(laws []part, share func(*part) (x, n float64)) float64 {
	top := 0.0
	for i := range laws {
		if x, n := share(&laws[i]); n > 0 {
			top = max(top, upperLimit(min(max(x, 0), n), n, surely))
		}
	}
	return top
}

func (d *Detector) shareTest(laws []part) []test {
	p := d.plan.Tolerance + highest(laws, func(a *part) (x, n float64) {
		n, x = float64(a.cells[cellAll]), float64(a.cells[cellSum])
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

// boundTests picks, for each target, the bound beyond which the tolerated share is nearest to it. That
// share is counted up to the next bound that all senders have, never guessed within a bucket.
func (d *Detector) boundTests(laws []part) []test {
	type candidate struct {
		cell  int
		share float64
	}
	var candidates []candidate
	for _, cell := range d.bounds.order {
		if !d.bounds.usable(cell) {
			continue
		}
		from, ok := d.tolerated(d.bounds.upper[cell])
		if !ok {
			continue
		}
		share := max(leastShare, highest(laws, func(a *part) (x, n float64) { return d.beyond(a.cells, from) }))
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

// tolerated is the cell beyond whose bound the past must lie for the present, moved by the tolerance, to
// lie beyond a bound; ok is false where there is none.
func (d *Detector) tolerated(bound float64) (cell int, ok bool) {
	x := d.plan.Tolerance
	switch {
	case d.plan.Down && d.plan.Relative:
		if x >= 1 {
			return 0, false
		}
		cell = d.bounds.ceiling(bound/(1-x), d.bounds.usable)
		return cell, cell != cellAll
	case d.plan.Down:
		cell = d.bounds.ceiling(bound+x, d.bounds.usable)
		return cell, cell != cellAll
	case d.plan.Relative:
		return d.bounds.floor(bound/(1+x), d.bounds.usable)
	}
	return d.bounds.floor(bound-x, d.bounds.usable)
}

// beyond is how many of the observations lie beyond the bound of a cell: over it, or under it for a fall.
func (d *Detector) beyond(cells []float32, cell int) (x, n float64) {
	n = float64(cells[cellAll])
	if cell < len(cells) {
		x = float64(cells[cell])
	}
	if !d.plan.Down {
		x = n - x
	}
	return x, n
}

// levelTest compares the mean of a gauge. Values are those that the detector keeps: turned for a fall,
// and counted from its anchor.
func (d *Detector) levelTest(laws []part) []test {
	least, highest := math.Inf(1), math.Inf(-1)
	for i := range laws {
		a := &laws[i]
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
