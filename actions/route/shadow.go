package route

import "strings"

// noteShadowRules records what rules of mode shadow would have done to the served model, once for
// each set of them.
func (r *Route) noteShadowRules(evidence *Evidence) []Outcome {
	s := &r.State
	f := r.Fitness(r.current(), evidence)
	var keys []string
	for _, i := range f.Shadows {
		keys = append(keys, i.Key())
	}
	noted := strings.Join(keys, "|")
	if noted == s.ShadowNoted {
		return nil
	}
	s.ShadowNoted = noted
	if noted == "" {
		return nil
	}
	to, _ := r.best(f.Model, evidence)
	return []Outcome{{
		Kind: ShadowDecided, Route: s.Name, Epoch: s.Epoch, Action: ActionSwitch, From: f.Model, To: to,
		Reason: f.Shadows[0].line(), Causes: f.Shadows, Candidates: r.Candidates(evidence, to),
	}}
}
