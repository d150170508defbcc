package rules

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// step is one evaluation of a state machine: what is found, how long after the one before, and the
// state that must follow.
type step struct {
	after           time.Duration
	when, recovered Truth
	want            State
}

// TestStateTransitions walks every transition of the machine, for each kind of policy.
func TestStateTransitions(t *testing.T) {
	s := time.Second
	plain := policy{}
	hold := policy{hold: 10 * s, recoverHold: 10 * s}
	own := policy{hold: 10 * s, ownRecover: true, recoverHold: 20 * s}
	outOf := policy{n: 2, m: 3}
	for _, c := range []struct {
		name   string
		policy policy
		steps  []step
	}{
		{"at once", plain, []step{{0, True, False, Firing}, {s, False, True, Inactive}, {s, False, True, Inactive}}},
		{"inactive → pending → firing", hold, []step{{0, True, False, Pending}, {9 * s, True, False, Pending}, {s, True, False, Firing}}},
		{"pending → inactive", hold, []step{{0, True, False, Pending}, {9 * s, False, True, Inactive}, {s, True, False, Pending}, {9 * s, True, False, Pending}, {s, True, False, Firing}}},
		{"firing → recovering → inactive", hold, []step{{0, True, False, Pending}, {10 * s, True, False, Firing}, {s, False, True, Recovering}, {9 * s, False, True, Recovering}, {s, False, True, Inactive}}},
		{"recovering → firing", hold, []step{{0, True, False, Pending}, {10 * s, True, False, Firing}, {s, False, True, Recovering}, {9 * s, True, False, Firing}, {s, False, True, Recovering}, {9 * s, False, True, Recovering}, {s, False, True, Inactive}}},
		{"own recovery: neither bad nor good", own, []step{{0, True, False, Pending}, {10 * s, True, False, Firing}, {s, False, False, Firing}, {s, False, True, Recovering}, {19 * s, False, False, Firing}, {s, False, True, Recovering}, {20 * s, False, True, Inactive}}},
		{"own recovery: bad and good at once is bad", own, []step{{0, True, True, Pending}, {10 * s, True, True, Firing}, {30 * s, True, True, Firing}}},
		{"n of m", outOf, []step{{0, True, False, Pending}, {s, False, True, Pending}, {s, True, False, Firing}, {s, False, True, Recovering}, {s, True, False, Recovering}, {s, True, False, Recovering}, {s, True, False, Firing}, {s, False, True, Recovering}, {s, False, True, Inactive}, {s, False, True, Inactive}}},
		{"n of m: too few", outOf, []step{{0, True, False, Pending}, {s, False, True, Pending}, {s, False, True, Pending}, {s, False, True, Inactive}}},

		{"unknown never starts", plain, []step{{0, Unknown, Unknown, Inactive}, {time.Hour, Unknown, Unknown, Inactive}}},
		{"unknown does not count for", hold, []step{{0, True, False, Pending}, {5 * s, Unknown, Unknown, Pending}, {time.Hour, Unknown, Unknown, Pending}, {0, True, False, Pending}, {4 * s, True, False, Pending}, {s, True, False, Firing}}},
		{"unknown holds firing", hold, []step{{0, True, False, Pending}, {10 * s, True, False, Firing}, {s, Unknown, Unknown, Firing}, {time.Hour, Unknown, Unknown, Firing}}},
		{"unknown does not count for recovery", hold, []step{{0, True, False, Pending}, {10 * s, True, False, Firing}, {s, False, True, Recovering}, {9 * s, Unknown, Unknown, Recovering}, {time.Hour, Unknown, Unknown, Recovering}, {0, False, True, Recovering}, {s, False, True, Inactive}}},
		{"own recovery unknown", own, []step{{0, True, False, Pending}, {10 * s, True, False, Firing}, {s, False, Unknown, Firing}, {time.Hour, False, Unknown, Firing}, {s, False, True, Recovering}}},
		{"n of m: unknown is no evaluation", outOf, []step{{0, True, False, Pending}, {s, Unknown, Unknown, Pending}, {s, Unknown, Unknown, Pending}, {s, Unknown, Unknown, Pending}, {s, True, False, Firing}, {s, Unknown, Unknown, Firing}}},

		{"missing fire", policy{missing: missingFire, missingAfter: 60 * s}, []step{{0, Unknown, Unknown, Inactive}, {59 * s, Unknown, Unknown, Inactive}, {s, Unknown, Unknown, Firing}, {time.Hour, Unknown, Unknown, Firing}, {s, False, True, Inactive}}},
		{"missing fire, then for", policy{hold: 10 * s, missing: missingFire, missingAfter: 60 * s}, []step{{0, Unknown, Unknown, Inactive}, {60 * s, Unknown, Unknown, Pending}, {10 * s, Unknown, Unknown, Firing}}},
		{"missing fire: a gap too short", policy{missing: missingFire, missingAfter: 60 * s}, []step{{0, Unknown, Unknown, Inactive}, {59 * s, False, True, Inactive}, {s, Unknown, Unknown, Inactive}, {59 * s, Unknown, Unknown, Inactive}, {s, Unknown, Unknown, Firing}}},
		{"missing clear", policy{hold: 10 * s, recoverHold: 10 * s, missing: missingClear, missingAfter: 60 * s}, []step{{0, True, False, Pending}, {10 * s, True, False, Firing}, {s, Unknown, Unknown, Firing}, {60 * s, Unknown, Unknown, Recovering}, {10 * s, Unknown, Unknown, Inactive}}},
		{"missing clear of pending", policy{hold: 10 * s, missing: missingClear, missingAfter: 60 * s}, []step{{0, True, False, Pending}, {s, Unknown, Unknown, Pending}, {60 * s, Unknown, Unknown, Inactive}}},
		{"missing clear, n of m", policy{n: 2, m: 3, missing: missingClear, missingAfter: 60 * s}, []step{{0, True, False, Pending}, {s, True, False, Firing}, {s, Unknown, Unknown, Firing}, {60 * s, Unknown, Unknown, Inactive}}},
		{"missing fire, n of m", policy{n: 2, m: 3, missing: missingFire, missingAfter: 60 * s}, []step{{0, Unknown, Unknown, Inactive}, {60 * s, Unknown, Unknown, Firing}}},
	} {
		now, l := start, life{state: Inactive, since: start}
		for i, step := range c.steps {
			now = now.Add(step.after)
			before := l
			l = c.policy.next(l, verdict{when: step.when, recovered: step.recovered, sampled: true}, now)
			if l.state != step.want {
				t.Errorf("%s, step %d: %s, want %s", c.name, i, stateNames[l.state], stateNames[step.want])
				break
			}
			if changed := l.state != before.state; changed != l.since.Equal(now) && !before.since.Equal(now) {
				t.Errorf("%s, step %d: since %v at %v", c.name, i, l.since, now)
			}
		}
	}
}

