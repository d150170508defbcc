package actions

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/rules"
)

// The way of a degradation: the route leaves, comes back, and the journal accounts for each step.
func TestThereAndBack(t *testing.T) {
	w := newWorld(t)
	gateway := newPeer(t, echo)
	path := filepath.Join(t.TempDir(), "routes.json")
	w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL})
	w.connector("state", connector.Config{Type: "file", Path: path})
	m, _ := w.run()
	slow := w.infos[0]

	if s, ok := m.Route("chat"); !ok || s.Serving != "a" || s.Epoch != 1 || s.State != "applied" || s.Primary != "a" {
		t.Fatalf("%+v", s)
	}
	m.Handle(w.now, []rules.Transition{fires(slow, "a", w.now)})
	s := serves(t, m, "b", 2)
	if s.Reason != "rule slow: p95(latency, 1m) = 3.2 > 2" || s.Models[0].Fit || s.Models[0].UnfitBecause[0] != "slow" || !s.Models[1].Fit {
		t.Errorf("%+v", s)
	}
	now := w.advance(time.Minute)
	m.Handle(now, []rules.Transition{ends(slow, "a", now)})
	if s, _ := m.Route("chat"); s.Epoch != 2 || s.Models[0].ReturnAt == nil || !s.Models[0].ReturnAt.Equal(now.Add(10*time.Minute)) {
		t.Errorf("%+v", s)
	}
	m.tick(w.advance(10*time.Minute - time.Nanosecond))
	if s, _ := m.Route("chat"); s.Epoch != 2 {
		t.Errorf("returned too early: %+v", s)
	}
	m.tick(w.advance(time.Nanosecond))
	serves(t, m, "a", 3)

	posts := gateway.awaits(t, 2)
	want := []string{
		`{"route":"chat","epoch":2,"action":"switch","from":"a","to":"b","weights":{"b":1},"reason":"rule slow: p95(latency, 1m) = 3.2 \u003e 2"}`,
		`{"route":"chat","epoch":3,"action":"rollback","from":"b","to":"a","weights":{"a":1},"reason":"a has been fit for 10m0s"}`,
	}
	if len(posts) != 2 || string(posts[0].Data) != want[0] || string(posts[1].Data) != want[1] || posts[0].Type != "heddle.route.switch" || posts[0].Subject != "chat" || posts[0].ID == posts[1].ID {
		t.Errorf("%s", posts)
	}
	raw, err := os.ReadFile(path)
	if want := `{"routes":{"chat":{"epoch":3,"serving":"a","weights":{"a":1}}}}`; err != nil || strings.TrimSpace(string(raw)) != want {
		t.Errorf("%s %v", raw, err)
	}
	switches := events(t, m, "switch")
	if len(switches) != 2 {
		t.Fatalf("%v", switches)
	}
	line, _ := json.Marshal(switches[0])
	var e struct {
		Seq         uint64
		Kind, Route string
		From, To    string
		Epoch       uint64
		Action      string
		Cause       struct{ Rule, RuleHash string }
		DecidedAt   time.Time `json:"decided_at"`
		AppliedAt   time.Time `json:"applied_at"`
		Hash        string
		Targets     map[string]string
	}
	if err := json.Unmarshal(line, &e); err != nil {
		t.Fatal(err)
	}
	if e.Seq == 0 || e.Kind != "switch" || e.Route != "chat" || e.From != "a" || e.To != "b" || e.Epoch != 2 || e.Action != "switch" ||
		e.Cause.Rule != "slow" || e.DecidedAt.IsZero() || e.AppliedAt.IsZero() || len(e.Hash) != 64 ||
		e.Targets["gateway"] != "read_back" || e.Targets["state"] != "read_back" {
		t.Errorf("%s", line)
	}
	decision, _ := json.Marshal(events(t, m, "decision")[0])
	for _, part := range []string{`"rule_hash":"aa"`, `"text":"p95(latency, 1m)"`, `"value":3.2`, `"samples":42`, `"threshold":2`, `"candidates":[{"model":"a","rank":1`, `"because":["slow"]`, `"chosen":true`, `"epoch":2`} {
		if !strings.Contains(string(decision), part) {
			t.Errorf("the decision lacks %s: %s", part, decision)
		}
	}
	if report, err := m.VerifyJournal(t.Context()); err != nil || report.Broken != nil {
		t.Errorf("%+v %v", report, err)
	}
}
