package server

import (
	"net/http"
	"path/filepath"
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

func (s *Server) prometheusRules(w http.ResponseWriter, _ *http.Request) {
	load, program := s.ruleFiles.status()
	groups := []promGroup{}
	if program != nil {
		groups = groupRules(program.Rules(), s.engine.Instances())
	}
	writeData(w, struct {
		Groups []promGroup `json:"groups"`
		// LoadError is why the files on disk are not in force.
		LoadError string `json:"loadError,omitempty"`
	}{groups, load.Error})
}

// groupRules makes a group of each file, in the order of the files.
func groupRules(all []*rules.RuleInfo, instances []rules.InstanceStatus) []promGroup {
	byRule := map[string][]rules.InstanceStatus{}
	for _, i := range instances {
		byRule[i.Rule.Name] = append(byRule[i.Rule.Name], i)
	}
	groups := []promGroup{}
	for _, info := range all {
		file, _, _ := strings.Cut(info.Position, ":")
		if len(groups) == 0 || groups[len(groups)-1].File != file {
			groups = append(groups, promGroup{Name: filepath.Base(file), File: file, Rules: []promRule{}})
		}
		rule := promRule{
			Name: info.Name, Type: "alerting", Query: info.Text, State: "inactive", Health: "ok",
			Labels:      map[string]string{"severity": alert.SeverityName(info.Severity)},
			Annotations: map[string]string{}, Alerts: []promAlert{},
		}
		if len(byRule[info.Name]) == 0 {
			rule.Health, rule.LastError = "unknown", "no series matches its metrics"
		}
		for _, i := range byRule[info.Name] {
			if i.Unknown && rule.LastError == "" {
				rule.Health, rule.LastError = "unknown", i.Labels.String()+": "+i.Reason
			}
			if a, active := toPromAlert(i); active {
				rule.Alerts = append(rule.Alerts, a)
				if rule.State != "firing" {
					rule.State = a.State
				}
			}
		}
		last := &groups[len(groups)-1]
		last.Rules = append(last.Rules, rule)
	}
	return groups
}

func (s *Server) prometheusAlerts(w http.ResponseWriter, _ *http.Request) {
	alerts := []promAlert{}
	for _, i := range s.engine.Instances() {
		if a, active := toPromAlert(i); active {
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

func (s *Server) listInstances(w http.ResponseWriter, r *http.Request) {
	only := r.URL.Query().Get("rule")
	found := []instance{}
	for _, i := range s.engine.Instances() {
		if only != "" && i.Rule.Name != only {
			continue
		}
		shown := instance{
			Rule: i.Rule.Name, Labels: i.Labels.Map(), State: stateName(i.State), Unknown: i.Unknown, Held: i.Held,
			Since: i.Since, SampleTime: i.SampleTime, Reason: i.Reason, Terms: []term{},
		}
		for _, t := range i.Terms {
			shown.Terms = append(shown.Terms, term{t, alert.Number(t.Value)})
		}
		found = append(found, shown)
	}
	writeJSON(w, http.StatusOK, map[string]any{"instances": found})
}
