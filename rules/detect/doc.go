// Package detect tells whether something has moved by more than a tolerated amount against its own
// past: the function shifted of the rule language. It is pure: no I/O, no clock, no randomness.
//
// # The test
//
// Time is cut into blocks of 2 s. A block with observations gives each of a few bets an e-value e: a
// number that is not negative and whose mean, as long as nothing has moved by more than the
// tolerance, is at most 1 whatever happened before. The evidence of a bet is an e-CUSUM,
//
//	M ← max(w, M) · e,   shifted once the mean of M over the bets reaches 1
//
// where w is the block's part of the false alarms that are allowed ([Budget]). Evidence grows only
// while bets win, and starts anew with every block while they lose.
//
//   - A share, x of n observations: log e = λx − n·log(1 − p + p·exp λ), p the highest tolerated share.
//     It also holds for observations between 0 and 1 with the sum x, because exp is convex.
//   - A histogram: the shares of the observations beyond a few bounds of its buckets.
//   - A gauge v: log e = log(1 + λ(y − 1)), y = (v − least) / (highest tolerated mean − least).
//
// Before its e-values count, a block is capped in advance at a sum that grows with the time since the
// block before; min(e, cap) is an e-value too. So a blip of a few seconds cannot bring an alarm alone.
//
// # The bound on false alarms
//
// While nothing has moved, M is at most R, R ← (R + w)·e, and R less the sum of all w is a
// supermartingale. So the chance that a run of a detector ends in a false alarm is at most the sum of
// the w that it has had, and the expected number of false alarms of all detectors together is at most the
// sum of all w: (alarms per time) · time, however many detectors there are and whenever they come and go,
// because at each time their w add up to no more. The w of a block is proportional to the time since the
// block before, so the bound is one of time where samples come slower than blocks, too. To look at a block
// before it is over is allowed: what has come of it is an e-value as well.
//
// Sources: J. Shin, A. Ramdas, A. Rinaldo, "E-detectors: a nonparametric framework for sequential change
// detection" (2022): e-CUSUM and e-SR, mixtures; the weights are those of a Shiryaev-Roberts procedure
// with a prior that follows the allowed alarms. I. Waudby-Smith, A. Ramdas, "Estimating means of bounded
// random variables by betting" (2023): the bets on means.
//
// # The past
//
// Hours in which there was no doubt become the past, by time of day (past.go). The highest tolerated
// share is the upper confidence limit of what the past has shown, moved by the tolerance (null.go).
package detect
