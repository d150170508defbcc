package window

import "slices"

// ring is a queue whose items have numbers: one keeps its number while it is in the ring, unless
// another is put before it.
type ring[T any] struct {
	items []T
	first uint64 // number of the oldest
	head  int32  // place of the oldest
	count int32  // items held; a load's budget of samples is far below 2³¹
}

// end is the number that the next item will have.
func (r *ring[T]) end() uint64 { return r.first + uint64(r.count) }

// at returns the item with a number, which must be in the ring.
func (r *ring[T]) at(number uint64) *T { return &r.items[r.place(int(number-r.first))] }

// place is where the i-th oldest item lies.
func (r *ring[T]) place(i int) int {
	i += int(r.head)
	if i >= len(r.items) {
		i -= len(r.items)
	}
	return i
}

func (r *ring[T]) isFull() bool { return int(r.count) == len(r.items) }

func (r *ring[T]) push(v T) {
	if r.isFull() {
		r.grow()
	}
	r.count++
	r.items[r.place(int(r.count)-1)] = v
}

// insert puts an item where one with its number is, or at the end; that one and all after it move up.
func (r *ring[T]) insert(number uint64, v T) {
	r.push(v)
	for n := r.end() - 1; n > number; n-- {
		*r.at(n) = *r.at(n - 1)
	}
	*r.at(number) = v
}

// dropBefore forgets the items with lower numbers.
func (r *ring[T]) dropBefore(number uint64) {
	n := int(number - r.first)
	r.head = int32(r.place(n))
	r.count -= int32(n)
	r.first = number
	if r.count == 0 {
		r.head = 0
	}
}

// smallestRing is enough for a window that is as long as a few samples; a ring grows by a
// sixteenth, and by what the allocator rounds up, because with a million instances the slack is what
// costs memory.
const smallestRing = 4

func (r *ring[T]) grow() {
	bigger := slices.Grow([]T(nil), max(smallestRing, len(r.items)+len(r.items)/16+1))
	bigger = bigger[:cap(bigger)]
	for i := range int(r.count) {
		bigger[i] = r.items[r.place(i)]
	}
	r.items, r.head = bigger, 0
}
