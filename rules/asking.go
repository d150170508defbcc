package rules

import "github.com/prometheus/prometheus/model/labels"

// firing is whether a rule fires for the instances that agree with the given labels where both have
// one: true where some instance does, else unknown where some is, else false.
func (e *Engine) firing(name string, asker labels.Labels) Truth {
	answer := False
	e.agreeing(e.force.ruleOf[name], asker, func(s *subject) {
		i := s.instance(e.force.ruleOf[name])
		switch {
		case i == nil:
		case i.life.unknown:
			answer = max(answer, Unknown)
		case i.life.fires():
			answer = True
		}
	})
	return answer
}

// serving is whether a route serves the model of the given labels.
func (e *Engine) serving(route string, asker labels.Labels) Truth {
	if e.options.Serving == nil {
		return Unknown
	}
	model := asker.Get("model")
	return truthOf(model != "" && e.options.Serving(route) == model)
}

// wakeAskers has the rules decided again that ask for the firing of the instance's rule.
func (e *Engine) wakeAskers(i *instance) {
	for _, asker := range e.force.askers[i.rule.info.Name] {
		e.agreeing(asker, i.subject.labels, func(s *subject) {
			if s != i.subject { // there, the order of rules sees to it
				e.queue(s)
			}
		})
	}
}

// agreeing calls visit for the subjects of a rule whose labels equal the given ones where both have
// them. It looks one up where the given ones have all of the rule's, and else through them all.
func (e *Engine) agreeing(r *rule, given labels.Labels, visit func(*subject)) {
	for _, g := range e.force.groups {
		if g.scope != r.scope {
			continue
		}
		if key, ok := keyOf(g.scope.on, given); ok {
			if s := g.byKey[key]; s != nil {
				visit(s)
			}
			return
		}
		for _, s := range g.byKey {
			if agree(s.labels, given) {
				visit(s)
			}
		}
	}
}

func agree(a, b labels.Labels) bool {
	same := true
	a.Range(func(l labels.Label) {
		if other := b.Get(l.Name); other != "" && other != l.Value {
			same = false
		}
	})
	return same
}
