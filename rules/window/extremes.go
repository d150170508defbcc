package window

import (
	"math"
	"slices"
)

// extremes keeps the samples that are, or may yet become, the smallest (sign 1) or largest (sign
// −1) of a window: a monotonic deque. A sample is out once a newer one is at least as extreme, so
// each is put in and taken out once.
type extremes struct {
	sign  float64
	items []extreme // values times sign rise strictly; the first is the window's
	head  int
}

type extreme struct {
	time  int64
	value float64 // times sign
}

func (a *extremes) push(p point, _ *point) { a.put(p, len(a.items)) }

func (a *extremes) insert(p point, _, _ *point) {
	at := len(a.items)
	for at > a.head && a.items[at-1].time > p.time {
		at--
	}
	a.put(p, at)
}

// put adds a sample that belongs before the item with a place, because of its time.
func (a *extremes) put(p point, at int) {
	v := p.value * a.sign
	if math.IsNaN(v) || at < len(a.items) && a.items[at].value <= v {
		return
	}
	from := at
	for from > a.head && a.items[from-1].value >= v {
		from--
	}
	a.items = slices.Replace(a.items, from, at, extreme{p.time, v})
}

func (a *extremes) pop(p point, _ *point) {
	if len(a.items) > a.head && a.items[a.head].time == p.time {
		a.head++
	}
	if a.head*2 > len(a.items) { // amortised: half of the deque has left since the last move
		a.items = a.items[:copy(a.items, a.items[a.head:])]
		a.head = 0
	}
}

func (a *extremes) reset()     { *a = extremes{sign: a.sign, items: a.items[:0]} }
func (a *extremes) worn() bool { return false }

// Min is the smallest sample of a gauge in window i over all series, NaNs left out as in PromQL's
// min_over_time. Unknown without samples.
func Min(series []*Series, i int) Result { return extremum(series, i, 1) }

// Max is the largest sample, as Min.
func Max(series []*Series, i int) Result { return extremum(series, i, -1) }

func extremum(series []*Series, i int, sign float64) Result {
	best, n, found := math.Inf(1), 0, false
	for _, s := range series {
		w := &s.windows[i]
		n += w.samples()
		a := w.aggregate.(*extremes)
		if len(a.items) > a.head {
			best, found = min(best, a.items[a.head].value), true
		}
	}
	if !found {
		return unknown(n)
	}
	return known(best*sign, n)
}
