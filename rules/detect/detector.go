package detect

import "math"

// Detector is one sequential test of one instance. Samples are given with [Detector.Advance] and the
// Add functions, in the order of their arrival.
type Detector struct {
	plan   *Plan
	budget *Budget
	bounds *bounds // of a Histogram
	past   past
	tests  []test // nil while there is no past

	// block is what came in the block that began at opened; before is the start of the last block that held
	// something. Times in milliseconds, 0: none yet.
	block          []float64
	blockLeast     float64
	opened, before int64
	heard          bool // the first counter of a Share has spoken in the block
	fresh          bool // the block holds what Shifted has not looked at
	newest         int64

	// anchor is what the values of a Gauge are counted from, so that sums of squares stay exact; least is
	// the least value of its past.
	anchor, least float64
	anchored      bool

	// staked is the block for which start, the logarithm of its weight, and limit, its cap, are set. best is the
	// most evidence of a bet at the end of the last block.
	staked             int64
	start, limit, best float64

	state state
	// level is the evidence over its start at the end of the last block, floor the start: the logarithm of
	// the block's weight.
	level, floor float64
}

// state is whether the shift is there.
type state struct {
	shifted bool
	since   int64 // when it was found
	// test and bet are the places of the bet that follows it.
	test, bet int
	// calm is since when there has been no evidence, and quiet how many observations came since.
	calm  int64
	quiet float64
}

// The evidence, in nats over its start, at which an hour is not made part of the past; above which a shift goes
// on; and at which it is held while the shift goes on, so that recovery shows. Between the latter two lies
// what chance takes from a bet that is right: four nats are one chance in fifty.
const (
	doubtNats = 5
	calmNats  = 3
	heldNats  = 7
	// calmMS is how long evidence must have stayed low before a shift is over, and calmCount how many
	// observations must have come meanwhile.
	calmMS    = 3 * 60_000
	calmCount = 10
)

// New returns a detector without a past.
func New(plan *Plan, budget *Budget) *Detector {
	d := &Detector{plan: plan, budget: budget, blockLeast: math.Inf(1)}
	switch plan.Kind {
	case Histogram:
		d.bounds = newBounds()
		d.block = make([]float64, 1)
	default:
		d.block = make([]float64, 2)
	}
	return d
}

// Become makes the detector as another is that has the same plan, and is not used any more. It keeps its budget.
func (d *Detector) Become(other *Detector) {
	plan, budget := d.plan, d.budget
	*d = *other
	d.plan, d.budget = plan, budget
}

// Advance tells the time at which the samples that follow count, from [At]; the block before it is ended
// if it is over.
func (d *Detector) Advance(at int64) {
	d.newest = max(d.newest, at)
	start := at - at%blockMS
	switch {
	case d.opened == 0:
		d.opened = start
	case start > d.opened && (d.whole() || start-d.opened > longestStep):
		d.close()
		d.opened = start
	}
}

// whole reports whether the block can be judged: both counters of a share have spoken.
func (d *Detector) whole() bool {
	return d.plan.Kind != Share || d.plan.Part || d.heard || d.block[cellAll] == 0
}

// AddPart adds growth of the first counter of a Share, AddWhole that of the second.
func (d *Detector) AddPart(growth float64) {
	d.block[cellSum] += growth
	d.heard, d.fresh = true, true
}

// AddWhole adds growth of the second counter of a Share.
func (d *Detector) AddWhole(growth float64) {
	d.block[cellAll] += growth
	d.fresh = true
}

// AddBelow adds observations of a Histogram that were not above the bound of a cell, from
// [Detector.Bound]. Where native histograms arrive, they alone count.
func (d *Detector) AddBelow(cell int, growth float64) {
	if cell >= 0 && !d.bounds.native {
		d.block[cell] += growth
		d.bounds.heard[cell]++
		d.fresh = true
	}
}

// AddValue adds a sample of a Gauge.
func (d *Detector) AddValue(v float64) {
	if d.plan.Down {
		v = -v
	}
	if !d.anchored {
		d.anchor, d.anchored = v, true
	}
	v -= d.anchor
	d.block[cellAll]++
	d.block[cellSum] += v
	d.blockLeast = min(d.blockLeast, v)
	d.fresh = true
}

// Bound returns the cell of a classic bucket's upper bound; -1 where there are too many.
func (d *Detector) Bound(upper float64) (cell int) {
	at, found := d.bounds.place(upper)
	switch {
	case found:
		return d.bounds.order[at]
	case len(d.bounds.upper) >= maxBounds:
		return -1
	}
	return d.insert(upper, at)
}

// insert makes a cell for a bound. What was counted before is taken to lie on the side of the bound
// that makes no evidence.
func (d *Detector) insert(upper float64, at int) int {
	cell, below, above := d.bounds.add(upper, at)
	from := below
	if d.plan.Down {
		from = above
	}
	d.past.insert(cell, from)
	d.block = append(d.block, 0)
	if from >= 0 {
		d.block[cell] = d.block[from]
	}
	return cell
}

// close ends the block: its evidence counts, and it becomes part of the present hour.
func (d *Detector) close() {
	if d.block[cellAll] > 0 && d.whole() {
		d.judge(true)
		d.before = d.opened
		d.learn()
	}
	clear(d.block)
	if d.bounds != nil {
		d.bounds.endBlock()
	}
	d.heard, d.fresh, d.blockLeast = false, false, math.Inf(1)
}

// learn makes the block part of the present hour, and the past that of another hour where one begins.
func (d *Detector) learn() {
	if d.state.shifted && d.opened-d.state.since >= longestShift {
		d.forget()
	}
	block := d.block
	if d.plan.Kind == Gauge {
		level := block[cellSum] / block[cellAll]
		block = []float64{cellAll: 1, cellSum: level, cellSquares: level * level}
	} else if d.plan.Kind == Share {
		block[cellSum] = min(block[cellSum], block[cellAll])
	}
	if d.past.take(block, d.blockLeast, d.opened) {
		if d.bounds != nil {
			d.bounds.endHour()
		}
		d.relearn()
	}
	if d.state.shifted || d.level > 0 && d.level >= min(doubtNats, -d.floor/2) {
		d.past.doubted = true
	}
}

// forget begins anew: what has lasted for so long is what is normal from here on.
func (d *Detector) forget() {
	d.past, d.tests, d.state, d.level = past{}, nil, state{}, 0
}
