package window

import "math"

// aggregate is what a window keeps of the samples inside it.
type aggregate interface {
	// push takes a sample that enters at the right edge; before is the one to its left, nil when the
	// window was empty.
	push(p point, before *point)
	// insert takes a sample that enters at the left edge, or late among the others; before and after are
	// its neighbours, before nil where it is the oldest. There is one after it.
	insert(p point, before, after *point)
	// pop takes the oldest sample as it leaves; after is the one to its right, nil when none is left.
	pop(p point, after *point)
	// reset empties the aggregate.
	reset()
	// worn reports whether it is better computed anew.
	worn() bool
}

// sliding is one window over the samples of a series: those with numbers in [start, stop), which are
// those with times in (end − width, end]. Where it holds any, that with the number start is the oldest.
type sliding struct {
	start, stop uint64
	right       int64 // the right edge, never before the first slide
	// oldest and newest are the samples at the edges, if count, how many there are, is not 0.
	oldest, newest point
	count          int32
	pushed         int32 // samples that entered since the aggregate was last empty
	// renumbered: the series has numbered its samples anew.
	renumbered bool
	family     Family
	// aggregate is sum for the families that keep no more than one, so that it lies beside the rest.
	aggregate aggregate
	sum       Sum
}

// init makes an empty window, which is not copied from then on.
func (w *sliding) init(spec Spec) {
	w.right, w.family, w.aggregate = never, spec.Family, spec.newAggregate(&w.sum)
}

// samples is how many samples the window holds.
func (w *sliding) samples() int { return int(w.count) }

// Readers of a series' panes, two for each window.
func leftReader(window int) int  { return 2 * window }
func rightReader(window int) int { return 2*window + 1 }

// slide moves window i so that it covers what its spec asks for at end. Moving on, and back where no
// sample leaves on the right, is amortised O(1) per sample; else the window starts over.
func (s *Series) slide(i int, end int64) {
	w := &s.windows[i]
	left, right := s.plan.Specs[i].edges(end)
	switch {
	case w.family == Decays:
		s.slideDecay(w, i, right)
		return
	case w.renumbered || w.start < s.oldest() || right < w.newest.time && w.count > 0:
		s.restart(i, left)
	case right < w.right:
		s.retreat(i, left)
	}
	w.right = right
	s.enter(i)
	if w.count > 0 && w.oldest.time <= left {
		s.leave(i, left)
	}
	if w.aggregate == nil {
		return
	}
	if w.count == 0 {
		if w.pushed > 0 {
			w.aggregate.reset() // whatever rounding has left behind
			w.pushed = 0
		}
	} else if w.pushed >= 2*w.count && w.aggregate.worn() {
		s.restart(i, left) // once in a window's length at most, so it stays amortised O(1)
		s.enter(i)
	}
}

// slideDecay moves a window from which nothing leaves, because its weights fade.
func (s *Series) slideDecay(w *sliding, i int, right int64) {
	if w.renumbered {
		w.stop = s.after(w.aggregate.(*decay).newest, rightReader(i))
		w.renumbered = false
	}
	w.stop = max(w.stop, s.oldest())
	w.right = right
	s.enter(i)
	w.start = w.stop
}

// enter lets the samples up to the right edge in.
func (s *Series) enter(i int) {
	w := &s.windows[i]
	for end := s.end(); w.stop < end; w.stop++ {
		var p point
		if w.stop == end-1 && s.values.count > 0 {
			p = point{s.newest, *s.values.at(w.stop)}
		} else {
			p = s.at(w.stop, rightReader(i))
		}
		if p.time > w.right {
			return
		}
		if !isAbsent(p.value) {
			w.push(p, w.stop)
		}
	}
}

// push lets a sample in at the right edge.
func (w *sliding) push(p point, number uint64) {
	before := &w.newest
	if w.count == 0 {
		w.start, w.oldest, before = number, p, nil
	}
	if w.aggregate != nil {
		w.aggregate.push(p, before)
	}
	w.newest = p
	w.grow()
}

// leave lets the samples up to the left edge out, of which there is one.
func (s *Series) leave(i int, left int64) {
	w := &s.windows[i]
	for w.count > 0 && w.oldest.time <= left {
		p, after := w.oldest, &w.oldest
		if w.count--; w.count == 0 {
			w.start, after = w.stop, nil
		} else {
			w.start++
			for w.oldest = s.at(w.start, leftReader(i)); isAbsent(w.oldest.value); w.oldest = s.at(w.start, leftReader(i)) {
				w.start++
			}
		}
		if w.aggregate != nil {
			w.aggregate.pop(p, after)
		}
	}
}

// retreat lets the samples back in that the left edge has passed: a silent group has spoken again, and its
// end goes back from the server's clock to its newest sample.
func (s *Series) retreat(i int, left int64) {
	w := &s.windows[i]
	if w.count == 0 {
		s.restart(i, left)
		return
	}
	for number := w.start; number > s.oldest(); {
		number--
		p := s.at(number, leftReader(i))
		if p.time <= left {
			return
		}
		if !isAbsent(p.value) {
			w.insert(p, number, nil, &w.oldest)
			w.start, w.oldest = number, p
		}
	}
}

func (w *sliding) insert(p point, number uint64, before, after *point) {
	if w.aggregate != nil {
		w.aggregate.insert(p, before, after)
	}
	w.grow()
}

func (w *sliding) grow() {
	w.count++
	w.pushed = min(w.pushed+1, math.MaxInt32-1)
}

// restart empties the window and puts its cursors at the left edge.
func (s *Series) restart(i int, left int64) {
	w := &s.windows[i]
	w.start = s.after(left, leftReader(i))
	w.stop, w.count, w.pushed, w.renumbered = w.start, 0, 0, false
	if w.aggregate != nil {
		w.aggregate.reset()
	}
}

// shift follows when the samples from a number on move up by one.
func (w *sliding) shift(number uint64) {
	if w.stop > number {
		if w.stop++; w.start >= number {
			w.start++
		}
	}
}

// late lets a sample in that arrived late, among those that are there.
func (s *Series) late(i int, number uint64) {
	w := &s.windows[i]
	p := s.at(number, leftReader(i))
	if d, ok := w.aggregate.(*decay); ok {
		if number < w.stop && !w.renumbered || w.renumbered && p.time < d.newest {
			d.late(p)
		}
		return
	}
	if number >= w.stop || w.renumbered {
		return // it enters with the next slide
	}
	left := w.right - s.plan.Specs[i].Width
	switch {
	case p.time <= left:
	case w.count == 0 || p.time > w.newest.time:
		w.push(p, number)
	case p.time < w.oldest.time:
		w.insert(p, number, nil, &w.oldest)
		w.start, w.oldest = number, p
	default:
		before, after := s.neighbour(number, -1, i), s.neighbour(number, 1, i)
		w.insert(p, number, &before, &after)
	}
}

// neighbour is the next sample in a direction that is not absent; there is one.
func (s *Series) neighbour(number uint64, step int, i int) point {
	for {
		number += uint64(step)
		if p := s.at(number, leftReader(i)); !isAbsent(p.value) {
			return p
		}
	}
}

// startOver has the window find its place among samples that were numbered anew.
func (w *sliding) startOver() { w.renumbered = w.right != never }
