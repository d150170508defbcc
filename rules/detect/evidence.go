package detect

import "math"

// stakes are the λ of the bets on a share. A bet pays best where the odds of the share have grown by
// exp λ: by a third, three times, twelve times.
var stakes = [...]float64{0.3, 1, 2.5}

// levelStakes are the λ of the bets on a level, from 0 (no bet) to 1 (all of it). A bet pays best the
// smaller the more the level scatters.
var levelStakes = [len(stakes)]float64{0.1, 0.3, 0.8}

// maxTests is how many shares a detector bets on at once: one of a Share, several bounds of a Histogram.
const maxTests = len(targets)

// bet is the evidence of one bet.
type bet struct {
	// logM is the logarithm of its evidence; what is below the weight of the next block does not count.
	logM float64
	// since is the start of the block with which the evidence began, in milliseconds; n and x are what came
	// since then.
	since int64
	n, x  float64
}

// test is one share, or level, that is bet on.
type test struct {
	// cell is that of the bound of a histogram.
	cell int
	// limit is the highest share that is tolerated; of a gauge the highest mean.
	limit float64
	// costs are log(1 − p + p·exp λ) for each stake λ.
	costs [len(stakes)]float64
	bets  [len(stakes)]bet
}

// shareOf sets the highest tolerated share.
func (t *test) shareOf(p float64) {
	t.limit = p
	for j, stake := range stakes {
		t.costs[j] = math.Log1p(p * math.Expm1(stake))
	}
}

// logE is the logarithm of the e-value that n observations with the sum x give bet j.
func (t *test) logE(j int, n, x float64) float64 { return stakes[j]*x - n*t.costs[j] }

// logELevel is the same of a level; y is its height over the least, in tolerated means.
func logELevel(j int, y float64) float64 { return math.Log1p(levelStakes[j] * (math.Max(y, 0) - 1)) }

// mean is the logarithm of the mean of exp over k numbers, of which top is the largest.
func mean(logs []float64, top float64) float64 {
	sum := 0.0
	for _, v := range logs {
		sum += math.Exp(v - top)
	}
	return top + math.Log(sum/float64(len(logs)))
}
