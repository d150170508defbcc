package route

import (
	"fmt"
	"slices"
	"time"
)

// preferred are the models before this one in the order of preference.
func (r *Route) preferred(model string) []string {
	if rank := slices.Index(r.Policy.Models, model); rank > 0 {
		return r.Policy.Models[:rank]
	}
	return nil
}

// keepClocks notes since when each model has been known to be fit, or has been dark.
func (r *Route) keepClocks(now time.Time, evidence *Evidence) {
	s := &r.State
	keep := func(clocks *map[string]time.Time, model string, running bool) {
		if !running {
			delete(*clocks, model)
			return
		}
		if *clocks == nil {
			*clocks = map[string]time.Time{}
		}
		if _, ok := (*clocks)[model]; !ok {
			(*clocks)[model] = now
		}
	}
	for model := range s.FitSince {
		if !slices.Contains(r.Policy.Models, model) {
			delete(s.FitSince, model)
		}
	}
	for _, model := range r.Policy.Models {
		f := r.Fitness(model, evidence)
		keep(&s.FitSince, model, f.KnownFit())
		keep(&s.DarkSince, model, f.Dark())
	}
	if s.Trial != nil {
		_, fit := s.FitSince[s.Trial.Model]
		_, dark := s.DarkSince[s.Trial.Model]
		if !fit && !dark {
			s.Trial = nil // what its probes have shown is outdated
		}
	}
}

// returnDue is when traffic may return to a more preferred model if all stays as it is; false where
// it may not. A model that is dark can only be returned to by probes.
func (r *Route) returnDue(model string, evidence *Evidence) (time.Time, bool) {
	s := &r.State
	if r.Policy.ReturnNever || s.ByHand || s.Pin != nil {
		return time.Time{}, false
	}
	if since, ok := s.FitSince[model]; ok {
		return since.Add(r.ReturnAfter()), true
	}
	if since, ok := s.DarkSince[model]; ok && r.Policy.ProbePass > 0 && r.Policy.CanProbe {
		return since.Add(r.ReturnAfter()), true
	}
	return time.Time{}, false
}

// wantReturn is the return that has matured, if any: to the most preferred model.
func (r *Route) wantReturn(now time.Time, current string, evidence *Evidence) (c *change, held string) {
	for _, model := range r.preferred(current) {
		due, ok := r.returnDue(model, evidence)
		if !ok || now.Before(due) {
			continue
		}
		if r.Policy.ProbePass > 0 {
			if !r.Policy.CanProbe {
				held = fmt.Sprintf("return to %s waits: the route asks for probes, and none of its connectors can probe", model)
				continue
			}
			if !r.cleared(model) {
				return nil, fmt.Sprintf("return to %s waits for its probes", model)
			}
		}
		c := &change{to: model, action: ActionSwitch, returning: true,
			reason: fmt.Sprintf("%s has been fit for %s", model, r.ReturnAfter())}
		if r.State.FitSince[model].IsZero() {
			c.reason = fmt.Sprintf("%s answered %d of %d probes", model, r.Policy.ProbePass, r.Policy.ProbeTries)
		}
		if model == r.Policy.Models[0] {
			c.action = ActionRollback
		}
		return c, ""
	}
	return nil, held
}

// cleared reports whether the model has passed its probes, and begins a trial where there is none.
func (r *Route) cleared(model string) bool {
	s := &r.State
	if s.Trial == nil || s.Trial.Model != model {
		s.Trial = &Trial{Model: model}
	}
	return s.Trial.Cleared
}

// NextProbe is the model to probe now, "" for none. Each call that names one must be answered by
// Probed.
func (r *Route) NextProbe() string {
	trial := r.State.Trial
	if trial == nil || trial.Asked || trial.Cleared {
		return ""
	}
	trial.Asked = true
	return trial.Model
}

// Probed takes the answer to a probe. A trial that cannot be passed any more starts the clock of the
// return anew; one that is passed overrules what blind rules said, and returns those that did.
func (r *Route) Probed(now time.Time, model string, passed bool, evidence *Evidence) (overruled []*Instance) {
	trial := r.State.Trial
	if trial == nil || trial.Model != model {
		return nil
	}
	trial.Asked = false
	trial.Tried++
	if passed {
		trial.Passed++
	}
	switch tries := max(r.Policy.ProbeTries, r.Policy.ProbePass); {
	case trial.Passed >= r.Policy.ProbePass:
		trial.Cleared = true
		return evidence.Overrule(r.State.Name, model)
	case trial.Tried-trial.Passed > tries-r.Policy.ProbePass:
		r.State.Trial = nil
		for _, clocks := range []map[string]time.Time{r.State.FitSince, r.State.DarkSince} {
			if _, ok := clocks[model]; ok {
				clocks[model] = now
			}
		}
	}
	return nil
}

// judgeReturn notices that a model to which traffic had returned is unfit again: soon, and the
// return has failed; later, and it had proved itself.
func (r *Route) judgeReturn(now time.Time, evidence *Evidence) []Outcome {
	s := &r.State
	if s.Returned.IsZero() {
		return nil
	}
	trial := max(r.ReturnAfter(), r.Dwell(), minTrial)
	if now.Sub(s.Returned) >= trial {
		s.Returned = time.Time{}
		return nil
	}
	f := r.Fitness(r.current(), evidence)
	if !slices.ContainsFunc(f.Causes, known) {
		return nil
	}
	s.Returned = time.Time{}
	s.Doublings++
	return []Outcome{{
		Kind: ReturnFailed, Route: s.Name, Epoch: s.Epoch, From: f.Model, Causes: f.Causes,
		Reason: fmt.Sprintf("%s was unfit again soon after traffic returned to it: dwell is now %s, return after %s", f.Model, r.Dwell(), r.ReturnAfter()),
	}}
}

// ReturnDue is when traffic would return to a model more preferred than the served one if all stays
// as it is; false where it would not.
func (r *Route) ReturnDue(model string, evidence *Evidence) (time.Time, bool) {
	if !slices.Contains(r.preferred(r.current()), model) {
		return time.Time{}, false
	}
	return r.returnDue(model, evidence)
}
