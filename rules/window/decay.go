package window

import "math"

// reachHalfLives is how many half-lives of silence an exponentially weighted mean outlives: by then
// a sample weighs 2⁻²⁰, a millionth.
const reachHalfLives = 20

// DecayWidth is the width of a Decays window for a half-life, both in milliseconds.
func DecayWidth(halfLifeMS int64) int64 { return halfLifeMS * reachHalfLives }

// decay is an exponentially weighted mean. Both sums are as of the time of the newest sample; what
// happens after that changes them alike, so nothing has to leave.
type decay struct {
	halfLife      float64 // milliseconds
	values, weigh float64
	newest        int64
	count         int
}

func newDecay(halfLife float64) decay { return decay{halfLife: halfLife, newest: never} }

func (a *decay) push(p point, _ *point) {
	if math.IsNaN(p.value) || math.IsInf(p.value, 0) {
		return // would weigh on the mean for ever
	}
	if a.count > 0 {
		fade := math.Exp2(-float64(p.time-a.newest) / a.halfLife)
		a.values *= fade
		a.weigh *= fade
	}
	a.values += p.value
	a.weigh++
	a.newest = p.time
	a.count++
}

// late takes a sample older than the newest.
func (a *decay) late(p point) {
	if a.count == 0 || math.IsNaN(p.value) || math.IsInf(p.value, 0) {
		return
	}
	weight := math.Exp2(-float64(a.newest-p.time) / a.halfLife)
	a.values += weight * p.value
	a.weigh += weight
	a.count++
}

func (a *decay) insert(p point, _, _ *point) { a.late(p) }
func (a *decay) pop(point, *point)           {}

func (a *decay) reset()     { *a = newDecay(a.halfLife) }
func (a *decay) worn() bool { return false }

// Ewma is the exponentially weighted mean of a gauge: Σ v·2^(−age/h) / Σ 2^(−age/h) over its
// samples, each weighed by its age in half-lives. For several series it is the mean of theirs, as
// of their latest values. Unknown once the newest sample is older than reachHalfLives half-lives.
func Ewma(series []*Series, i int) Result {
	var sum Sum
	n, means := 0, 0
	for _, s := range series {
		w := &s.windows[i]
		a := w.aggregate.(*decay)
		if a.count == 0 || a.newest <= w.right-int64(a.halfLife*reachHalfLives) {
			continue
		}
		sum.Add(a.values / a.weigh)
		means++
		n += a.count
	}
	if means == 0 {
		return unknown(0)
	}
	return known(sum.Value()/float64(means), n)
}
