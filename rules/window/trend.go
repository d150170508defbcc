package window

// trend keeps the sums of a least-squares line through the samples inside a window. Times are in
// seconds since the first sample that the window ever saw.
type trend struct {
	origin int64
	begun  bool
	x, xx  Sum
	y, xy  Sum
	steps  int // neighbours of different value
}

func (a *trend) push(p point, before *point) {
	a.add(p)
	if before != nil && before.value != p.value {
		a.steps++
	}
}

func (a *trend) insert(p point, before, after *point) {
	a.add(p)
	if before != nil {
		if before.value != after.value { // they are no longer neighbours
			a.steps--
		}
		if before.value != p.value {
			a.steps++
		}
	}
	if p.value != after.value {
		a.steps++
	}
}

func (a *trend) add(p point) {
	if !a.begun {
		a.origin, a.begun = p.time, true
	}
	x := float64(p.time - a.origin)
	a.x.Add(x)
	a.xx.AddSquare(x)
	a.y.Add(p.value)
	a.xy.addProduct(x, p.value, 1)
}

func (a *trend) pop(p point, after *point) {
	x := float64(p.time - a.origin)
	a.x.Remove(x)
	a.xx.RemoveSquare(x)
	a.y.Remove(p.value)
	a.xy.addProduct(x, p.value, -1)
	if after != nil && after.value != p.value {
		a.steps--
	}
}

func (a *trend) reset()     { *a = trend{} }
func (a *trend) worn() bool { return a.y.worn() || a.xy.worn() }

// Slope is the slope per second of the least-squares line through the samples of a gauge in window
// i: PromQL's deriv. For several series it is the mean of their slopes. Unknown unless some series
// has two samples.
func Slope(series []*Series, i int) Result {
	var sum Sum
	n, slopes := 0, 0
	for _, s := range series {
		w := &s.windows[i]
		count := w.samples()
		n += count
		if count < 2 {
			continue
		}
		a := w.aggregate.(*trend)
		if !a.y.finite() {
			return unknown(n)
		}
		slopes++
		if a.steps > 0 {
			const perSecond = 1000
			sum.Add(centered(a.xy, a.x, a.y, count) / centered(a.xx, a.x, a.x, count) * perSecond)
		}
	}
	if slopes == 0 {
		return unknown(n)
	}
	return known(sum.Value()/float64(slopes), n)
}
