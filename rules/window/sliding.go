package window

import "math"

// aggregate is what a window keeps of the samples inside it.
type aggregate interface {
	// push takes a sample that enters at the right edge; before is the one to its left, nil when
	// the window was empty.
	push(p, before *point, seq uint64)
	// pop takes the oldest sample as it leaves; next is the one to its right, nil when none is left.
	pop(p, next *point, seq uint64)
	// reset empties the aggregate.
	reset()
	// worn reports whether it is better computed anew.
	worn() bool
}

// sliding is one window over a ring: the samples with sequence numbers in [start, stop), which are
// those with times in (end − width, end].
type sliding struct {
	start, stop uint64
	right       int64 // the right edge, math.MinInt64 before the first slide
	pushed      int   // samples that entered since the aggregate was last empty
	aggregate   aggregate
}

func newSliding(spec Spec) sliding {
	return sliding{right: math.MinInt64, aggregate: spec.newAggregate()}
}

// samples is how many samples the window holds.
func (w *sliding) samples() int { return int(w.stop - w.start) }

// slide moves the window so that it covers what spec asks for at end. Moving on is amortised O(1) per
// sample; moving back starts over from the ring.
func (w *sliding) slide(r *ring, spec Spec, end int64) {
	left, right := spec.edges(end)
	if right < w.right || w.start < r.first {
		w.restart(r, left)
	}
	w.right = right
	w.enter(r)
	if spec.Family == Decays {
		w.start = w.stop // weights fade, nothing leaves
		return
	}
	w.leave(r, left)
	if w.aggregate == nil {
		return
	}
	if w.start == w.stop {
		w.aggregate.reset() // whatever rounding has left behind
		w.pushed = 0
	} else if w.pushed >= 2*w.samples() && w.aggregate.worn() {
		w.restart(r, left) // once in a window's length at most, so it stays amortised O(1)
		w.enter(r)
	}
}

// enter lets the samples up to the right edge in.
func (w *sliding) enter(r *ring) {
	for stop := r.end(); w.stop < stop; w.stop++ {
		p := r.at(w.stop)
		if p.time > w.right {
			return
		}
		if w.aggregate != nil {
			var before *point
			if w.stop > w.start {
				before = r.at(w.stop - 1)
			}
			w.aggregate.push(p, before, w.stop)
			w.pushed++
		}
	}
}

// leave lets the samples up to the left edge out.
func (w *sliding) leave(r *ring, left int64) {
	for ; w.start < w.stop; w.start++ {
		p := r.at(w.start)
		if p.time > left {
			return
		}
		if w.aggregate != nil {
			var next *point
			if w.start+1 < w.stop {
				next = r.at(w.start + 1)
			}
			w.aggregate.pop(p, next, w.start)
		}
	}
}

// restart empties the window and puts its cursors at the left edge.
func (w *sliding) restart(r *ring, left int64) {
	if d, ok := w.aggregate.(*decay); ok && d.count > 0 {
		w.start, w.stop = max(w.start, r.first), max(w.stop, r.first)
		return
	}
	w.start = r.after(left)
	w.stop = w.start
	if w.aggregate != nil {
		w.aggregate.reset()
		w.pushed = 0
	}
}
