package server

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/neuroweaver/heddle/actions/alert"
	"github.com/neuroweaver/heddle/rules"
)

// registerRules adds rules and alerts in the form of Prometheus's API, which dashboards read.
func (s *Server) registerRules(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/rules", s.prometheusRules)
	mux.HandleFunc("GET /api/v1/alerts", s.prometheusAlerts)
	mux.HandleFunc("GET /api/v1/heddle/instances", s.listInstances)
	mux.HandleFunc("GET /api/v1/heddle/explain", s.explainRule)
	mux.HandleFunc("GET /api/v1/status/rules", func(w http.ResponseWriter, _ *http.Request) {
		load, _ := s.ruleFiles.status()
		writeData(w, load)
	})
}

// promGroup is the rules of one file.
type promGroup struct {
	Name     string     `json:"name"`
	File     string     `json:"file"`
	Interval float64    `json:"interval"` // 0: rules are evaluated as samples come
	Rules    []promRule `json:"rules"`
}

type promRule struct {
	Name        string            `json:"name"`
	Type        string            `json:"type"`
	Query       string            `json:"query"`
	State       string            `json:"state"`
	Health      string            `json:"health"`
	LastError   string            `json:"lastError,omitempty"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Alerts      []promAlert       `json:"alerts"`
}

type promAlert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	State       string            `json:"state"`
	ActiveAt    time.Time         `json:"activeAt"`
	Value       string            `json:"value"`
}

// promState is Prometheus's word for a state; an instance that recovers still fires.
func promState(s rules.State) string {
	switch s {
	case rules.Pending:
		return "pending"
	case rules.Firing, rules.Recovering:
		return "firing"
	}
	return "inactive"
}

// toPromAlert gives an instance as an alert; ok is false where it is inactive.
func toPromAlert(i rules.InstanceStatus) (a promAlert, ok bool) {
	if i.State == rules.Inactive {
		return a, false
	}
	a = promAlert{
		Labels:      i.Labels.Map(),
		Annotations: map[string]string{"reason": i.Reason},
		State:       promState(i.State),
		ActiveAt:    i.Since,
		Value:       i.Reason,
	}
	if !i.FiringSince.IsZero() && a.State == "firing" {
		a.ActiveAt = i.FiringSince
	}
	a.Labels["alertname"] = i.Rule.Name
	a.Labels["severity"] = alert.SeverityName(i.Rule.Severity)
	return a, true
}

// prometheusRules answers with the parameters of Prometheus's API: type, rule_name[], rule_group[], file[]
// and exclude_alerts.
func (s *Server) prometheusRules(w http.ResponseWriter, r *http.Request) {
	load, program := s.ruleFiles.status()
	parameters := r.URL.Query()
	asked := func(parameter, value string) bool {
		values := parameters[parameter]
		return len(values) == 0 || slices.Contains(values, value)
	}
	groups := []promGroup{}
	switch kind := parameters.Get("type"); {
	case kind != "" && kind != "alert" && kind != "record":
		writeError(w, http.StatusBadRequest, "bad_data", "type is alert or record")
		return
	case program != nil && kind != "record":
		named := slices.DeleteFunc(slices.Clone(program.Rules()), func(info *rules.RuleInfo) bool {
			file, _, _ := strings.Cut(info.Position, ":")
			return !asked("rule_name[]", info.Name) || !asked("file[]", file) || !asked("rule_group[]", filepath.Base(file))
		})
		groups = groupRules(named, s.health(named, parameters.Get("exclude_alerts") == "true"))
	}
	writeData(w, struct {
		Groups []promGroup `json:"groups"`
		// LoadError is why the files on disk are not in force.
		LoadError string `json:"loadError,omitempty"`
	}{groups, load.Error})
}

// ruleHealth is what the instances of one rule say.
type ruleHealth struct {
	instances int
	state     rules.State
	// unknown is the first instance whose condition has no value.
	unknown *rules.InstanceStatus
	alerts  []promAlert
}

// health looks at the instances of rules, by the name of the rule.
func (s *Server) health(infos []*rules.RuleInfo, withoutAlerts bool) map[string]*ruleHealth {
	byRule := make(map[string]*ruleHealth, len(infos))
	for _, info := range infos {
		byRule[info.Name] = &ruleHealth{}
	}
	blind := map[string]bool{}
	list, _ := s.engine.List(rules.Selection{Wanted: func(info *rules.RuleInfo, state rules.State, unknown bool) bool {
		h := byRule[info.Name]
		if h == nil {
			return false
		}
		h.instances++
		if state == rules.Pending && h.state == rules.Inactive || state == rules.Firing || state == rules.Recovering {
			h.state = state
		}
		first := unknown && !blind[info.Name]
		blind[info.Name] = blind[info.Name] || unknown
		return first || state != rules.Inactive && !withoutAlerts
	}})
	for n := range list {
		h := byRule[list[n].Rule.Name]
		if list[n].Unknown && h.unknown == nil {
			h.unknown = &list[n]
		}
		if a, active := toPromAlert(list[n]); active && !withoutAlerts {
			h.alerts = append(h.alerts, a)
		}
	}
	return byRule
}

// groupRules makes a group of each file, in the order of the files.
func groupRules(all []*rules.RuleInfo, byRule map[string]*ruleHealth) []promGroup {
	groups := []promGroup{}
	for _, info := range all {
		file, _, _ := strings.Cut(info.Position, ":")
		if len(groups) == 0 || groups[len(groups)-1].File != file {
			groups = append(groups, promGroup{Name: filepath.Base(file), File: file, Rules: []promRule{}})
		}
		h := byRule[info.Name]
		rule := promRule{
			Name: info.Name, Type: "alerting", Query: info.Text, State: promState(h.state), Health: "ok",
			Labels:      map[string]string{"severity": alert.SeverityName(info.Severity)},
			Annotations: map[string]string{}, Alerts: append([]promAlert{}, h.alerts...),
		}
		switch {
		case h.instances == 0:
			rule.Health, rule.LastError = "unknown", "no series matches its metrics"
		case h.unknown != nil:
			rule.Health, rule.LastError = "unknown", h.unknown.Labels.String()+": "+h.unknown.Reason
		}
		last := &groups[len(groups)-1]
		last.Rules = append(last.Rules, rule)
	}
	return groups
}

func isActive(_ *rules.RuleInfo, state rules.State, _ bool) bool { return state != rules.Inactive }

func (s *Server) prometheusAlerts(w http.ResponseWriter, _ *http.Request) {
	alerts := []promAlert{}
	active, _ := s.engine.List(rules.Selection{Wanted: isActive})
	for _, i := range active {
		if a, active := toPromAlert(i); active { // it may have ended meanwhile
			alerts = append(alerts, a)
		}
	}
	writeData(w, map[string]any{"alerts": alerts})
}

// instance is one rule instance in full, for those who explain it.
type instance struct {
	Rule       string            `json:"rule"`
	Labels     map[string]string `json:"labels"`
	State      string            `json:"state"`
	Unknown    bool              `json:"unknown"`
	Held       bool              `json:"held"`
	Since      time.Time         `json:"since"`
	SampleTime time.Time         `json:"sample_time"`
	Reason     string            `json:"reason"`
	Terms      []term            `json:"terms"`
}

type term struct {
	rules.Term
	// Value may be infinite, which a JSON number can not.
	Value alert.Number `json:"value"`
}

func stateName(s rules.State) string {
	return [...]string{"inactive", "pending", "firing", "recovering"}[s]
}

// listedInstances is how many instances are listed where the caller does not say.
const listedInstances = 1000

// listInstances gives a page of instances, of one rule or all; total is how many there are.
func (s *Server) listInstances(w http.ResponseWriter, r *http.Request) {
	selection, err := selectionOf(r, listedInstances)
	if err != nil {
		writeError(w, http.StatusBadRequest, "bad_data", err.Error())
		return
	}
	list, total := s.engine.List(selection)
	found := []instance{}
	for _, i := range list {
		shown := instance{
			Rule: i.Rule.Name, Labels: i.Labels.Map(), State: stateName(i.State), Unknown: i.Unknown, Held: i.Held,
			Since: i.Since, SampleTime: i.SampleTime, Reason: i.Reason, Terms: []term{},
		}
		for _, t := range i.Terms {
			shown.Terms = append(shown.Terms, term{t, alert.Number(t.Value)})
		}
		found = append(found, shown)
	}
	writeJSON(w, http.StatusOK, map[string]any{"instances": found, "total": total})
}
