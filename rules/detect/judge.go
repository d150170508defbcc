package detect

import "math"

// Shifted reports whether the shift is there, at a time of the server's clock; known is false without
// enough of a past, and where nothing has been heard for a quarter of an hour.
func (d *Detector) Shifted(nowMS int64) (shifted, known bool) {
	if d.fresh {
		d.judge(false)
		d.fresh = false
	}
	return d.state.shifted, len(d.tests) > 0 && nowMS-d.newest <= silentMS
}

// judge weighs the block; ended says that it is over, so that its evidence is kept.
func (d *Detector) judge(ended bool) {
	if len(d.tests) == 0 || d.block[cellAll] <= 0 || !d.whole() {
		return
	}
	floor, limit := d.stakeOut()
	if !ended && max(floor, d.best)+limit < 0 {
		return // whatever the block holds
	}
	var logs [maxTests * len(stakes)]float64
	count, top := 0, math.Inf(-1)
	for i := range d.tests {
		t := &d.tests[i]
		n, x := d.seen(t)
		for j := range t.bets {
			b := &t.bets[j]
			e := 0.0
			if d.plan.Kind == Gauge {
				e = logELevel(j, x/(t.limit-d.least))
			} else {
				e = t.logE(j, n, x)
			}
			logM := max(floor, b.logM) + min(e, limit)
			if ended {
				d.keep(b, logM, floor, n, x)
				logM = b.logM
			}
			logs[count] = logM
			top = max(top, logM)
			count++
		}
	}
	if top < 0 && !ended {
		return // the mean is not above the largest
	}
	logM := mean(logs[:count], top)
	if !d.state.shifted && logM >= 0 {
		d.state = state{shifted: true, since: d.opened, calm: d.opened}
		d.state.test, d.state.bet = d.follow(logs[:count], floor)
		d.level, d.floor = logM-floor, floor
	}
	if ended {
		d.best = top
		d.settle(logM, floor)
	}
}

// stakeOut sets, once for each block, where evidence begins in it and how much it may grow.
func (d *Detector) stakeOut() (floor, limit float64) {
	if d.staked != d.opened {
		step := int64(blockMS)
		if d.before != 0 {
			step = min(max(d.opened-d.before, blockMS), longestStep)
		}
		d.staked, d.start = d.opened, math.Log(d.budget.weight(step))
		d.limit = limitOf(step, -d.start)
	}
	return d.start, d.limit
}

// follow picks the bet that follows the shift to its end: of those with as much evidence as is held the
// one that wins most on what has surely come since the shift began. Bets on much smaller shifts win too, but would
// lose too little once all is as it was; one on a larger shift than there is would lose while it lasts.
func (d *Detector) follow(logs []float64, floor float64) (test, bet int) {
	most := math.Inf(-1)
	for i := range d.tests {
		t := &d.tests[i]
		surest := d.surest(t)
		for j := range t.bets {
			wins := 0.0
			if d.plan.Kind == Gauge {
				wins = logELevel(j, surest/(t.limit-d.least))
			} else {
				n, x := d.seen(t)
				if t.bets[j].n > 0 {
					n, x = t.bets[j].n, t.bets[j].x
				}
				wins = t.logE(j, 1, lowerLimit(x, n, ninetyFive))
			}
			if logs[i*len(stakes)+j] >= floor+held(floor) && wins > most {
				test, bet, most = i, j, wins
			}
		}
	}
	return test, bet
}

// surest is the least that the share or level of a test is, as far as its bets can tell from what came since the
// evidence of each began: that which began last is flattered most by chance.
func (d *Detector) surest(t *test) float64 {
	least := math.Inf(1)
	for j := range t.bets {
		n, x := t.bets[j].n, t.bets[j].x
		if n == 0 {
			n, x = d.seen(t)
		}
		if d.plan.Kind == Gauge {
			least = min(least, x/n)
		} else if n > 0 {
			least = min(least, lowerLimit(x, n, ninetyFive))
		}
	}
	return least
}

// seen is how much of the block a test is about: x of n observations, or the level over the least. None of
// none is no evidence.
func (d *Detector) seen(t *test) (n, x float64) {
	n = d.block[cellAll]
	switch d.plan.Kind {
	case Gauge:
		return 1, d.block[cellSum]/n - d.least
	case Histogram:
		if !d.bounds.whole(t.cell) {
			return 0, 0
		}
		x = d.block[t.cell]
		if !d.plan.Down {
			x = n - x
		}
	default:
		x = d.block[cellSum]
		if d.plan.Down {
			x = n - x
		}
	}
	return n, min(max(x, 0), n)
}

// keep makes logM the evidence of a bet at the end of a block.
func (d *Detector) keep(b *bet, logM, floor, n, x float64) {
	if b.logM <= floor { // the evidence begins with this block
		b.since, b.n, b.x = d.opened, 0, 0
	}
	b.n += n
	b.x += x
	b.logM = logM
	if d.state.shifted {
		b.logM = min(logM, floor+held(floor))
	}
}

// held is how far evidence goes while the shift is there.
func held(floor float64) float64 { return min(heldNats, -floor) }

// settle follows a shift from block to block: it is over once the bet that follows it has had no evidence
// for long enough.
func (d *Detector) settle(logM, floor float64) {
	s := &d.state
	if s.shifted && s.test < len(d.tests) {
		logM = d.tests[s.test].bets[s.bet].logM
	}
	d.level, d.floor = max(0, logM-floor), floor
	if !s.shifted {
		return
	}
	s.quiet += d.block[cellAll]
	if d.level >= min(calmNats, held(floor)/2) {
		s.calm, s.quiet = d.opened, 0
		return
	}
	if d.opened-s.calm >= calmMS && s.quiet >= calmCount {
		*s, d.level = state{}, 0
		for i := range d.tests {
			for j := range d.tests[i].bets {
				d.tests[i].bets[j] = bet{logM: math.Inf(-1)}
			}
		}
	}
}
