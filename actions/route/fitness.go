package route

import (
	"fmt"
	"slices"
	"time"

	"github.com/neuroweaver/heddle/rules"
)

// Fitness is whether a model may serve a route, and why not.
type Fitness struct {
	Model string
	// Causes are the instances that fire for it.
	Causes []*Instance
	// Shadows fire for it in rules of mode shadow, which move nothing.
	Shadows []*Instance
	// Excluded is what a person said against it, Barred why it could not be applied lately.
	Excluded *Hold
	Barred   *Bar
	// Foreign: the route's policy does not name it any more.
	Foreign bool
	// Unknown: some rule has no value for it at present.
	Unknown bool
}

// Fit reports that nothing speaks against the model.
func (f Fitness) Fit() bool {
	return len(f.Causes) == 0 && f.Excluded == nil && f.Barred == nil && !f.Foreign
}

// KnownFit reports that every rule that speaks of it says so now.
func (f Fitness) KnownFit() bool { return f.Fit() && !f.Unknown }

// Dark reports that nothing is known against it now: what speaks against it, if anything, is the
// last word of rules that have no data any more.
func (f Fitness) Dark() bool {
	return f.Unknown && f.Excluded == nil && f.Barred == nil && !f.Foreign && !slices.ContainsFunc(f.Causes, known)
}

// known reports that what an instance says is so now.
func known(i *Instance) bool { return !i.Blind() }

// leave reports whether the model must be left: unfit on something that is known now. Silence never
// moves a route, so a cause that has gone blind is not enough.
func (f Fitness) leave() bool {
	return f.Excluded != nil || f.Foreign || slices.ContainsFunc(f.Causes, known)
}

// approval reports that a person must agree before the model is left: every rule that wants it left
// is of mode approve.
func (f Fitness) approval() bool {
	asked := false
	for _, cause := range f.Causes {
		if known(cause) {
			if cause.Mode != rules.Approve {
				return false
			}
			asked = true
		}
	}
	return asked && f.Excluded == nil && !f.Foreign
}

// Because lists in words what speaks against the model: names of rules, and what people said.
func (f Fitness) Because() []string {
	var because []string
	for _, cause := range f.Causes {
		if !slices.Contains(because, cause.Rule) {
			because = append(because, cause.Rule)
		}
	}
	if f.Excluded != nil {
		because = append(because, "excluded by "+f.Excluded.By)
	}
	if f.Barred != nil {
		because = append(because, "could not be applied: "+f.Barred.Why)
	}
	if f.Foreign {
		because = append(because, "no longer a model of this route")
	}
	return because
}

// reason is one line on why the model is left.
func (f Fitness) reason() string {
	for _, cause := range f.Causes {
		if known(cause) {
			return cause.line()
		}
	}
	switch {
	case f.Excluded != nil:
		return f.Excluded.line("excluded")
	case f.Foreign:
		return fmt.Sprintf("%s is no longer a model of this route", f.Model)
	case len(f.Causes) > 0:
		return f.Causes[0].line()
	case f.Barred != nil:
		return "could not be applied: " + f.Barred.Why
	}
	return ""
}

// line is the instance in words: "rule slow: p95(latency, 1m) = 3.2 > 2".
func (i *Instance) line() string {
	if i.Reason == "" {
		return "rule " + i.Rule
	}
	return "rule " + i.Rule + ": " + i.Reason
}

// Candidate is one model as a decision saw it.
type Candidate struct {
	Model   string   `json:"model"`
	Rank    int      `json:"rank"`
	Fit     bool     `json:"fit"`
	Unknown bool     `json:"unknown,omitempty"`
	Because []string `json:"because,omitempty"`
	Chosen  bool     `json:"chosen,omitempty"`
	Serving bool     `json:"serving,omitempty"`
	// FitSince is since when it has been known to be fit without a break.
	FitSince time.Time `json:"fit_since,omitzero"`
}

// Fitness says how a model stands for this route.
func (r *Route) Fitness(model string, evidence *Evidence) Fitness {
	f := Fitness{Model: model, Foreign: !slices.Contains(r.Policy.Models, model)}
	for _, i := range evidence.about(r.Policy.Name, model) {
		switch {
		case i.Mode == rules.Shadow:
			if i.Firing() && known(i) {
				f.Shadows = append(f.Shadows, i)
			}
			continue
		case i.Firing() && !i.Overruled:
			f.Causes = append(f.Causes, i)
		}
		f.Unknown = f.Unknown || i.Blind()
	}
	if hold, ok := r.State.Excluded[model]; ok {
		f.Excluded = &hold
	}
	if bar, ok := r.State.Barred[model]; ok && !bar.Over {
		f.Barred = &bar
	}
	return f
}

// Candidates ranks all models as they stand, best first.
func (r *Route) Candidates(evidence *Evidence, chosen string) []Candidate {
	candidates := make([]Candidate, 0, len(r.Policy.Models))
	for rank, model := range r.Policy.Models {
		f := r.Fitness(model, evidence)
		candidates = append(candidates, Candidate{
			Model: model, Rank: rank + 1, Fit: f.Fit(), Unknown: f.Unknown, Because: f.Because(),
			Chosen: model == chosen, Serving: model == r.State.Model, FitSince: r.State.FitSince[model],
		})
	}
	return candidates
}

// best is the most preferred fit model other than the one to be left.
func (r *Route) best(except string, evidence *Evidence) (string, bool) {
	for _, model := range r.Policy.Models {
		if model != except && r.Fitness(model, evidence).Fit() {
			return model, true
		}
	}
	return "", false
}
