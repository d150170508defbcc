package window

import "math"

// spread keeps the first two moments of the samples inside a window. With 106 bits the difference
// of squares keeps its digits where the mean is up to 10⁷ standard deviations away from zero.
type spread struct{ sum, squares Sum }

func (a *spread) push(p point, _ *point) {
	a.sum.Add(p.value)
	a.squares.AddSquare(p.value)
}

func (a *spread) insert(p point, _, _ *point) { a.push(p, nil) }

func (a *spread) pop(p point, _ *point) {
	a.sum.Remove(p.value)
	a.squares.RemoveSquare(p.value)
}

func (a *spread) reset()     { *a = spread{} }
func (a *spread) worn() bool { return a.sum.worn() || a.squares.worn() }

// Stddev is the standard deviation √(Σ(x − x̄)²/n) of all samples of a gauge in window i, those of
// several series pooled: PromQL's stddev_over_time for one series. Unknown without samples.
func Stddev(series []*Series, i int) Result {
	var sum, squares Sum
	n := 0
	for _, s := range series {
		w := &s.windows[i]
		if w.samples() > 0 {
			a := w.aggregate.(*spread)
			sum.Merge(a.sum)
			squares.Merge(a.squares)
			n += w.samples()
		}
	}
	if n == 0 {
		return unknown(0)
	}
	if n == 1 && sum.finite() {
		return known(0, n)
	}
	if !sum.finite() || !squares.finite() {
		return unknown(n)
	}
	return known(math.Sqrt(max(0, centered(squares, sum, sum, n))/float64(n)), n)
}

// centered is Σxy − ΣxΣy/n: the sum of products around the means.
func centered(products, x, y Sum, n int) float64 {
	quotient := y.dividedBy(float64(n))
	products.addProduct(x.hi, quotient.hi, -1)
	products.addProduct(x.hi, quotient.lo, -1)
	products.addProduct(x.lo, quotient.hi, -1)
	return products.Value()
}

// dividedBy is the sum over d, to about 100 bits: a float64 quotient, and what it leaves over.
func (s Sum) dividedBy(d float64) Sum {
	q := s.hi / d
	rest := s
	rest.addProduct(q, d, -1)
	return Sum{hi: q, lo: rest.Value() / d}
}
