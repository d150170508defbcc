package rules

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// BlindRule is the name of the alert that a rule raises about itself when it sees nothing: no series
// matches its metrics, or none of its instances has had a value for blindAfter. It is in no rule file;
// the label rule of its instances names the rule.
const BlindRule = "rule_blind"

// blindAfter is longer than a restart or a deployment takes, and short beside the time for which a
// dead rule would else go unnoticed.
const blindAfter = 10 * time.Minute

// sight is what one rule sees.
type sight struct {
	rule *rule
	info *RuleInfo // of the alert
	// known is how many instances have a value. While it is 0, since is when that began.
	known   int
	since   time.Time
	alerted bool
}

// newSights makes the sights of a program: nothing is seen yet.
func newSights(p *Program, now time.Time) map[*rule]*sight {
	sights := map[*rule]*sight{}
	for _, r := range p.rules {
		sights[r] = &sight{rule: r, since: now, info: &RuleInfo{
			Name: BlindRule, Hash: r.info.Hash, Position: r.info.Position, On: []string{"rule"},
			Text: "built in: a rule sees nothing", Severity: Warning, Notify: r.info.Notify,
		}}
	}
	return sights
}

// see counts an instance that became known, or unknown.
func (s *sight) see(step int, now time.Time) {
	s.known += step
	if s.known == 0 {
		s.since = now
	}
}

// due is when the sight has something to tell; zero: nothing.
func (s *sight) due() time.Time {
	switch {
	case s.known > 0 && s.alerted:
		return s.since // at once
	case s.known == 0 && !s.alerted:
		return s.since.Add(blindAfter)
	}
	return time.Time{}
}

// tell returns the transition that is due by now.
func (s *sight) tell(now time.Time) (t Transition, ok bool) {
	due := s.due()
	if due.IsZero() || due.After(now) {
		return t, false
	}
	s.alerted = !s.alerted
	t = Transition{Rule: s.info, Labels: labels.FromStrings("rule", s.rule.info.Name), From: Firing, To: Inactive, Time: now, Since: now}
	t.Reason = s.rule.info.Name + " sees again"
	if s.alerted {
		t.From, t.To = Inactive, Firing
		t.Reason = "no instance of " + s.rule.info.Name + " has had a value for " + formatDuration(blindAfter)
		t.Summary = t.Reason + " (" + s.rule.info.Position + `); "heddle explain ` + s.rule.info.Name + `" shows what it looks for`
	}
	return t, true
}

// tellSights returns what the rules have to say of their own sight.
func (e *Engine) tellSights(now time.Time, changed []Transition) []Transition {
	if e.sightDue.IsZero() || e.sightDue.After(now) {
		return changed
	}
	e.sightDue = time.Time{}
	for _, r := range e.force.program.rules {
		s := e.sights[r]
		if t, ok := s.tell(now); ok {
			changed = append(changed, t)
			e.metrics.blind.WithLabelValues(r.info.Name).Set(map[bool]float64{true: 1}[s.alerted])
		}
		e.sightDue = earliest(e.sightDue, s.due())
	}
	return changed
}

// saw follows whether an instance is known.
func (e *Engine) saw(i *instance, now time.Time) {
	known := !i.life.unknown
	if known == i.seen {
		return
	}
	i.seen = known
	s := e.sights[i.rule]
	if known {
		s.see(1, now)
	} else {
		s.see(-1, now)
	}
	e.sightDue = earliest(e.sightDue, s.due())
}
