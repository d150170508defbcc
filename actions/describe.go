package actions

import (
	"slices"
	"time"

	"github.com/neuroweaver/heddle/actions/route"
	"github.com/neuroweaver/heddle/rules"
)

// describe gives a route as people and gateways see it. The caller holds m.mu.
func (m *Manager) describe(r *route.Route, f *flight) RouteStatus {
	s := &r.State
	status := RouteStatus{
		Name: s.Name, Epoch: s.Epoch, Serving: f.Serving, Wanted: s.Model, Primary: r.Policy.Models[0],
		State: f.Phase, Since: s.Decided.UTC().Truncate(time.Millisecond), Reason: s.Reason, Weights: s.Weights(),
		Mode: modeName(r.Policy.Mode), Held: s.Held, Manual: s.ManualMode,
	}
	if r.Policy.Mode == rules.Shadow && s.Shadow != s.Model {
		status.Shadow = s.Shadow
	}
	if s.Pin != nil {
		pin := Hold(*s.Pin)
		status.Pin = &pin
	}
	if p := s.Proposal; p != nil {
		status.Proposal = &Proposal{Action: p.Action, From: p.From, To: p.To, Reason: p.Reason, Time: p.Time}
	}
	for _, model := range r.Policy.Models {
		fitness := r.Fitness(model, m.table.Evidence)
		ms := ModelStatus{Model: model, Fit: fitness.Fit(), UnfitBecause: fitness.Because(), Unknown: fitness.Unknown}
		if since, ok := s.FitSince[model]; ok {
			since = since.UTC().Truncate(time.Millisecond)
			ms.FitSince = &since
		}
		if due, ok := r.ReturnDue(model, m.table.Evidence); ok {
			due = due.UTC().Truncate(time.Millisecond)
			ms.ReturnAt = &due
		}
		status.Models = append(status.Models, ms)
	}
	for _, name := range f.targetNames() {
		status.Targets = append(status.Targets, f.describeTarget(name))
	}
	return status
}

func (f *flight) describeTarget(name string) TargetStatus {
	target := f.Targets[name]
	status := TargetStatus{
		Connector: name, State: "applying", Epoch: target.Epoch, Confirmed: target.Confirmed,
		Attempts: target.Attempts, Error: target.Error,
	}
	switch {
	case target.Disabled:
		status.State = "disabled"
	case target.Epoch >= f.Epoch:
		status.State = "current"
	case target.Pending:
		status.State = "waiting"
	case target.Refused:
		status.State = "refused"
	case target.Attempts > 0:
		status.State = "retrying"
	}
	return status
}

func modeName(m rules.Mode) string {
	return []string{rules.Auto: "auto", rules.Approve: "approve", rules.Shadow: "shadow"}[min(m, rules.Shadow)]
}

// interested are the receivers of the rules that can move this route: those who hear of the cause
// hear of trouble with the remedy.
func interested(routeName string, infos []*rules.RuleInfo) []string {
	var names []string
	for _, info := range infos {
		if slices.Contains(info.Switch, routeName) {
			for _, name := range info.Notify {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}