// TestUncoveredNeverBegins: a fresh start waits in pending, and fires as soon as it is covered.
func TestUncoveredNeverBegins(t *testing.T) {
	for _, p := range []policy{{}, {hold: 10 * time.Second}, {n: 1, m: 2}} {
		l, now := life{since: start}, start
		for range 5 {
			now = now.Add(time.Minute)
			if l = p.next(l, verdict{when: True, recovered: False, uncovered: true, sampled: true}, now); l.state != Pending {
				t.Errorf("%+v: %s", p, stateNames[l.state])
			}
			if due := p.due(l); !due.IsZero() {
				t.Errorf("%+v: due at %v without a verdict", p, due)
			}
		}
		if l = p.next(l, verdict{when: True, recovered: False, sampled: true}, now); l.state != Firing {
			t.Errorf("%+v: %s once covered", p, stateNames[l.state])
		}
	}
}

// TestStateMachineProperties drives random policies with random verdicts and clocks, and checks what
// always holds: unknown moves nothing unless a `missing` clause says so, only a true condition begins
// to fire, only recovery ends it, and nothing happens between two due times.
func TestStateMachineProperties(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	truths := []Truth{False, Unknown, True}
	for round := range 2000 {
		p := policy{hold: time.Duration(r.IntN(3)*5) * time.Second, recoverHold: time.Duration(r.IntN(3)*5) * time.Second, ownRecover: r.IntN(2) == 0}
		if r.IntN(3) == 0 {
			p.m = 1 + r.IntN(5)
			p.n = 1 + r.IntN(p.m)
			p.hold = 0
		}
		if p.missing = missingPolicy(r.IntN(3)); p.missing != missingHold {
			p.missingAfter = time.Duration(1+r.IntN(20)) * time.Second
		}
		l, now := life{since: start}, start
		fail := func(format string, args ...any) {
			t.Fatalf("seed %d, round %d, %+v at %+v: %s", seed, round, p, l, fmt.Sprintf(format, args...))
		}
		for range 60 {
			now = now.Add(time.Duration(r.IntN(8)) * time.Second)
			v := verdict{when: truths[r.IntN(3)], sampled: true}
			v.recovered = v.when.not()
			if p.ownRecover {
				v.recovered = truths[r.IntN(3)]
			}
			before := l
			l = p.next(before, v, now)
			switch {
			case v.when == Unknown && v.recovered == Unknown && p.missing == missingHold && l.state != before.state:
				fail("%+v moved it from %s", v, stateNames[before.state])
			case l.unknown && l.state != before.state:
				fail("%+v moved it from %s while unknown", v, stateNames[before.state])
			case l.state == Firing && !before.fires() && v.when != True && p.missing != missingFire && p.m == 0:
				fail("%+v began to fire", v)
			case !l.fires() && before.fires() && p.m == 0 && v.recovered != True && p.missing != missingClear:
				fail("%+v ended it", v)
			case !l.fires() && before.fires() && v.when == True && p.m == 0:
				fail("%+v ended it while bad", v)
			}
			// With the same verdict nothing moves before the due time, and then it does.
			v.sampled = false
			due := p.due(l)
			if probe := now.Add(time.Duration(r.IntN(30)) * time.Second); due.IsZero() || probe.Before(due) {
				if later := p.next(l, v, probe); later.state != l.state && p.m == 0 {
					fail("moved to %s at %v, due at %v", stateNames[later.state], probe, due)
				}
			} else if later := p.next(l, v, due); later.state == l.state && later.unknown == l.unknown {
				fail("due at %v, and nothing moved", due)
			}
		}
	}
}

// TestTruthTables is Kleene's logic, written out.
func TestTruthTables(t *testing.T) {
	for _, c := range []struct{ a, b, and, or Truth }{
		{True, True, True, True}, {True, Unknown, Unknown, True}, {True, False, False, True},
		{Unknown, True, Unknown, True}, {Unknown, Unknown, Unknown, Unknown}, {Unknown, False, False, Unknown},
		{False, True, False, True}, {False, Unknown, False, Unknown}, {False, False, False, False},
	} {
		if got := c.a.and(c.b); got != c.and {
			t.Errorf("%s and %s is %s", c.a, c.b, got)
		}
		if got := c.a.or(c.b); got != c.or {
			t.Errorf("%s or %s is %s", c.a, c.b, got)
		}
	}
	for a, not := range map[Truth]Truth{True: False, False: True, Unknown: Unknown} {
		if a.not() != not {
			t.Errorf("not %s is %s", a, a.not())
		}
	}
}
