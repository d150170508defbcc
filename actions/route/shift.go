package route

import (
	"fmt"
	"time"
)

// step takes the next step of a gradual switch when it is due. The model that gains must still be
// fit: where it is not, the route leaves it instead, so this is not reached. Held back by paused: a
// share that people do not want to grow stays as it is.
func (r *Route) step(now time.Time, evidence *Evidence, paused bool) []Outcome {
	s := &r.State
	if !s.Shifting() || now.Before(s.StepAt) || paused || s.ManualMode || !r.Fitness(s.Model, evidence).Fit() {
		return nil
	}
	if s.Applied.Epoch < s.Epoch {
		return nil // the step before has not reached every target
	}
	s.Step++
	s.Epoch++
	s.StepAt = now.Add(r.Policy.ShiftEvery)
	share := s.Weights()[s.Model]
	return []Outcome{{
		Kind: Stepped, Route: s.Name, Epoch: s.Epoch, Action: s.Action, From: s.Rest, To: s.Model,
		Reason: fmt.Sprintf("%g%% of the traffic: %s", 100*share, s.Reason), Weights: s.Weights(),
	}}
}

// Confirm takes note that every target holds the epoch. It reports whether that is news.
func (r *Route) Confirm(now time.Time, epoch uint64) bool {
	s := &r.State
	if epoch != s.Epoch || s.Applied.Epoch == epoch {
		return false
	}
	s.Applied = Applied{Epoch: epoch, Model: s.Model, Time: now}
	if s.Weights()[s.Model] < 0.5 {
		s.Applied.Model = s.Rest // the model that serves most of the traffic
	}
	if !s.Shifting() {
		delete(s.Barred, s.Model)
	}
	return true
}

// Refused undoes a switch that a target refused for good: the model that was served before is
// restored under a new epoch, and the refused one is barred for a while. Nothing happens where the
// epoch is no longer the present one.
func (r *Route) Refused(now time.Time, epoch uint64, why string) []Outcome {
	s := &r.State
	if epoch != s.Epoch || s.Applied.Epoch == epoch {
		return nil
	}
	refused, back := s.Model, s.Applied.Model
	s.SwitchFailed = fmt.Sprintf("the switch to %s failed: %s", refused, why)
	if refused == back {
		return nil // undoing failed as well: targets are tried again, a person is told
	}
	if s.Barred == nil {
		s.Barred = map[string]Bar{}
	}
	times := s.Barred[refused].Times + 1
	s.Barred[refused] = Bar{Until: now.Add(min(firstBar<<min(times-1, 6), maxBar)), Why: why, Times: times}
	s.Epoch++
	s.From, s.Model = refused, back
	s.Action, s.Decided, s.Reason = ActionSwitch, now, "restored: "+s.SwitchFailed
	s.Step, s.Steps, s.Rest, s.StepAt = 0, nil, "", time.Time{}
	s.Returned = time.Time{}
	return []Outcome{{
		Kind: Restored, Route: s.Name, Epoch: s.Epoch, Action: s.Action, From: refused, To: back,
		Reason: s.Reason, Weights: s.Weights(),
	}}
}

// Raise lifts the present assignment over an epoch that a target holds from elsewhere.
func (r *Route) Raise(now time.Time, over uint64) []Outcome {
	s := &r.State
	if over < s.Epoch {
		return nil
	}
	applied := s.Applied.Epoch == s.Epoch
	s.Epoch = over + 1
	if applied {
		s.Applied.Epoch = 0
	}
	return []Outcome{{
		Kind: Raised, Route: s.Name, Epoch: s.Epoch, Action: s.Action, From: s.From, To: s.Model,
		Reason: fmt.Sprintf("a target held epoch %d: %s", over, s.Reason), Weights: s.Weights(),
	}}
}

// Adopt takes over what a target holds for a route that has not moved yet: the journal is new, the
// world is not.
func (r *Route) Adopt(now time.Time, epoch uint64, model string) bool {
	s := &r.State
	if s.Action != ActionInitial || s.Epoch != 1 || epoch <= 1 {
		return false
	}
	for _, known := range r.Policy.Models {
		if known == model {
			s.Epoch, s.Model, s.Decided = epoch, model, now
			s.Reason = "found at a target when the journal began"
			s.Applied = Applied{Epoch: epoch, Model: model, Time: now}
			return true
		}
	}
	return false
}
