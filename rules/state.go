package rules

import (
	"math/bits"
	"time"
)

// policy is what a rule says of time: when a condition that holds becomes an alert, and when it
// ends.
type policy struct {
	// hold is how long the condition must be true. Where m > 0 it must instead be true in n of the
	// last m evaluations; m ≤ maxEvaluations.
	hold time.Duration
	n, m int
	// ownRecover says that the rule has a condition of its own for recovery; recoverHold is how long
	// it, or else the negation of the condition, must be true.
	ownRecover  bool
	recoverHold time.Duration
	// missing says what a condition counts as once it has been unknown for missingAfter.
	missing      missingPolicy
	missingAfter time.Duration
}

// maxEvaluations is how far back `for N of M` can look: one machine word.
const maxEvaluations = 64

type missingPolicy uint8

const (
	missingHold  missingPolicy = iota // the state stays
	missingFire                       // counts as true
	missingClear                      // counts as false
)

// verdict is what one evaluation found.
type verdict struct {
	// when is the rule's condition, recovered its condition of recovery (or the negation of when).
	when, recovered Truth
	// uncovered: a fresh start whose windows are not covered yet; it cannot begin to fire.
	uncovered bool
	// sampled: new samples are behind it, so it counts as an evaluation for `N of M`.
	sampled bool
}

// life is the state of one instance with its clocks. It changes by next alone.
type life struct {
	state State
	// since is when state began, firingSince when the instance last began to fire (zero: never).
	since, firingSince time.Time
	// unknown: the condition has no value, and no `missing` clause gives it one; unknownSince is
	// since when it has none, clause or not (zero: it has one).
	unknown      bool
	unknownSince time.Time

	// counting is since when the current hold counts; what was unknown does not count. Zero: no
	// hold is running.
	counting time.Time
	// outcomes are the latest known evaluations, newest in the lowest bit, for `N of M`.
	outcomes    uint64
	evaluations uint8
	// verdict is the latest.
	verdict verdict
}

// next is the state of an instance after a verdict at now. It is a pure function.
func (p *policy) next(l life, v verdict, now time.Time) life {
	v = p.resolve(&l, v, now)
	l.verdict = v
	if p.m > 0 && v.sampled && v.when != Unknown {
		l.outcomes <<= 1
		if v.when == True {
			l.outcomes |= 1
		}
		l.evaluations = min(l.evaluations+1, maxEvaluations)
	}
	switch l.state {
	case Inactive, Pending:
		return p.rise(l, v, now)
	default:
		return p.fall(l, v, now)
	}
}

// resolve keeps the clock of what is unknown, and lets the `missing` clause give it a value in time.
func (p *policy) resolve(l *life, v verdict, now time.Time) verdict {
	if !p.blind(l.state, v) {
		if l.unknown && !l.counting.IsZero() { // what was unknown does not count
			l.counting = l.counting.Add(max(0, now.Sub(later(l.unknownSince, l.counting))))
		}
		l.unknown, l.unknownSince = false, time.Time{}
		return v
	}
	if l.unknownSince.IsZero() {
		l.unknownSince = now
	}
	l.unknown = !p.presumes(v) || now.Sub(l.unknownSince) < p.missingAfter
	switch {
	case l.unknown:
	case p.missing == missingFire:
		v.when, v.recovered = True, False
	default:
		v.when, v.recovered = False, True
	}
	return v
}

// presumed reports whether the value comes from the `missing` clause.
func (l *life) presumed() bool { return !l.unknown && !l.unknownSince.IsZero() }

// blind reports whether the verdict lacks the value that the state waits for. With `missing fire` a
// condition without a value outweighs a recovery.
func (p *policy) blind(s State, v verdict) bool {
	if s == Inactive || s == Pending || p.missing == missingFire && v.when == Unknown {
		return v.when == Unknown
	}
	return v.recovered == Unknown && v.when != True
}

// presumes reports whether the `missing` clause will give the verdict a value.
func (p *policy) presumes(v verdict) bool {
	return p.missing == missingClear || p.missing == missingFire && v.when == Unknown
}

// rise moves an instance that does not fire.
func (p *policy) rise(l life, v verdict, now time.Time) life {
	if l.unknown {
		return l
	}
	ripe := false
	if p.m > 0 && !l.presumed() {
		l.counting = time.Time{}
		trues := bits.OnesCount64(l.latest(p.m))
		if trues == 0 {
			return l.enter(Inactive, now)
		}
		ripe = trues >= p.n
	} else {
		if v.when == False {
			return l.enter(Inactive, now)
		}
		if l.counting.IsZero() {
			l.counting = now
		}
		ripe = now.Sub(l.counting) >= p.hold
	}
	if !ripe || v.uncovered {
		return l.enter(Pending, now)
	}
	l.firingSince = now
	l.outcomes, l.evaluations = 0, 0 // recovery counts from here on
	return l.enter(Firing, now)
}

// fall moves an instance that fires.
func (p *policy) fall(l life, v verdict, now time.Time) life {
	if l.unknown {
		return l
	}
	ripe := false
	switch {
	case p.m > 0 && !p.ownRecover && !l.presumed():
		l.counting = time.Time{}
		seen := min(int(l.evaluations), p.m)
		falses := seen - bits.OnesCount64(l.latest(seen))
		if falses == 0 {
			return l.enter(Firing, now)
		}
		ripe = falses >= p.n
	case v.when == True || v.recovered == False:
		return l.enter(Firing, now)
	default:
		if l.counting.IsZero() {
			l.counting = now
		}
		ripe = now.Sub(l.counting) >= p.recoverHold
	}
	if !ripe {
		return l.enter(Recovering, now)
	}
	l.outcomes, l.evaluations = 0, 0
	return l.enter(Inactive, now)
}

// latest returns the outcomes of the latest n evaluations.
func (l *life) latest(n int) uint64 {
	return l.outcomes & (^uint64(0) >> (maxEvaluations - n))
}

// enter begins a state; entering the one it is in changes nothing.
func (l life) enter(s State, now time.Time) life {
	if s == Inactive || s == Firing {
		l.counting = time.Time{} // no hold runs in these
	}
	if l.state != s {
		l.state, l.since = s, now
	}
	return l
}

// due is when next would change the state with the same verdict; zero: never.
func (p *policy) due(l life) time.Time {
	switch {
	case l.unknown && p.presumes(l.verdict):
		return l.unknownSince.Add(p.missingAfter)
	case l.unknown || l.counting.IsZero():
		return time.Time{}
	case l.state == Pending && !l.verdict.uncovered:
		return l.counting.Add(p.hold)
	case l.state == Recovering:
		return l.counting.Add(p.recoverHold)
	}
	return time.Time{}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
