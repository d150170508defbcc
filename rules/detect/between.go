package detect

import (
	"math"
	"sort"
)

// unmoved is where an observation at a bound would lie without the tolerated move; ok is false where it would
// lie nowhere.
func (d *Detector) unmoved(bound float64) (v float64, ok bool) {
	switch x := d.plan.Tolerance; {
	case d.plan.Relative && d.plan.Down:
		return bound / (1 - x), x < 1
	case d.plan.Relative:
		return bound / (1 + x), true
	case d.plan.Down:
		return bound + x, true
	default:
		return bound - x, bound > x
	}
}

// beyond is how many of the observations lie beyond v: over it, or under it for a fall. Between two bounds
// it is the highest number that there can be where the distribution has one peak, and where v lies beyond it:
// there the observations grow fewer towards the far end of the bucket, so that no more of them lie beyond v than
// with an even spread. Elsewhere it is all of the bucket.
func (d *Detector) beyond(cells []float32, usable []int, v float64) (x, n float64) {
	n = count(cells, cellAll)
	at := sort.Search(len(usable), func(i int) bool { return d.bounds.upper[usable[i]] >= v })
	exact := at < len(usable) && d.bounds.upper[usable[at]] == v
	if d.plan.Down {
		switch {
		case at == len(usable):
			return n, n
		case !exact && at+1 < len(usable) && d.density(cells, usable, at) <= d.density(cells, usable, at+1):
			return d.even(cells, usable, at, v), n
		}
		return min(count(cells, usable[at]), n), n
	}
	below := 0.0
	switch {
	case exact:
		below = count(cells, usable[at])
	case at == 0:
	case at < len(usable) && d.density(cells, usable, at) <= d.density(cells, usable, at-1):
		below = d.even(cells, usable, at, v)
	default:
		below = count(cells, usable[at-1])
	}
	return max(n-below, 0), n
}

// bucket is what lies between the bound at a place and the one before it, and these bounds.
func (d *Detector) bucket(cells []float32, usable []int, at int) (before, in, low, high float64) {
	if at > 0 {
		before, low = count(cells, usable[at-1]), d.bounds.upper[usable[at-1]]
	}
	return before, max(count(cells, usable[at])-before, 0), low, d.bounds.upper[usable[at]]
}

func (d *Detector) density(cells []float32, usable []int, at int) float64 {
	_, in, low, high := d.bucket(cells, usable, at)
	return in / (high - low)
}

// even is how many observations are not above v, which lies in the bucket at a place, with an even spread.
func (d *Detector) even(cells []float32, usable []int, at int, v float64) float64 {
	before, in, low, high := d.bucket(cells, usable, at)
	return before + in*math.Min(1, (v-low)/(high-low))
}

// count is what a cell has; a cell that came after the counts has nothing.
func count(cells []float32, cell int) float64 {
	if cell < len(cells) {
		return float64(cells[cell])
	}
	return 0
}
