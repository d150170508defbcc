package route

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// plain is the specification of a route written down as directly as can be: it keeps all that was
// ever said, and works out each answer from that.
type plain struct {
	policy   rules.Route
	said     []saying // everything that rules said, oldest first
	restart  time.Time
	serving  string
	epoch    uint64
	byHand   bool
	pin      string
	excluded map[string]bool
	moves    []time.Time // all changes of serving
	auto     []time.Time // automatic ones since a person last took the route in hand
	manual   bool
	failed   int       // returns that failed
	returned time.Time // the return that has not proved itself
}

type saying struct {
	rule, model     string
	firing, unknown bool
	at              time.Time
}

// word is the last word of each rule on a model up to and including the n-th saying.
func (p *plain) words(model string, n int) map[string]saying {
	words := map[string]saying{}
	for _, s := range p.said[:n] {
		if s.model == model {
			words[s.rule] = s
		}
	}
	return words
}

// unfit reports whether a rule fires for the model, and knownUnfit whether one does that is not blind.
func (p *plain) unfit(model string, n int) (unfit, known, blind bool) {
	for _, s := range p.words(model, n) {
		unfit = unfit || s.firing
		known = known || s.firing && !s.unknown
		blind = blind || s.unknown
	}
	return unfit || p.excluded[model], known || p.excluded[model], blind
}

