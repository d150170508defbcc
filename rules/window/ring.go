package window

import "slices"

// point is one sample: its time in milliseconds since the Unix epoch, and its value.
type point struct {
	time  int64
	value float64
}

// ring holds samples in strictly rising time order. A sample is named by its sequence number,
// which stays the same while the sample is in the ring, unless a late one is put before it.
type ring struct {
	points []point
	first  uint64 // sequence number of the oldest sample
	head   int32  // place of the oldest sample
	count  int32  // samples held; a load's budget of samples is far below 2³¹
}

// end is the sequence number that the next sample will have.
func (r *ring) end() uint64 { return r.first + uint64(r.count) }

// at returns the sample with the sequence number seq, which must be in the ring.
func (r *ring) at(seq uint64) *point { return &r.points[r.place(int(seq-r.first))] }

// place is where the i-th oldest sample lies.
func (r *ring) place(i int) int {
	i += int(r.head)
	if i >= len(r.points) {
		i -= len(r.points)
	}
	return i
}

// push appends a sample newer than all others.
func (r *ring) push(p point) {
	if int(r.count) == len(r.points) {
		r.grow()
	}
	r.count++
	r.points[r.place(int(r.count)-1)] = p
}

// insert puts a sample in its place by time and reports whether it was not there yet.
func (r *ring) insert(p point) (seq uint64, inserted bool) {
	seq = r.after(p.time)
	if seq > r.first && r.at(seq-1).time == p.time {
		return seq, false
	}
	r.push(point{})
	for s := r.end() - 1; s > seq; s-- {
		*r.at(s) = *r.at(s - 1)
	}
	*r.at(seq) = p
	return seq, true
}

// after returns the sequence number of the first sample newer than t, end() if there is none.
func (r *ring) after(t int64) uint64 {
	low, high := 0, int(r.count)
	for low < high {
		middle := (low + high) / 2
		if r.points[r.place(middle)].time > t {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return r.first + uint64(low)
}

// dropBefore forgets the samples with sequence numbers below seq.
func (r *ring) dropBefore(seq uint64) {
	n := int(seq - r.first)
	r.head = int32(r.place(n))
	r.count -= int32(n)
	r.first = seq
	if r.count == 0 {
		r.head = 0
	}
}

// smallestRing is enough for a window that is as long as a few samples; a ring grows by a
// sixteenth, and by what the allocator rounds up, because with a million instances the slack is what
// costs memory.
const smallestRing = 4

func (r *ring) grow() {
	bigger := slices.Grow([]point(nil), max(smallestRing, len(r.points)+len(r.points)/16+1))
	bigger = bigger[:cap(bigger)]
	for i := range int(r.count) {
		bigger[i] = r.points[r.place(i)]
	}
	r.points, r.head = bigger, 0
}
