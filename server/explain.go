package server

import (
	"net/http"

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
	rule, at := r.URL.Query().Get("rule"), r.URL.Query().Get("at")
	_, program := s.ruleFiles.status()
	list, found := s.engine.Explain(rule)
	if !found || program == nil {
		writeError(w, http.StatusNotFound, "not_found", program.NoRule(rule).Error())
		return
	}
	asOf := s.now()
	if at != "" {
		var err error
		if asOf, err = query.ParseTime(at); err != nil {
			writeError(w, http.StatusBadRequest, "bad_data", err.Error())
			return
		}
		if list, err = rules.ExplainAt(r.Context(), program, s.db, rule, asOf); err != nil {
			writeError(w, http.StatusUnprocessableEntity, "execution", err.Error())
			return
		}
	}
	blindness := []string{}
	if len(list) == 0 {
		all, err := rules.FindBlindness(r.Context(), program, s.db, asOf)
		if err != nil {
			writeError(w, http.StatusUnprocessableEntity, "execution", err.Error())
			return
		}
		for _, b := range all {
			if b.Rule == rule {
				blindness = append(blindness, b.String())
			}
		}
	}
	shown := []explanation{}
	for _, x := range list {
		i := x.Instance
		shown = append(shown, explanation{i.Rule.Name, i.Labels.Map(), i.State.String(), x.Clauses, x.String()})
	}
	writeJSON(w, http.StatusOK, map[string]any{"explanations": shown, "blindness": blindness})
}
