package route

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrUnknownModel and ErrNotNow are the ways in which a person's word on a route can be wrong.
var (
	ErrUnknownModel = errors.New("not a model of the route")
	ErrNotNow       = errors.New("not possible now")
)

// Switch moves the route to the model by hand. Traffic does not return from there by itself; it
// leaves when the model becomes unfit. A model that is unfit already is refused: Pin serves it anyway.
func (r *Route) Switch(now time.Time, model, who, why string, evidence *Evidence) ([]Outcome, error) {
	if err := r.check(model); err != nil {
		return nil, err
	}
	if pin := r.State.Pin; pin != nil && pin.Model != model {
		return nil, fmt.Errorf("%w: the route is %s; unpin it first", ErrNotNow, pin.line("pinned to "+pin.Model))
	}
	if f := r.Fitness(model, evidence); f.leave() || !f.Fit() {
		return nil, fmt.Errorf("%w: %s is unfit (%s); pin it to serve it anyway", ErrNotNow, model, strings.Join(f.Because(), ", "))
	}
	r.settle(now)
	said := r.said("switch", model, who, why)
	r.State.ManualMode, r.State.Switches = false, nil
	if model == r.State.Model {
		r.State.ByHand, r.State.Proposal = true, nil
		return []Outcome{said}, nil
	}
	hold := Hold{Model: model, By: who, Why: why}
	o := r.perform(now, &change{to: model, action: ActionManual, reason: hold.line("switched")}, evidence)
	o.Who, o.Why = who, why
	return []Outcome{said, o}, nil
}

// Pin has the route serve the model, fit or not, until Unpin.
func (r *Route) Pin(now time.Time, model, who, why string, evidence *Evidence) ([]Outcome, error) {
	if err := r.check(model); err != nil {
		return nil, err
	}
	delete(r.State.Barred, model)
	r.State.Pin = &Hold{Model: model, By: who, Why: why, Time: now}
	r.State.Proposal, r.State.Trial = nil, nil
	return append([]Outcome{r.said("pin", model, who, why)}, r.Decide(now, evidence, false)...), nil
}

// Unpin hands the route back to the rules: it ends a pin, manual mode, and the hold of a switch by
// hand.
func (r *Route) Unpin(now time.Time, who, why string, evidence *Evidence, paused bool) ([]Outcome, error) {
	s := &r.State
	if s.Pin == nil && !s.ManualMode && !s.ByHand {
		return nil, fmt.Errorf("%w: the route is neither pinned nor in manual mode", ErrNotNow)
	}
	s.Pin, s.ManualMode, s.ByHand, s.Switches, s.Proposal = nil, false, false, nil, nil
	return append([]Outcome{r.said("unpin", s.Model, who, why)}, r.Decide(now, evidence, paused)...), nil
}

// Exclude keeps the model from serving until Include.
func (r *Route) Exclude(now time.Time, model, who, why string, evidence *Evidence, paused bool) ([]Outcome, error) {
	if err := r.check(model); err != nil {
		return nil, err
	}
	if pin := r.State.Pin; pin != nil && pin.Model == model {
		return nil, fmt.Errorf("%w: the route is %s; unpin it first", ErrNotNow, pin.line("pinned to "+model))
	}
	if r.State.Excluded == nil {
		r.State.Excluded = map[string]Hold{}
	}
	r.State.Excluded[model] = Hold{Model: model, By: who, Why: why, Time: now}
	return append([]Outcome{r.said("exclude", model, who, why)}, r.Decide(now, evidence, paused)...), nil
}

// Include ends an exclusion.
func (r *Route) Include(now time.Time, model, who, why string, evidence *Evidence, paused bool) ([]Outcome, error) {
	if _, ok := r.State.Excluded[model]; !ok {
		return nil, fmt.Errorf("%w: %s is not excluded", ErrNotNow, model)
	}
	delete(r.State.Excluded, model)
	return append([]Outcome{r.said("include", model, who, why)}, r.Decide(now, evidence, paused)...), nil
}

