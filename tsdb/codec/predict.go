package codec

// A predictor guesses each integer of a stream from those before it; what is stored is the
// difference, the residual. All arithmetic wraps, so that every stream comes back, however large
// its steps.
type predictor uint8

const (
	predictNone      predictor = iota // 0
	predictLast                       // x[i-1]
	predictMean2                      // the exponentially weighted mean with weight 1/2 ...
	predictMean4                      // ... 1/4
	predictMean8                      // ... 1/8
	predictLine                       // x[i-1] + (x[i-1]-x[i-2])
	predictHalfSlope                  // x[i-1] + (x[i-1]-x[i-2])/2
	predictLag2                       // x[i-2]
	predictGrid                       // x[0] + i*step, step in 1/gridUnit
	predictPace4                      // x[i-1] + the exponentially weighted mean of the steps with weight 1/4 ...
	predictPace16                     // ... 1/16
	predictors

	// hotPredictors are those that the hot tier chooses from: noise that a pace leaves is packed no
	// smaller, only entropy coded.
	hotPredictors = predictPace4
)

// gridUnit is the resolution of a grid's step. With it the grid of a clock that runs slow or fast by
// any constant rate is less than 1 off after MaxRows rows.
const gridUnit = 1 << 16

// predictState carries a predictor over a stream, in either direction. What a and b hold depends on
// the predictor.
//
// Means: a is the mean times 2^h, so that adding the residual to a moves the mean by residual/2^h.
// predictLast is the case h = 0.
//
// Paces: a is the last value, b the mean step times 2^h.
type predictState struct {
	kind predictor
	a, b int64
	row  int64
}

// newPredictState starts a predictor so that the first value's residual is offset. The second's is
// too where the predictor has a step.
func newPredictState(kind predictor, offset, first, step int64) predictState {
	s := predictState{kind: kind}
	switch kind {
	case predictLast, predictMean2, predictMean4, predictMean8, predictHalfSlope:
		s.a = (first - offset) << meanShift(kind)
	case predictLine:
		s.a, s.b = first-step+offset, step-2*offset
	case predictLag2:
		s.a, s.b = first+step-offset, first-offset
	case predictGrid:
		s.a, s.b = first-offset, step
	case predictPace4, predictPace16:
		s.a, s.b = first-step-offset, step<<paceShift(kind)
	}
	return s
}

// hasStep reports whether a stream of this predictor has a step in its header.
func (p predictor) hasStep() bool { return p == predictLine || p >= predictLag2 }

// firstValue is the value to start with. A grid does not follow its values, so an offset that every
// residual gets must not move it: it starts that much higher.
func firstValue(plan intPlan, values []int64) int64 {
	if plan.predictor == predictGrid {
		return values[0] + plan.offset
	}
	return values[0]
}

// firstStep is the step to start with: what leads from the first value to the second, for a grid
// what leads from the first to the last, and for a pace the mean of the first steps.
func firstStep(kind predictor, values []int64) int64 {
	if !kind.hasStep() || len(values) < 2 {
		return 0
	}
	if kind == predictGrid {
		n := int64(len(values) - 1)
		span := values[n] - values[0]
		return span/n*gridUnit + span%n*gridUnit/n
	}
	if kind >= predictPace4 {
		n := min(len(values)-1, 1<<paceShift(kind))
		return (values[n] - values[0]) / int64(n)
	}
	return values[1] - values[0]
}

// meanShift is h of the means above.
func meanShift(p predictor) uint {
	if p >= predictLast && p <= predictMean8 {
		return uint(p - predictLast)
	}
	return 0
}

// paceShift is h of the paces above.
func paceShift(p predictor) uint { return 2 * uint(p-predictPace4+1) }

// learnt is how much of a residual a pace learns from: at most four times itself, and 64 more to get
// going. A counter that restarts would else be followed by a hundred bad guesses.
func learnt(residual, pace int64) int64 {
	most := 4*max(pace, -pace) + 64
	return max(-most, min(residual, most))
}

