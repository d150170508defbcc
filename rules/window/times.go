package window

import "math"

// times is a ring of strictly rising times in milliseconds. They are kept as distances of 32 bits from a
// base, because in a group of one or two series the times weigh as much as the values.
type times struct {
	distances ring[uint32]
	base      int64
}

// longestSpan is how far apart the oldest and the newest time in a ring may be: 49 days.
const longestSpan = math.MaxUint32

func (r *times) at(number uint64) int64 { return r.base + int64(*r.distances.at(number)) }

func (r *times) first() uint64 { return r.distances.first }
func (r *times) end() uint64   { return r.distances.end() }
func (r *times) count() int    { return int(r.distances.count) }

// after returns the number of the first time later than t, that of the next one if there is none.
func (r *times) after(t int64) uint64 {
	low, high := 0, r.count()
	for low < high {
		middle := (low + high) / 2
		if r.base+int64(r.distances.items[r.distances.place(middle)]) > t {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return r.first() + uint64(low)
}

// insert puts a time where one with its number is, or at the end. None may then be farther than longestSpan
// from another.
func (r *times) insert(number uint64, t int64) {
	if r.count() == 0 {
		r.base = t
	} else if t < r.base || uint64(t-r.base) > longestSpan {
		r.rebase(min(t, r.at(r.first())))
	}
	if number == r.end() {
		r.distances.push(uint32(t - r.base))
	} else {
		r.distances.insert(number, uint32(t-r.base))
	}
}

func (r *times) rebase(base int64) {
	for number := r.first(); number < r.end(); number++ {
		*r.distances.at(number) = uint32(r.at(number) - base)
	}
	r.base = base
}
