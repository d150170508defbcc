package window

// total sums the samples inside a window.
type total Sum

func (a *total) push(p point, _ *point)      { (*Sum)(a).Add(p.value) }
func (a *total) insert(p point, _, _ *point) { (*Sum)(a).Add(p.value) }
func (a *total) pop(p point, _ *point)       { (*Sum)(a).Remove(p.value) }
func (a *total) reset()                      { *a = total{} }
func (a *total) worn() bool                  { return (*Sum)(a).worn() }

// Mean is the arithmetic mean of all samples of a gauge in window i, those of several series pooled:
// PromQL's avg_over_time for one series. Unknown without samples.
func Mean(series []*Series, i int) Result {
	sum, n := pooled(series, i)
	if n == 0 {
		return unknown(0)
	}
	if !sum.finite() {
		return known(sum.Value(), n)
	}
	count := float64(n)
	return known(sum.hi/count+sum.lo/count, n)
}

// Total is the sum of all samples of a gauge in window i, those of several series pooled: PromQL's
// sum_over_time for one series. Unknown without samples.
func Total(series []*Series, i int) Result {
	sum, n := pooled(series, i)
	if n == 0 {
		return unknown(0)
	}
	return known(sum.Value(), n)
}

func pooled(series []*Series, i int) (sum Sum, n int) {
	for _, s := range series {
		w := &s.windows[i]
		if w.samples() > 0 {
			sum.Merge(w.sum)
			n += w.samples()
		}
	}
	return sum, n
}
