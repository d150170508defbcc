package route

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/neuroweaver/heddle/rules"
)

// change is a move that the route's level calls for: the served model and the wanted one differ.
type change struct {
	to, action, reason string
	causes             []*Instance
	// returning: to a more preferred model that has recovered.
	returning bool
	// approval: a person must agree whatever the route's mode.
	approval bool
	// unguarded: dwell and limit do not hold it back, because a person or the rule file asked for it.
	unguarded bool
}

// Decide brings the route to what the evidence asks for at now. It is a function of the level, not
// of what changed: asking again without news gives nothing. paused holds back all automatic moves.
func (r *Route) Decide(now time.Time, evidence *Evidence, paused bool) []Outcome {
	r.settle(now)
	out := r.judgeReturn(now, evidence)
	r.keepClocks(now, evidence)
	out = append(out, r.noteShadowRules(evidence)...)

	r.State.NoBackup = ""
	quiet := r.State.QuietSince
	r.State.QuietSince = time.Time{}
	wanted, held := r.want(now, quiet, evidence)
	if wanted == nil {
		out = append(out, r.withdraw("not wanted any more")...)
		out = append(out, r.hold(held, time.Time{})...)
		if r.State.Trial != nil && r.State.Trial.Asked {
			return out
		}
		return append(out, r.step(now, evidence, paused)...)
	}
	held, until, manual := r.guard(now, wanted, paused)
	if manual {
		r.State.ManualMode = true
		out = append(out, r.outcome(WentManual, wanted, evidence))
	}
	if held != "" {
		if r.State.ManualMode && !paused {
			out = append(out, r.propose(now, wanted, evidence)...)
		}
		return append(out, r.hold(held, until)...)
	}
	switch {
	case r.Policy.Mode == rules.Shadow && wanted.action != ActionManual:
		r.State.Shadow = wanted.to
		r.moved(now, wanted)
		o := r.outcome(ShadowDecided, wanted, evidence)
		return append(append(out, o), r.hold("", time.Time{})...)
	case (r.Policy.Mode == rules.Approve || wanted.approval) && wanted.action != ActionManual:
		out = append(out, r.propose(now, wanted, evidence)...)
		return append(out, r.hold(r.awaiting(wanted), time.Time{})...)
	}
	out = append(out, r.hold("", time.Time{})...)
	return append(out, r.perform(now, wanted, evidence))
}

// want is what the level calls for; nil: nothing. held says why nothing where something is wrong.
// quietSince is since when the served model has been unfit on causes that are all blind.
func (r *Route) want(now, quietSince time.Time, evidence *Evidence) (c *change, held string) {
	current := r.current()
	if pin := r.State.Pin; pin != nil {
		bar, barred := r.State.Barred[pin.Model]
		switch {
		case pin.Model == r.State.Model:
			return nil, ""
		case barred && !bar.Over:
			return nil, fmt.Sprintf("pinned to %s, which could not be applied: %s", pin.Model, bar.Why)
		}
		return &change{to: pin.Model, action: ActionManual, reason: pin.line("pinned"), unguarded: true}, ""
	}
	f := r.Fitness(current, evidence)
	if f.Fit() {
		return r.wantReturn(now, current, evidence)
	}
	if !f.leave() {
		held = fmt.Sprintf("%s is unfit (%s), but its telemetry is quiet: the route stays until it is known again", current, strings.Join(f.Because(), ", "))
		if r.State.QuietSince = quietSince; quietSince.IsZero() {
			r.State.QuietSince = now
		}
		if now.Sub(r.State.QuietSince) >= quietGrace {
			r.State.NoBackup = held
		}
		return nil, held
	}
	to, ok := r.best(current, evidence)
	if !ok {
		r.State.NoBackup = fmt.Sprintf("%s is unfit (%s), and no other model is fit: the route stays", current, strings.Join(f.Because(), ", "))
		return nil, r.State.NoBackup
	}
	return &change{
		to: to, action: ActionSwitch, reason: f.reason(), causes: f.Causes,
		approval:  f.approval(),
		unguarded: f.Excluded != nil || f.Foreign || r.State.Shifting(),
	}, ""
}

// perform makes the change: a new epoch.
func (r *Route) perform(now time.Time, c *change, evidence *Evidence) Outcome {
	s := &r.State
	o := r.outcome(Decided, c, evidence)
	rest := s.Model
	if s.Shifting() && s.Weights()[s.Model] < 0.5 {
		rest = s.Rest
	}
	s.Epoch++
	s.From, s.Model = s.Model, c.to
	s.Action, s.Reason, s.Decided = c.action, c.reason, now
	s.Step, s.Steps, s.Rest, s.StepAt = 0, nil, "", time.Time{}
	if len(r.Policy.ShiftPercents) > 0 && r.Policy.CanWeigh && c.action != ActionManual && rest != c.to {
		s.Steps, s.Rest = steps(r.Policy.ShiftPercents), rest
		s.StepAt = now.Add(r.Policy.ShiftEvery)
	}
	s.ByHand = c.action == ActionManual && s.Pin == nil
	s.Shadow, s.Proposal, s.Rejected, s.Trial, s.SwitchFailed = "", nil, "", nil, ""
	r.moved(now, c)
	o.Epoch, o.Weights = s.Epoch, s.Weights()
	return o
}

// moved keeps the books of the guard for a move at now.
func (r *Route) moved(now time.Time, c *change) {
	s := &r.State
	s.LastSwitch, s.Returned = now, time.Time{}
	if c.action == ActionManual {
		return
	}
	if c.returning {
		s.Returned = now
	}
	if r.Policy.MaxSwitches > 0 {
		s.Switches = append(s.Switches, now)
	}
}

// steps are the shares of a gradual switch; the last is always the whole.
func steps(percents []float64) []float64 {
	var shares []float64
	for _, percent := range percents {
		if percent > 0 && percent < 100 {
			shares = append(shares, percent/100)
		}
	}
	return append(shares, 1)
}

// outcome describes a change from where the route is.
func (r *Route) outcome(kind Kind, c *change, evidence *Evidence) Outcome {
	return Outcome{
		Kind: kind, Route: r.State.Name, Epoch: r.State.Epoch, Action: c.action, From: r.current(), To: c.to,
		Reason: c.reason, Causes: slices.Clone(c.causes), Candidates: r.Candidates(evidence, c.to),
	}
}

// hold notes why a wanted change does not happen; "" where nothing holds it back.
func (r *Route) hold(why string, until time.Time) []Outcome {
	if why == r.State.Held {
		return nil
	}
	kind := HeldBack
	if why == "" {
		kind = Released
	}
	was := r.State.Held
	r.State.Held = why
	if kind == Released {
		why = "no longer: " + was
	}
	return []Outcome{{Kind: kind, Route: r.State.Name, Epoch: r.State.Epoch, From: r.current(), Reason: why, Until: until}}
}
