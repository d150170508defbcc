package window

import "math"

// Summary is what one instance has of a metric that arrives as a summary: for each quantile that its
// sender computes, the series that carry it. A quantile that nobody sends cannot be had.
type Summary struct{ quantiles []summaryQuantile }

type summaryQuantile struct {
	q      float64
	series []*Series
}

// Add adds a series that carries the q-quantile.
func (s *Summary) Add(q float64, series *Series) {
	if known := s.of(q); known != nil {
		known.series = append(known.series, series)
		return
	}
	s.quantiles = append(s.quantiles, summaryQuantile{q, []*Series{series}})
}

// sameQuantile is how far apart two ways of writing a quantile may lie: 99.9% and "0.999".
const sameQuantile = 1e-9

func (s *Summary) of(q float64) *summaryQuantile {
	for i := range s.quantiles {
		if math.Abs(s.quantiles[i].q-q) < sameQuantile {
			return &s.quantiles[i]
		}
	}
	return nil
}

// Quantiles gives the quantiles that arrive.
func (s *Summary) Quantiles() []float64 {
	list := make([]float64, len(s.quantiles))
	for i, known := range s.quantiles {
		list[i] = known.q
	}
	return list
}

// Has reports whether the q-quantile arrives.
func (s *Summary) Has(q float64) bool { return s.of(q) != nil }

// Each gives all series.
func (s *Summary) Each(yield func(*Series) bool) {
	for _, known := range s.quantiles {
		for _, series := range known.series {
			if !yield(series) {
				return
			}
		}
	}
}

// Quantile is the highest of the latest values in window i of the series that carry the q-quantile:
// quantiles of several senders cannot be combined, and the worst of them is what must not be overlooked.
// Series that ended with a stale marker do not count, nor does NaN, which senders send where nothing was
// observed. Unknown where nothing is left.
func (s *Summary) Quantile(q float64, i int) Result {
	worst, live := math.Inf(-1), 0
	if known := s.of(q); known != nil {
		for _, series := range known.series {
			if _, newest := series.span(i); newest != nil && series.live(i, newest) && !math.IsNaN(newest.value) {
				worst = max(worst, newest.value)
				live++
			}
		}
	}
	if live == 0 {
		return unknown(0)
	}
	return known(worst, live)
}