// Approve does what is proposed; in manual mode it also ends it.
func (r *Route) Approve(now time.Time, who, why string, evidence *Evidence) ([]Outcome, error) {
	s := &r.State
	p := s.Proposal
	if p == nil {
		return nil, fmt.Errorf("%w: nothing is proposed", ErrNotNow)
	}
	if f := r.Fitness(p.To, evidence); !f.Fit() {
		return nil, fmt.Errorf("%w: %s has become unfit (%s)", ErrNotNow, p.To, strings.Join(f.Because(), ", "))
	}
	r.settle(now)
	if s.ManualMode {
		s.ManualMode, s.Switches = false, nil
	}
	said := r.said("approve", p.To, who, why)
	returning := slices.Contains(r.preferred(r.current()), p.To) && r.Fitness(r.current(), evidence).Fit()
	o := r.perform(now, &change{
		to: p.To, action: p.Action, reason: p.Reason, returning: returning,
		causes: r.Fitness(r.current(), evidence).Causes,
	}, evidence)
	o.Who, o.Why = who, why
	return append([]Outcome{said, o}, r.hold("", time.Time{})...), nil
}

// Reject refuses what is proposed; it is not proposed again until something changes.
func (r *Route) Reject(now time.Time, who, why string, evidence *Evidence, paused bool) ([]Outcome, error) {
	p := r.State.Proposal
	if p == nil {
		return nil, fmt.Errorf("%w: nothing is proposed", ErrNotNow)
	}
	said := r.said("reject", p.To, who, why)
	r.State.Proposal, r.State.Rejected = nil, p.Key
	return append([]Outcome{said}, r.Decide(now, evidence, paused)...), nil
}

func (r *Route) check(model string) error {
	if !slices.Contains(r.Policy.Models, model) {
		return fmt.Errorf("%w: %q; its models are %s", ErrUnknownModel, model, strings.Join(r.Policy.Models, ", "))
	}
	return nil
}

func (r *Route) said(verb, model, who, why string) Outcome {
	return Outcome{Kind: Said, Route: r.State.Name, Epoch: r.State.Epoch, Verb: verb, To: model, Who: who, Why: why}
}

// propose asks a person, unless the same was asked already, or refused.
func (r *Route) propose(now time.Time, c *change, evidence *Evidence) []Outcome {
	key := proposalKey(c)
	s := &r.State
	if s.Rejected == key || s.Proposal != nil && s.Proposal.Key == key {
		return nil
	}
	out := r.withdraw("replaced by another")
	s.Proposal = &Proposal{Action: c.action, From: r.current(), To: c.to, Reason: c.reason, Time: now, Key: key}
	return append(out, r.outcome(Proposed, c, evidence))
}

// withdraw ends a proposal that is not wanted any more, and with it the memory of a refusal.
func (r *Route) withdraw(why string) []Outcome {
	s := &r.State
	p := s.Proposal
	s.Proposal, s.Rejected = nil, ""
	if p == nil {
		return nil
	}
	return []Outcome{{Kind: Withdrawn, Route: s.Name, Epoch: s.Epoch, Action: p.Action, From: p.From, To: p.To, Reason: why}}
}

// awaiting says that a person's word is missing.
func (r *Route) awaiting(c *change) string {
	if r.State.Rejected != "" {
		return fmt.Sprintf("%s to %s was rejected", c.action, c.to)
	}
	return fmt.Sprintf("%s to %s waits for approval", c.action, c.to)
}

// proposalKey tells one cause from the next: the target, and which instances since when.
func proposalKey(c *change) string {
	parts := []string{c.action, c.to}
	for _, cause := range c.causes {
		parts = append(parts, fmt.Sprint(cause.Key(), cause.FiringSince.UnixNano()))
	}
	return strings.Join(parts, "|")
}
