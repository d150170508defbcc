package detect

import (
	"math"
	"slices"
)

// What the cells of a detector's counts hold. A Histogram has one more for each bound: how many
// observations were not above it.
const (
	cellAll = 0 // observations; of a gauge, samples in a block and blocks in the past
	cellSum = 1 // the sum of them: the first counter of a Share, the values of a Gauge
	// cellSquares is, in the past of a Gauge, the sum of the squares of the means of its blocks.
	cellSquares = 2
)

// bounds are the upper bounds of a histogram's buckets by cell. Cells keep their places, so that who feeds
// them can remember these.
type bounds struct {
	// upper is by cell; that of cellAll is +Inf.
	upper []float64
	// heard is how many samples of classic series each cell had in the block, hour in the blocks of the
	// hour; complete are the cells that had as many as cellAll in the last hour that is over.
	heard, hour []uint32
	complete    []bool
	// order lists the cells by rising bound.
	order []int
	// native: they are those of native histograms.
	native bool
	// coarsest is the lowest schema of native histograms that was met.
	coarsest int32
}

// maxBounds bounds the memory of a detector: with native buckets of 9 % it spans a factor of 4,000.
const maxBounds = 96

// finest is the schema to which native histograms are made coarser: buckets of 9 %.
const finest = 3

func newBounds() *bounds {
	return &bounds{
		upper: []float64{math.Inf(1)}, heard: make([]uint32, 1), hour: make([]uint32, 1), complete: make([]bool, 1),
		order: []int{cellAll}, coarsest: finest,
	}
}

// place is where a bound stands in the order, or belongs.
func (b *bounds) place(upper float64) (at int, found bool) {
	return slices.BinarySearchFunc(b.order, upper, func(cell int, upper float64) int {
		switch {
		case b.upper[cell] < upper:
			return -1
		case b.upper[cell] > upper:
			return 1
		}
		return 0
	})
}

// usable reports whether a cell counts the observations of all senders alike: in the last hour each classic
// sender had the bound, and the buckets of each native one end there.
func (b *bounds) usable(cell int) bool {
	if cell == cellAll || b.upper[cell] <= 0 || !b.native && !b.complete[cell] {
		return false
	}
	if b.coarsest < finest { // 2^(i/8) is a bound of schema s where i is a multiple of 2^(3−s)
		i := math.Round(math.Log2(b.upper[cell]) * (1 << finest))
		return math.Mod(i, math.Exp2(float64(finest-b.coarsest))) == 0
	}
	return true
}

// usableCells lists the usable cells by rising bound.
func (b *bounds) usableCells() (cells []int) {
	for _, cell := range b.order {
		if b.usable(cell) {
			cells = append(cells, cell)
		}
	}
	return cells
}

// add makes a cell for a bound and returns it, and those beside it in the order.
func (b *bounds) add(upper float64, at int) (cell, below, above int) {
	cell, below, above = len(b.upper), -1, b.order[at]
	if at > 0 {
		below = b.order[at-1]
	}
	b.upper, b.complete = append(b.upper, upper), append(b.complete, false)
	b.heard, b.hour = append(b.heard, 0), append(b.hour, 0)
	b.order = slices.Insert(b.order, at, cell)
	return cell, below, above
}

// whole reports whether all senders have told the cell in the block. A sender that has changed its buckets
// does not, and its observations would seem to lie beyond.
func (b *bounds) whole(cell int) bool { return b.native || b.heard[cell] == b.heard[cellAll] }

// endBlock makes the block part of the hour; endHour finds out who was complete in the hour.
func (b *bounds) endBlock() {
	for cell, n := range b.heard {
		b.hour[cell] += n
	}
	clear(b.heard)
}

func (b *bounds) endHour() {
	for cell, n := range b.hour {
		b.complete[cell] = n == b.hour[cellAll]
	}
	clear(b.hour)
}
