package window

import "math"

// Sum adds and removes numbers without drift. It keeps the total as an unevaluated pair hi + lo
// (double-double, 106 bits): sums of integers, and of decimals of like size, are exact, and the
// rest loses about 2⁻¹⁰⁴ of the largest total per operation. What is not finite is counted apart, so
// that a NaN or infinity leaves with its sample.
//
// Source: T. J. Dekker, "A floating-point technique for extending the available precision", 1971;
// D. E. Knuth, TAOCP 2, 4.2.2 (two-sum).
type Sum struct {
	hi, lo                 float64
	peak                   float64 // the largest |hi| there ever was
	nans, infsUp, infsDown int32
}

// largest is where a number counts as infinite: 2²³ numbers below it do not overflow a float64.
const largest = 0x1p1000

// Add adds v to the sum.
func (s *Sum) Add(v float64) { s.add(v, 1) }

// Remove takes away a v that was added before.
func (s *Sum) Remove(v float64) { s.add(v, -1) }

func (s *Sum) add(v float64, sign int32) {
	switch {
	case v != v:
		s.nans += sign
	case v >= largest:
		s.infsUp += sign
	case v <= -largest:
		s.infsDown += sign
	default:
		s.accumulate(float64(sign)*v, 0)
	}
}

// AddSquare adds v² exactly.
func (s *Sum) AddSquare(v float64) { s.addProduct(v, v, 1) }

// RemoveSquare takes away v².
func (s *Sum) RemoveSquare(v float64) { s.addProduct(v, v, -1) }

// addProduct adds sign · a · b with the product's rounding error, which the fused multiply-add gives.
func (s *Sum) addProduct(a, b float64, sign int32) {
	product := a * b
	if product != product || math.Abs(product) >= largest {
		s.add(product, sign)
		return
	}
	rest := math.FMA(a, b, -product)
	s.accumulate(float64(sign)*product, float64(sign)*rest)
}

// Merge adds all of another sum.
func (s *Sum) Merge(other Sum) { s.merge(other, 1) }

// Subtract takes away all of another sum.
func (s *Sum) Subtract(other Sum) { s.merge(other, -1) }

func (s *Sum) merge(other Sum, sign int32) {
	s.nans += sign * other.nans
	s.infsUp += sign * other.infsUp
	s.infsDown += sign * other.infsDown
	s.accumulate(float64(sign)*other.hi, float64(sign)*other.lo)
}

// accumulate adds the pair (hi, lo), |lo| ≤ ulp(hi)/2, both finite.
func (s *Sum) accumulate(hi, lo float64) {
	a, b := twoSum(s.hi, hi)
	c, d := twoSum(s.lo, lo)
	b += c
	a, b = fastTwoSum(a, b)
	b += d
	s.hi, s.lo = fastTwoSum(a, b)
	s.peak = max(s.peak, math.Abs(s.hi))
}

// worn reports whether so much has been taken away that what was lost to rounding may show: after a
// sample that was 2⁴⁰ times as large as the rest, say.
func (s *Sum) worn() bool { return s.peak > 0x1p40*math.Abs(s.hi) }

// Value rounds the sum to a float64: NaN and infinities as IEEE 754 adds them.
func (s *Sum) Value() float64 {
	switch {
	case s.nans > 0 || s.infsUp > 0 && s.infsDown > 0:
		return math.NaN()
	case s.infsUp > 0:
		return math.Inf(1)
	case s.infsDown > 0:
		return math.Inf(-1)
	}
	return s.hi + s.lo
}

// finite reports whether hi + lo is all there is.
func (s *Sum) finite() bool { return s.nans == 0 && s.infsUp == 0 && s.infsDown == 0 }

// twoSum returns a + b rounded, and what the rounding lost.
func twoSum(a, b float64) (sum, lost float64) {
	sum = a + b
	bb := sum - a
	return sum, (a - (sum - bb)) + (b - bb)
}

// fastTwoSum is twoSum where |a| ≥ |b|.
func fastTwoSum(a, b float64) (sum, lost float64) {
	sum = a + b
	return sum, b - (sum - a)
}
