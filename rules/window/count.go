package window

// Count is how many samples window i holds over all series. Unknown without any, because a silence
// proves nothing.
func Count(series []*Series, i int) Result {
	n := samples(series, i)
	if n == 0 {
		return unknown(0)
	}
	return known(float64(n), n)
}

// Coverage is the share, up to 1, of the expected samples that arrived in window i: samples times
// the group's usual interval over the width, averaged over the series that have any. Unknown
// without samples.
func Coverage(series []*Series, i int) Result {
	share, n, spoke := 0.0, 0, 0
	for _, s := range series {
		w := &s.windows[i]
		count := w.samples()
		if count == 0 {
			continue
		}
		share += min(1, float64(count)*float64(s.Clock.Interval())/float64(s.plan.Specs[i].Width))
		spoke++
		n += count
	}
	if spoke == 0 {
		return unknown(0)
	}
	return known(share/float64(spoke), n)
}
