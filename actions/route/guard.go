package route

import (
	"fmt"
	"time"
)

// Numbers of the guards that the language leaves to the action layer.
const (
	// maxEffective bounds a doubled dwell or return-after: a route that flaps is looked at again at
	// least once a day, which is also when the doubling is forgiven.
	maxEffective = 24 * time.Hour
	// quietDay without a switch forgives failed returns.
	quietDay = 24 * time.Hour
	// quietGrace is how long the telemetry of an unfit model may be quiet before people are told: a
	// restart, or a scrape that was missed, is no news.
	quietGrace = time.Minute
	// minTrial is the shortest time for which a return must hold not to count as failed: less than one
	// window of a usual rule proves nothing.
	minTrial = time.Minute
	// A model that could not be applied is not tried again for firstBar, doubled up to maxBar: a
	// mistake in a configuration takes a person minutes to mend.
	firstBar = time.Minute
	maxBar   = time.Hour
)

// doubled is d after the failed returns of the route.
func (r *Route) doubled(d time.Duration) time.Duration {
	if d <= 0 {
		return d
	}
	for range r.State.Doublings {
		if d >= maxEffective {
			break
		}
		d = max(d, min(2*d, maxEffective))
	}
	return d
}

// Dwell is the shortest time between two switches as it is now.
func (r *Route) Dwell() time.Duration { return r.doubled(r.Policy.Dwell) }

// ReturnAfter is how long a model must be fit before traffic returns to it, as it is now.
func (r *Route) ReturnAfter() time.Duration { return r.doubled(r.Policy.ReturnAfter) }

// settle lets pass what time alone ends, and pulls times that a clock set back left in the future.
func (r *Route) settle(now time.Time) {
	s := &r.State
	for _, at := range []*time.Time{&s.LastSwitch, &s.Returned, &s.QuietSince} {
		if at.After(now) {
			*at = now
		}
	}
	for model, at := range s.FitSince {
		if at.After(now) {
			s.FitSince[model] = now
		}
	}
	for model, at := range s.DarkSince {
		if at.After(now) {
			s.DarkSince[model] = now
		}
	}
	for model, bar := range s.Barred {
		if !bar.Over && (!now.Before(bar.Until) || bar.Until.Sub(now) > maxBar) {
			bar.Over = true
			s.Barred[model] = bar
		}
	}
	if s.Doublings > 0 && now.Sub(s.LastSwitch) >= quietDay {
		s.Doublings = 0
	}
	recent := s.Switches[:0]
	for _, at := range s.Switches {
		if at.After(now) {
			at = now
		}
		if now.Sub(at) < r.Policy.MaxPer {
			recent = append(recent, at)
		}
	}
	s.Switches = recent
}

// guard says what holds a change back, and until when (zero: until a person acts). manual reports
// that the limit of switches has just been reached.
func (r *Route) guard(now time.Time, c *change, paused bool) (held string, until time.Time, manual bool) {
	s := &r.State
	if c.action == ActionManual {
		return "", time.Time{}, false
	}
	what := fmt.Sprintf("%s to %s", c.action, c.to)
	if paused {
		return what + " waits: automation is switched off", time.Time{}, false
	}
	if s.ManualMode {
		return what + " waits: manual mode, " + r.limit(), time.Time{}, false
	}
	if c.unguarded {
		return "", time.Time{}, false
	}
	if end := s.LastSwitch.Add(r.Dwell()); r.Dwell() > 0 && !s.LastSwitch.IsZero() && now.Before(end) {
		return fmt.Sprintf("%s waits: the last switch is less than %s ago", what, r.Dwell()), end, false
	}
	if r.Policy.MaxSwitches > 0 && len(s.Switches) >= r.Policy.MaxSwitches {
		return what + " waits: manual mode, " + r.limit(), time.Time{}, true
	}
	return "", time.Time{}, false
}

func (r *Route) limit() string {
	return fmt.Sprintf("the limit of %d switches per %s was reached", r.Policy.MaxSwitches, r.Policy.MaxPer)
}

// NextTick is when Decide has something to do without news; zero: never.
func (r *Route) NextTick(now time.Time, evidence *Evidence) time.Time {
	s := &r.State
	var next time.Time
	at := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if s.Held != "" && !s.LastSwitch.IsZero() {
		at(s.LastSwitch.Add(r.Dwell()))
	}
	if s.Shifting() {
		at(s.StepAt)
	}
	if !s.QuietSince.IsZero() {
		at(s.QuietSince.Add(quietGrace))
	}
	for _, bar := range s.Barred {
		if !bar.Over {
			at(bar.Until)
		}
	}
	for _, model := range r.preferred(r.current()) {
		if due, ok := r.returnDue(model, evidence); ok {
			at(due)
		}
	}
	return next
}
