package window

import "time"

// resets sums what a counter had reached before each reset inside a window.
type resets Sum

func (a *resets) push(p point, before *point) {
	if before != nil && p.value < before.value {
		(*Sum)(a).Add(before.value)
	}
}

func (a *resets) insert(p point, before, after *point) {
	if before != nil {
		a.pop(*before, after) // they are no longer neighbours
		a.push(p, before)
	}
	a.push(*after, &p)
}

func (a *resets) pop(p point, after *point) {
	if after != nil && after.value < p.value {
		(*Sum)(a).Remove(p.value)
	}
}

func (a *resets) reset()     { *a = resets{} }
func (a *resets) worn() bool { return (*Sum)(a).worn() }

// Increase is how much counters grew in window i, extrapolated to the window's edges as PromQL's
// increase() does it: per series, then summed. Unknown unless some series has two samples.
func Increase(series []*Series, i int) Result { return growth(series, i, false) }

// Rate is Increase per second, as PromQL's rate().
func Rate(series []*Series, i int) Result { return growth(series, i, true) }

// growth is the sum of increase over the series, unknown when no series has an increase.
func growth(series []*Series, i int, perSecond bool) Result {
	var sum Sum
	n, found := 0, false
	for _, s := range series {
		v, ok := s.increase(i, perSecond)
		if ok {
			sum.Add(v)
			found = true
		}
		n += s.windows[i].samples()
	}
	if !found {
		return unknown(n)
	}
	return known(sum.Value(), n)
}

// Ratio is the increase of the series a in window i over the increase of the series b in window j. It
// is unknown where either is, and where b did not grow. But where a is part of b, its series being
// among those that b takes, a window without a sample of a, and with some of b, has 0 of a: senders
// make the series of a failure with the first failure.
func Ratio(a []*Series, i int, b []*Series, j int, isPart bool) Result {
	top, bottom := Increase(a, i), Increase(b, j)
	if isPart && !top.Known && top.Samples == 0 {
		top = known(0, 0)
	}
	if !top.Known || !bottom.Known || bottom.Value == 0 {
		return unknown(int(bottom.Samples))
	}
	return known(top.Value/bottom.Value, int(bottom.Samples))
}

// increase is the growth of one counter in window i; ok is false with fewer than two samples.
func (s *Series) increase(i int, perSecond bool) (growth float64, ok bool) {
	w := &s.windows[i]
	n := w.samples()
	if n < 2 {
		return 0, false
	}
	first, last := &w.oldest, &w.newest
	growth = last.value - first.value
	if lost := &w.sum; lost.peak > 0 || !lost.finite() {
		corrected := *lost
		corrected.Add(last.value)
		corrected.Add(-first.value)
		growth = corrected.Value()
	}
	spec := s.plan.Specs[i]
	left, right := spec.edges(w.right + spec.Lag)
	return growth * extrapolation(extent{
		left: left, right: right, first: first.time, last: last.time, samples: n,
		zeroable: first.value >= 0, start: first.value, growth: growth,
	}, spec.Width, perSecond), true
}

// extent is what the extrapolation of a counter's growth depends on; times in milliseconds.
type extent struct {
	left, right   int64 // the window's edges
	first, last   int64 // its first and last sample
	samples       int
	zeroable      bool    // the counter started at or above zero
	start, growth float64 // its value at first, and its growth up to last
}

// extrapolation is the factor that stretches a growth between the first and the last sample to the
// window's edges. A sample closer to an edge than 1.1 average distances is taken to continue to the
// edge; else the series is taken to begin or end half a distance beyond it, but never before the
// moment where the counter would have been zero.
//
// Source: extrapolatedRate of PromQL, promql/functions.go of Prometheus 3.16, operation by operation,
// so that the results agree to the last bit.
func extrapolation(e extent, widthMS int64, perSecond bool) float64 {
	toStart := float64(e.first-e.left) / 1000
	toEnd := float64(e.right-e.last) / 1000
	sampled := float64(e.last-e.first) / 1000
	average := sampled / float64(e.samples-1)
	threshold := average * 1.1
	if toStart >= threshold {
		toStart = average / 2
	}
	toZero := toStart
	if e.growth > 0 && e.zeroable {
		toZero = sampled * (e.start / e.growth)
	}
	if toZero < toStart {
		toStart = toZero
	}
	if toEnd >= threshold {
		toEnd = average / 2
	}
	factor := (sampled + toStart + toEnd) / sampled
	if perSecond {
		factor /= (time.Duration(widthMS) * time.Millisecond).Seconds()
	}
	return factor
}
