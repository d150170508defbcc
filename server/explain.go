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
// from what the store has.
func (s *Server) explainRule(w http.ResponseWriter, r *http.Request) {
	rule, at := r.URL.Query().Get("rule"), r.URL.Query().Get("at")
	list, found := s.engine.Explain(rule)
	if !found {
		writeError(w, http.StatusNotFound, "not_found", "there is no rule "+rule)
		return
	}
	if at != "" {
		time, err := query.ParseTime(at)
		if err != nil {
			writeError(w, http.StatusBadRequest, "bad_data", err.Error())
			return
		}
		_, program := s.ruleFiles.status()
		if list, err = rules.ExplainAt(r.Context(), program, s.db, rule, time); err != nil {
			writeError(w, http.StatusUnprocessableEntity, "execution", err.Error())
			return
		}
	}
	shown := []explanation{}
	for _, x := range list {
		i := x.Instance
		shown = append(shown, explanation{i.Rule.Name, i.Labels.Map(), i.State.String(), x.Clauses, x.String()})
	}
	writeJSON(w, http.StatusOK, map[string]any{"explanations": shown})
}
