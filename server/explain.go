package server

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/neuroweaver/heddle/query"
	"github.com/neuroweaver/heddle/rules"
)

// explanation is one instance of a rule with its conditions as trees of values, and as text.
type explanation struct {
	Rule    string            `json:"rule"`
	Labels  map[string]string `json:"labels"`
	State   string            `json:"state"`
	Clauses []rules.Clause    `json:"clauses"`
	Text    string            `json:"text"`
}

// explainRule answers why the instances of a rule are in their state, now or at a time in the past,
// from what the store has; and, where there is no instance, why the rule sees nothing.
func (s *Server) explainRule(w http.ResponseWriter, r *http.Request) {
	selection, err := selectionOf(r, explainedInstances)
	if err != nil {
		writeError(w, http.StatusBadRequest, "bad_data", err.Error())
		return
	}
	_, program := s.ruleFiles.status()
	list, chosen, found := s.engine.Explain(selection)
	if !found || program == nil {
		writeError(w, http.StatusNotFound, "not_found", program.NoRule(selection.Rule).Error())
		return
	}
	asOf := s.now()
	if at := r.URL.Query().Get("at"); at != "" {
		if asOf, err = query.ParseTime(at); err != nil {
			writeError(w, http.StatusBadRequest, "bad_data", err.Error())
			return
		}
		if list, chosen, err = rules.ExplainAt(r.Context(), program, s.db, selection, asOf); err != nil {
			writeError(w, http.StatusUnprocessableEntity, "execution", err.Error())
			return
		}
	}
	blindness := []string{}
	if chosen == 0 && len(selection.Matchers) == 0 {
		if blindness, err = rules.BlindnessOf(r.Context(), program, s.db, selection.Rule, asOf); err != nil {
			writeError(w, http.StatusUnprocessableEntity, "execution", err.Error())
			return
		}
	}
	shown := []explanation{}
	for _, x := range list {
		i := x.Instance
		shown = append(shown, explanation{i.Rule.Name, i.Labels.Map(), i.State.String(), x.Clauses, x.String()})
	}
	writeJSON(w, http.StatusOK, map[string]any{"explanations": shown, "total": chosen, "blindness": blindness})
}

// explainedInstances is how many instances are explained where the caller does not say: as many as a
// person reads.
const explainedInstances = 100

// selectionOf reads which instances a request is about: rule, match ({model="a"}), skip and limit.
func selectionOf(r *http.Request, limit int) (s rules.Selection, err error) {
	parameters := r.URL.Query()
	s = rules.Selection{Rule: parameters.Get("rule"), Limit: limit}
	if match := parameters.Get("match"); match != "" {
		if s.Matchers, err = parser.NewParser(parser.Options{}).ParseMetricSelector(match); err != nil {
			return s, fmt.Errorf("match: %q are no label matchers such as {model=\"a\"}: %w", match, err)
		}
	}
	for name, into := range map[string]*int{"skip": &s.Skip, "limit": &s.Limit} {
		if text := parameters.Get(name); text != "" {
			if *into, err = strconv.Atoi(text); err != nil || *into < 0 {
				return s, fmt.Errorf("%s: %q is not a count", name, text)
			}
		}
	}
	return s, nil
}