// residuals replaces the values that follow what the state has seen by their residuals.
func (s *predictState) residuals(dst, values []int64) {
	a, b := s.a, s.b
	dst = dst[:len(values)]
	switch s.kind {
	case predictNone:
		copy(dst, values)
	case predictLast:
		for i, v := range values {
			dst[i] = v - a
			a = v
		}
	case predictMean2, predictMean4, predictMean8:
		h := meanShift(s.kind)
		for i, v := range values {
			r := v - a>>h
			a += r
			dst[i] = r
		}
	case predictLine:
		for i, v := range values {
			step := v - a
			dst[i] = step - b
			a, b = v, step
		}
	case predictHalfSlope:
		for i, v := range values {
			step := v - a
			dst[i] = step - b>>1
			a, b = v, step
		}
	case predictLag2:
		for i, v := range values {
			dst[i] = v - b
			a, b = v, a
		}
	case predictGrid:
		for i, v := range values {
			dst[i] = v - a - (s.row+int64(i))*b/gridUnit
		}
		s.row += int64(len(values))
	case predictPace4, predictPace16:
		h := paceShift(s.kind)
		for i, v := range values {
			r := v - a - b>>h
			b += learnt(r, b>>h)
			a = v
			dst[i] = r
		}
	}
	s.a, s.b = a, b
}

// restore is the inverse of residuals, in place.
func (s *predictState) restore(values []int64) {
	a, b := s.a, s.b
	switch s.kind {
	case predictLast:
		for i, r := range values {
			a += r
			values[i] = a
		}
	case predictMean2, predictMean4, predictMean8:
		h := meanShift(s.kind)
		for i, r := range values {
			values[i] = a>>h + r
			a += r
		}
	case predictLine:
		for i, r := range values {
			b += r
			a += b
			values[i] = a
		}
	case predictHalfSlope:
		for i, r := range values {
			b = b>>1 + r
			a += b
			values[i] = a
		}
	case predictLag2:
		for i, r := range values {
			a, b = b+r, a
			values[i] = a
		}
	case predictGrid:
		grid := s.row * b
		for i, r := range values {
			values[i] = r + a + grid/gridUnit
			grid += b
		}
		s.row += int64(len(values))
	case predictPace4, predictPace16:
		h := paceShift(s.kind)
		for i, r := range values {
			pace := b >> h
			a += pace + r
			b += learnt(r, pace)
			values[i] = a
		}
	}
	s.a, s.b = a, b
}

// restoreFrom is the inverse of residuals and mapResiduals in one go. mapped may be dst itself.
func (s *predictState) restoreFrom(dst []int64, mapped []uint64, plan *intPlan) {
	if kernels != levelGo && s.kind <= predictLine {
		done := restoreGroups(dst, mapped, s, plan) * groupLen
		dst, mapped = dst[done:], mapped[done:]
	}
	s.restoreFromGo(dst, mapped, plan)
}

// restoreFromGo is restoreFrom without kernels.
func (s *predictState) restoreFromGo(dst []int64, mapped []uint64, plan *intPlan) {
	if s.kind == predictLast {
		s.a = restoreLast(dst, mapped, s.a, plan)
		return
	}
	unmap(dst, mapped, plan)
	s.restore(dst)
}

// unmap is the inverse of mapResiduals.
func unmap(dst []int64, mapped []uint64, plan *intPlan) {
	dst = dst[:len(mapped)]
	if plan.zigzag {
		for i, u := range mapped {
			dst[i] = unzigzag(u) + plan.offset
		}
		return
	}
	for i, u := range mapped {
		dst[i] = int64(u) + plan.offset
	}
}

// restoreLast is unmap and restore of predictLast in one loop: most streams take this way. It returns
// the last value.
func restoreLast(dst []int64, mapped []uint64, last int64, plan *intPlan) int64 {
	dst = dst[:len(mapped)]
	offset := plan.offset
	if plan.zigzag {
		for i, u := range mapped {
			last += unzigzag(u) + offset
			dst[i] = last
		}
		return last
	}
	for i, u := range mapped {
		last += int64(u) + offset
		dst[i] = last
	}
	return last
}