// fitSince is when the model was last found to be known fit without a break.
func (p *plain) fitSince(model string, since time.Time, now time.Time) (time.Time, bool) {
	if unfit, _, blind := p.unfit(model, len(p.said)); unfit || blind {
		return time.Time{}, false
	}
	begin := p.restart
	for n := range p.said {
		// What was said at the same moment counts as one.
		if n+1 < len(p.said) && p.said[n+1].at.Equal(p.said[n].at) {
			continue
		}
		fires, blind := false, false
		for _, s := range p.words(model, n+1) {
			fires, blind = fires || s.firing, blind || s.unknown
		}
		if fires || blind {
			begin = time.Time{}
		} else if begin.IsZero() {
			begin = p.said[n].at
		}
	}
	return latest(begin, since), true
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (p *plain) doubled(d time.Duration) time.Duration {
	return max(d, min(d<<p.failed, 24*time.Hour))
}

// forgive forgets failed returns after a quiet day, and returns the last move.
func (p *plain) forgive(now time.Time) (last time.Time) {
	if len(p.moves) > 0 {
		last = p.moves[len(p.moves)-1]
	}
	if p.failed > 0 && now.Sub(last) >= 24*time.Hour {
		p.failed = 0
	}
	return last
}

// decide is what the route does at now; "" for nothing.
func (p *plain) decide(now time.Time, included map[string]time.Time) (to, action string) {
	last := p.forgive(now)
	returnAfter, dwell := p.doubled(p.policy.ReturnAfter), p.doubled(p.policy.Dwell)
	if !p.returned.IsZero() {
		_, known, _ := p.unfit(p.serving, len(p.said))
		if now.Sub(p.returned) >= max(returnAfter, dwell, time.Minute) {
			p.returned = time.Time{}
		} else if known && !p.excluded[p.serving] {
			p.failed++
			p.returned = time.Time{}
			returnAfter, dwell = p.doubled(p.policy.ReturnAfter), p.doubled(p.policy.Dwell)
		}
	}
	if p.pin != "" {
		if p.pin != p.serving {
			return p.pin, "manual"
		}
		return "", ""
	}
	unfit, known, _ := p.unfit(p.serving, len(p.said))
	switch {
	case known:
		for _, model := range p.policy.Models {
			if bad, _, _ := p.unfit(model, len(p.said)); !bad && model != p.serving {
				to, action = model, "switch"
				break
			}
		}
	case !unfit && !p.byHand && !p.policy.ReturnNever:
		for rank, model := range p.policy.Models[:slices.Index(p.policy.Models, p.serving)] {
			if since, ok := p.fitSince(model, included[model], now); ok && now.Sub(since) >= returnAfter {
				to, action = model, "switch"
				if rank == 0 {
					action = "rollback"
				}
				break
			}
		}
	}
	if to == "" || p.manual {
		return "", ""
	}
	if p.excluded[p.serving] {
		return to, action
	}
	if !last.IsZero() && now.Sub(last) < dwell {
		return "", ""
	}
	recent := 0
	for _, at := range p.auto {
		if now.Sub(at) < p.policy.MaxPer {
			recent++
		}
	}
	if p.policy.MaxSwitches > 0 && recent >= p.policy.MaxSwitches {
		p.manual = true
		return "", ""
	}
	return to, action
}

// TestAgainstPlainModel drives a route and its specification with the same random words of rules,
// people, time and restarts: they must always agree.
func TestAgainstPlainModel(t *testing.T) {
	seed, rounds := uint64(time.Now().UnixNano()), 400
	if text := os.Getenv("HEDDLE_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
		rounds = 1
	}
	if os.Getenv("HEDDLE_LONG") != "" {
		rounds *= 50
	}
	for round := range rounds {
		drive(t, seed+uint64(round))
		if t.Failed() {
			t.Fatalf("again with HEDDLE_SEED=%d", seed+uint64(round))
		}
	}
}

func drive(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	pick := func(d ...time.Duration) time.Duration { return d[rnd.IntN(len(d))] }
	policy := rules.Route{
		Name: "chat", Models: []string{"a", "b", "c", "d"}[:1+rnd.IntN(4)],
		ReturnAfter: pick(0, 10*time.Second, 5*time.Minute), ReturnNever: rnd.IntN(8) == 0,
		Dwell: pick(0, 0, 30*time.Second, 10*time.Minute),
	}
	if rnd.IntN(2) == 0 {
		policy.MaxSwitches, policy.MaxPer = 1+rnd.IntN(3), pick(time.Minute, time.Hour)
	}
	infos := []*rules.RuleInfo{
		{Name: "slow", Switch: []string{"chat"}}, {Name: "failing", Switch: []string{"chat"}}, {Name: "elsewhere", Switch: []string{"code"}},
	}
	table := NewTable()
	policies := []Policy{{Route: policy, CanWeigh: true}}
	now := start
	table.SetRules(now, policies, infos)
	table.Decide(now)
	p := &plain{policy: policy, serving: policy.Models[0], epoch: 1, excluded: map[string]bool{}, restart: now}
	included := map[string]time.Time{}
	instances := map[string]saying{}
	var trace []string
	left := map[string]bool{} // causes that have moved the route

	check := func(outcomes []Outcome) {
		t.Helper()
		for {
			again := table.Decide(now)
			outcomes = append(outcomes, again...)
			if len(again) == 0 {
				break
			}
		}
		var moves []Outcome
		for _, o := range outcomes {
			if o.NewEpoch() {
				moves = append(moves, o)
			}
		}
		r := table.Route("chat")
		for _, o := range moves {
			r.Confirm(now, o.Epoch)
		}
		for n := 0; ; n++ {
			to, action := p.decide(now, included)
			if to == "" {
				if len(moves) != n {
					t.Errorf("moved %d times, the specification %d times: %+v", len(moves), n, moves[n])
				}
				break
			}
			if n >= len(moves) || moves[n].To != to || moves[n].Action != action || moves[n].From != p.serving || moves[n].Epoch != p.epoch+1 {
				t.Errorf("the specification goes %s from %s to %s with epoch %d; the route: %+v", action, p.serving, to, p.epoch+1, moves)
				break
			}
			if action == "switch" || action == "rollback" {
				p.auto = append(p.auto, now)
			}
			isReturn := slices.Index(policy.Models, to) < slices.Index(policy.Models, p.serving)
			if bad, _, _ := p.unfit(p.serving, len(p.said)); bad {
				isReturn = false
			}
			p.returned = time.Time{}
			if isReturn && action != "manual" {
				p.returned = now
			}
			for _, cause := range moves[n].Causes {
				if cause.Blind() {
					continue
				}
				key := fmt.Sprint(cause.Key(), cause.FiringSince.UnixNano())
				if left[key] && len(p.excluded) == 0 {
					t.Errorf("two switches for one cause: %s", key)
				}
				left[key] = true
			}
			p.serving, p.epoch, p.byHand = to, p.epoch+1, false
			p.moves = append(p.moves, now)
		}
		if r.State.Model != p.serving || r.State.Epoch != p.epoch || r.State.ManualMode != p.manual || r.State.Doublings != p.failed {
			t.Errorf("the route is at %s, epoch %d, manual %v, doublings %d; the specification at %s, %d, %v, %d",
				r.State.Model, r.State.Epoch, r.State.ManualMode, r.State.Doublings, p.serving, p.epoch, p.manual, p.failed)
		}
	}

	for step := 0; step < 120 && !t.Failed(); step++ {
		now = now.Add(time.Duration(rnd.Int64N(int64(pick(time.Second, time.Minute, 20*time.Minute)))))
		if rnd.IntN(60) == 0 {
			now = now.Add(25 * time.Hour)
		}
		r := table.Route("chat")
		var outcomes []Outcome
		var err error
		model := []string{"a", "b", "c", "d"}[rnd.IntN(4)]
		known := slices.Contains(policy.Models, model)
		switch what := rnd.IntN(40); {
		case what < 28: // rules speak, several at once
			for range 1 + rnd.IntN(3) {
				info := infos[rnd.IntN(3)]
				model := []string{"a", "b", "c", "d"}[rnd.IntN(4)]
				key := info.Name + model
				old, seen := instances[key]
				said := saying{rule: info.Name, model: model, firing: old.firing, at: now}
				tr := rules.Transition{Rule: info, Labels: labels.FromStrings("model", model), Time: now, Since: now}
				if old.firing {
					tr.From = rules.Firing
				}
				switch rnd.IntN(3) {
				case 0: // falls silent
					said.unknown, tr.Unknown, tr.To = true, true, tr.From
				case 1: // is known again, in the same state
					tr.To = tr.From
					if !seen {
						continue
					}
				default: // the state changes, and that is known even where a `missing` clause decides
					said.firing = !old.firing
					tr.Unknown = rnd.IntN(2) == 0
					tr.To = rules.Firing
					if old.firing {
						tr.To = rules.Inactive
					}
				}
				instances[key] = said
				table.Evidence.Apply(tr)
				if info.Name != "elsewhere" {
					p.said = append(p.said, said)
				}
				trace = append(trace, fmt.Sprintf("%s %s says %s: firing %v, unknown %v", now.Format(time.TimeOnly), info.Name, model, said.firing, said.unknown))
			}
		case what < 30:
			outcomes, err = r.Switch(now, model, "eve", "", table.Evidence)
			trace = append(trace, fmt.Sprint(now.Format(time.TimeOnly), " switch ", model, " ", err))
			bad, _, _ := p.unfit(model, len(p.said))
			if allowed := known && (p.pin == "" || p.pin == model) && !bad; allowed != (err == nil) {
				t.Errorf("switch to %s: %v", model, err)
			}
			if err == nil {
				p.forgive(now)
				p.manual, p.auto, p.byHand = false, nil, true
				if model != p.serving {
					if last := outcomes[len(outcomes)-1]; last.Epoch != p.epoch+1 || last.Action != "manual" {
						t.Errorf("%+v", last)
					}
					r.Confirm(now, p.epoch+1)
					p.serving, p.epoch, p.returned = model, p.epoch+1, time.Time{}
					p.moves = append(p.moves, now)
				}
				outcomes = nil
			}
		case what < 32:
			if known {
				p.pin = model
				clear(left) // a person may put a route back to where a cause still stands
				outcomes, err = r.Pin(now, model, "eve", "", table.Evidence)
				trace = append(trace, fmt.Sprint(now.Format(time.TimeOnly), " pin ", model))
			}
		case what < 34:
			outcomes, err = r.Unpin(now, "eve", "", table.Evidence, false)
			trace = append(trace, fmt.Sprint(now.Format(time.TimeOnly), " unpin ", err))
			if err == nil {
				p.pin, p.manual, p.byHand, p.auto = "", false, false, nil
			}
		case what < 36:
			outcomes, err = r.Exclude(now, model, "eve", "", table.Evidence, false)
			if err == nil {
				p.excluded[model] = true
			}
			trace = append(trace, fmt.Sprint(now.Format(time.TimeOnly), " exclude ", model, " ", err))
		case what < 38:
			outcomes, err = r.Include(now, model, "eve", "", table.Evidence, false)
			if err == nil {
				delete(p.excluded, model)
				included[model] = now
			}
			trace = append(trace, fmt.Sprint(now.Format(time.TimeOnly), " include ", model, " ", err))
		default: // a restart: the state goes through its file form, and the clocks of fitness begin anew
			raw, err := json.Marshal(r.State)
			if err != nil {
				t.Fatal(err)
			}
			var state State
			if err := json.Unmarshal(raw, &state); err != nil {
				t.Fatal(err)
			}
			next := NewTable()
			for _, i := range table.Evidence.All() {
				raw, err := json.Marshal(i)
				if err != nil {
					t.Fatal(err)
				}
				kept := &Instance{}
				if err := json.Unmarshal(raw, kept); err != nil {
					t.Fatal(err)
				}
				next.Evidence.Restore(kept)
			}
			next.Restore(state)
			if fresh, _ := next.SetRules(now, policies, infos); len(fresh) > 0 {
				t.Error("a route that was kept is taken for new")
			}
			table, p.restart = next, now
			// Nobody vouches for what was said before.
			for i := range p.said {
				p.said[i].at, p.said[i].unknown = now, true
			}
			for key, said := range instances {
				said.unknown = true
				instances[key] = said
			}
			trace = append(trace, now.Format(time.TimeOnly)+" restart")
		}
		check(outcomes)
		// Time alone: what is due happens when NextTick says, and not before.
		if next := table.NextTick(now); !next.IsZero() && rnd.IntN(2) == 0 {
			now = next.Add(-1)
			trace = append(trace, now.Format(time.TimeOnly)+" just before what is due")
			check(nil)
			if !t.Failed() {
				now = next
				trace = append(trace, now.Format(time.TimeOnly)+" due")
				check(nil)
			}
		}
	}
	if t.Failed() {
		t.Logf("%+v", policy)
		for _, line := range trace[max(0, len(trace)-25):] {
			t.Log(line)
		}
	}
}
