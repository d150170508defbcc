package alert

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// silence is a Silence with its matchers compiled.
type silence struct {
	Silence
	matchers []*labels.Matcher
}

// Bounds on silences.
const (
	maxSilences       = 1000
	maxMatchers       = 32
	maxMatcherBytes   = 1024
	maxSilenceLasting = 366 * 24 * time.Hour
)

// SetSilence adds a silence, or replaces the one with its ID.
func (b *Book) SetSilence(now time.Time, s Silence) error {
	matchers, err := Compile(s.Matchers)
	switch {
	case err != nil:
		return err
	case s.By == "":
		return errors.New("created_by: say who silences")
	case s.Why == "":
		return errors.New("comment: say why, for those who miss the alert")
	case s.EndsAt.IsZero() || !s.EndsAt.After(s.StartsAt) || !s.EndsAt.After(now):
		return errors.New("ends_at: a silence ends, after it starts and in the future")
	case s.EndsAt.Sub(now) > maxSilenceLasting:
		return errors.New("ends_at: more than a year away; change the rule instead")
	case b.silences[s.ID] == nil && len(b.silences) >= maxSilences:
		return fmt.Errorf("there are %d silences already: end some first", maxSilences)
	}
	b.silences[s.ID] = &silence{s, matchers}
	b.recheckQuiet()
	return nil
}

// RestoreSilence takes back a silence as it was kept.
func (b *Book) RestoreSilence(s Silence) error {
	matchers, err := Compile(s.Matchers)
	if err == nil {
		b.silences[s.ID] = &silence{s, matchers}
	}
	return err
}

// EndSilence ends a silence before its time; false where there is none.
func (b *Book) EndSilence(id string) (Silence, bool) {
	s, ok := b.silences[id]
	if !ok {
		return Silence{}, false
	}
	delete(b.silences, id)
	b.recheckQuiet()
	return s.Silence, true
}

// Silences lists them by their end.
func (b *Book) Silences() []Silence {
	out := []Silence{}
	for _, s := range b.silences {
		out = append(out, s.Silence)
	}
	slices.SortFunc(out, func(x, y Silence) int { return x.EndsAt.Compare(y.EndsAt) })
	return out
}

// Expired lists the silences whose time is over at now.
func (b *Book) Expired(now time.Time) []string {
	var over []string
	for _, id := range slices.Sorted(maps.Keys(b.silences)) {
		if !b.silences[id].EndsAt.After(now) {
			over = append(over, id)
		}
	}
	return over
}

// expire has another look at what silences kept quiet, when one of them is over.
func (b *Book) expire(now time.Time) {
	if over := b.Expired(now); len(over) > 0 {
		b.recheckQuiet()
	}
}

func (b *Book) recheckQuiet() {
	for id, a := range b.alerts {
		if a.Firing() && !a.Told.Open {
			b.unsettled[id] = true
		}
	}
}

// silencing is the silence that mutes a at now, if any.
func (b *Book) silencing(a *Alert, now time.Time) *silence {
	if len(b.silences) == 0 {
		return nil
	}
	set := a.set()
	var found *silence
	for _, s := range b.silences {
		if (found == nil || s.ID < found.ID) && s.active(now) && matches(s.matchers, set) {
			found = s
		}
	}
	return found
}

// Suspension are silences that keep what they match from moving routes. Two are equal where they
// match the same.
type Suspension []*silence

// Suspending are the silences that suspend actions at now, by ID; never nil.
func (b *Book) Suspending(now time.Time) Suspension {
	out := Suspension{}
	for _, s := range b.silences {
		if s.SuspendActions && s.active(now) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(x, y *silence) int { return strings.Compare(x.ID, y.ID) })
	return out
}

// Suspend reports whether one of them keeps the rule's instance with these labels from moving routes.
func (s Suspension) Suspend(rule string, instance labels.Labels) bool {
	if len(s) == 0 {
		return false
	}
	set := instance.Map()
	set[labels.AlertName] = rule
	return slices.ContainsFunc(s, func(s *silence) bool { return matches(s.matchers, set) })
}

func (s *silence) active(now time.Time) bool {
	return !now.Before(s.StartsAt) && now.Before(s.EndsAt)
}

// Compile checks matchers. At least one of them must name a value: a silence of everything is a
// switched-off system.
func Compile(ms []Matcher) ([]*labels.Matcher, error) {
	if len(ms) == 0 || len(ms) > maxMatchers {
		return nil, fmt.Errorf("matchers: %d of them; 1 to %d are needed", len(ms), maxMatchers)
	}
	var out []*labels.Matcher
	some := false
	for n, m := range ms {
		if len(m.Name)+len(m.Value) > maxMatcherBytes {
			return nil, fmt.Errorf("matchers[%d]: longer than %d bytes", n, maxMatcherBytes)
		}
		kind := labels.MatchEqual
		switch {
		case m.IsRegex && m.IsEqual:
			kind = labels.MatchRegexp
		case m.IsRegex:
			kind = labels.MatchNotRegexp
		case !m.IsEqual:
			kind = labels.MatchNotEqual
		}
		matcher, err := labels.NewMatcher(kind, m.Name, m.Value)
		if err != nil || m.Name == "" {
			return nil, fmt.Errorf("matchers[%d]: %q is not a matcher (%v)", n, m.Name+kind.String()+m.Value, err)
		}
		some = some || !matcher.Matches("")
		out = append(out, matcher)
	}
	if !some {
		return nil, errors.New("matchers: at least one must ask for a value; these match everything")
	}
	return out, nil
}

// matches reports whether all matchers take the labels.
func matches(ms []*labels.Matcher, set map[string]string) bool {
	for _, m := range ms {
		if !m.Matches(set[m.Name]) {
			return false
		}
	}
	return true
}
