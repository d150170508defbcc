package actions

import (
	"time"

	"github.com/neuroweaver/heddle/actions/route"
	"github.com/neuroweaver/heddle/rules"
)

// NewSimulator gives the routes as tests and replays of rules see them: the decisions of a Manager
// on a clock of their own, without effects. Every switch is applied at once, targets can split
// traffic, and probes are taken to pass.
func NewSimulator(routes []rules.Route, infos []*rules.RuleInfo) rules.Router {
	s := &simulator{table: route.NewTable()}
	policies := make([]route.Policy, len(routes))
	for i, r := range routes {
		r.ProbePass, r.ProbeTries = 0, 0
		policies[i] = route.Policy{Route: r, CanWeigh: true}
	}
	s.table.SetRules(time.Time{}, policies, infos)
	return s
}

type simulator struct {
	table *route.Table
	now   time.Time
}

func (s *simulator) Handle(now time.Time, transitions []rules.Transition) []rules.RouteEvent {
	for _, t := range transitions {
		s.table.Evidence.Apply(t)
	}
	return s.Tick(now)
}

func (s *simulator) Tick(now time.Time) []rules.RouteEvent {
	s.now = now
	var events []rules.RouteEvent
	for {
		confirmed := false
		for _, o := range s.table.Decide(now) {
			if o.Kind == route.Decided {
				events = append(events, rules.RouteEvent{
					Time: now, Route: o.Route, Action: o.Action, From: o.From, To: o.To, Reason: o.Reason,
				})
			}
			if o.NewEpoch() {
				confirmed = s.table.Route(o.Route).Confirm(now, o.Epoch) || confirmed
			}
		}
		if !confirmed {
			return events
		}
	}
}

func (s *simulator) NextTick() time.Time { return s.table.NextTick(s.now) }

func (s *simulator) Serving(name string) (string, bool) {
	r := s.table.Route(name)
	if r == nil {
		return "", false
	}
	return r.State.Applied.Model, true
}
