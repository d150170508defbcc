package actions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/neuroweaver/heddle/actions/alert"
	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/journal"
	"github.com/neuroweaver/heddle/actions/receiver"
	"github.com/neuroweaver/heddle/rules"
)

func filterRule(name string) alert.Filter { return alert.Filter{Rule: name, Resolved: true} }

func TestPeopleMoveRoutes(t *testing.T) {
	w := newWorld(t)
	m, stop := w.run()
	slow := w.infos[0]
	f := func(want string, status RouteStatus, err error) {
		t.Helper()
		got := fmt.Sprintf("%s@%d", status.Serving, status.Epoch)
		for name, is := range map[string]bool{" not found": errors.Is(err, ErrNotFound), " invalid": errors.Is(err, ErrInvalid), " conflict": errors.Is(err, ErrConflict)} {
			if is {
				got += name
			}
		}
		if got != want {
			t.Errorf("%s (%v), want %s", got, err, want)
		}
	}
	do := func(want string) func(RouteStatus, error) {
		return func(s RouteStatus, err error) { t.Helper(); f(want, s, err) }
	}
	do("@0 not found")(m.Switch("nowhere", "a", "eve", ""))
	do("@0 invalid")(m.Switch("chat", "b", "", ""))
	do("a@1 invalid")(m.Switch("chat", "zzz", "eve", ""))
	do("b@2")(m.Switch("chat", "b", "eve", "a test"))
	m.tick(w.advance(time.Hour)) // a switch by hand stays
	if s, _ := m.Route("chat"); s.Serving != "b" || s.Reason != "switched by eve: a test" {
		t.Errorf("%+v", s)
	}
	m.Handle(w.now, []rules.Transition{fires(slow, "b", w.now)}) // until the model is unfit
	do("a@3 conflict")(m.Switch("chat", "b", "eve", ""))
	do("b@4")(m.Pin("chat", "b", "eve", "I know"))
	do("b@4 conflict")(m.Switch("chat", "a", "eve", ""))
	do("b@4 conflict")(m.Exclude("chat", "b", "eve", ""))
	do("b@4 conflict")(m.Approve("chat", "eve", ""))
	do("a@5")(m.Unpin("chat", "eve", ""))
	do("a@5 conflict")(m.Unpin("chat", "eve", ""))
	do("c@6")(m.Exclude("chat", "a", "eve", "upgrade"))
	do("c@6 conflict")(m.Include("chat", "b", "eve", ""))
	if s, _ := m.Route("chat"); s.Models[0].UnfitBecause[0] != "excluded by eve" {
		t.Errorf("%+v", s)
	}
	stop()
	m, _ = w.run() // what people said is kept
	do("c@6")(m.Include("chat", "a", "eve", ""))
	m.tick(w.advance(10 * time.Minute))
	serves(t, m, "a", 7)
	if got := events(t, m, "operator"); len(got) != 5 || got[0].Text("who") != "eve" || got[0].Text("why") != "a test" || got[0].Text("verb") != "switch" {
		t.Errorf("%v", got)
	}
	// The kill switch.
	if err := m.SetAutomation(false, "eve", "incident"); err != nil || m.Automation() {
		t.Error(err)
	}
	m.Handle(w.now, []rules.Transition{fires(slow, "a", w.now)})
	if s, _ := m.Route("chat"); s.Serving != "a" || !strings.Contains(s.Held, "automation is switched off") {
		t.Errorf("%+v", s)
	}
	if err := m.SetAutomation(true, "eve", ""); err != nil {
		t.Error(err)
	}
	serves(t, m, "c", 8)
}

func TestApproveOverTheManager(t *testing.T) {
	w := newWorld(t)
	w.routes = chat(func(r *rules.Route) { r.Mode = rules.Approve })
	m, _ := w.run()
	m.Handle(w.now, []rules.Transition{fires(w.infos[0], "a", w.now)})
	s, _ := m.Route("chat")
	if s.Serving != "a" || s.Proposal == nil || s.Proposal.To != "b" || len(m.Alerts(alert.Filter{Rule: AlertApprovalWanted})) != 1 {
		t.Errorf("%+v", s)
	}
	if s, err := m.Approve("chat", "eve", "go"); err != nil || s.Serving != "b" || s.Proposal != nil {
		t.Errorf("%+v %v", s, err)
	}
	if len(m.Alerts(alert.Filter{Rule: AlertApprovalWanted})) != 0 {
		t.Error("the alert does not end")
	}
}

func TestSilencesAndAcknowledgements(t *testing.T) {
	w := newWorld(t)
	people := newPeer(t, nil)
	w.receiver("oncall", people.URL)
	w.options.DefaultReceivers = []string{"oncall"}
	m, stop := w.run()
	slow := w.infos[0]
	matchers := []alert.Matcher{{Name: "model", Value: "a", IsEqual: true}}
	silence, err := m.Silence(alert.Silence{Matchers: matchers, EndsAt: w.now.Add(time.Hour), By: "eve", Why: "works", SuspendActions: true})
	if err != nil || silence.ID == "" || !silence.StartsAt.Equal(w.now) {
		t.Fatalf("%+v %v", silence, err)
	}
	if _, err := m.Silence(alert.Silence{Matchers: matchers}); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
	m.Handle(w.now, []rules.Transition{fires(slow, "a", w.now)})
	if s, _ := m.Route("chat"); s.Serving != "a" || !strings.Contains(s.Held, "quiet") {
		t.Errorf("a suspended rule moved the route: %+v", s)
	}
	if preview, err := m.PreviewSilence(matchers); err != nil || len(preview) != 1 || preview[0].Muted == "" {
		t.Errorf("%+v %v", preview, err)
	}
	stop()
	m, _ = w.run()
	if list := m.Silences(); len(list) != 1 || list[0].ID != silence.ID {
		t.Errorf("%+v", list)
	}
	m.Handle(w.now, []rules.Transition{says(slow, "a", rules.Firing, rules.Firing, w.now)})
	if n := len(people.sent()); n != 0 {
		t.Errorf("%d messages", n)
	}
	if err := m.ExpireSilence("no such", "eve", ""); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if err := m.ExpireSilence(silence.ID, "eve", "done"); err != nil {
		t.Error(err)
	}
	people.awaits(t, 1)
	serves(t, m, "b", 2)
	id := m.Alerts(filterRule("slow"))[0].ID
	if s, err := m.AcknowledgeAlert(id, "bob", "on it"); err != nil || s.Acknowledged.By != "bob" {
		t.Errorf("%+v %v", s, err)
	}
	if _, err := m.AcknowledgeAlert("no such", "bob", ""); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if got := events(t, m, "silence", "silence_ended", "alert_acknowledged"); len(got) != 3 {
		t.Errorf("%v", got)
	}
}

func TestRulesThatNameWhatIsNotThere(t *testing.T) {
	w := newWorld(t)
	w.receiver("oncall", "http://127.0.0.1:1")
	m := w.open()
	w.infos[0].Notify = []string{"nobody"}
	routes := chat(func(r *rules.Route) { r.Apply = []string{"gateway"} })
	err := m.SetRules(routes, w.infos)
	if !errors.Is(err, ErrInvalid) {
		t.Fatal(err)
	}
	for _, part := range []string{"apply gateway: no such connector; the configuration has none", "notify nobody: no such receiver; the configuration has oncall"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in %v", part, err)
		}
	}
	if s, ok := m.Route("chat"); !ok || len(s.Targets) != 0 {
		t.Errorf("rules that do not load changed something: %+v", s)
	}
}

func TestConfigurationMistakes(t *testing.T) {
	dir := t.TempDir()
	f := func(c connector.Config, want string) {
		t.Helper()
		_, err := BuildConnectors(map[string]connector.Config{"x": c})
		if want == "" && err == nil {
			return
		}
		if err == nil || want == "" || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "connector x: ") {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	f(connector.Config{}, "type: missing")
	f(connector.Config{Type: "redis"}, `type: "redis" is not known`)
	f(connector.Config{Type: "file"}, "path: ")
	f(connector.Config{Type: "file", Path: filepath.Join(dir, "no", "file")}, "no such file or directory")
	f(connector.Config{Type: "file", Path: filepath.Join(dir, "f"), URL: "http://x"}, "url: a connector of type file does not take it")
	f(connector.Config{Type: "webhook"}, "url: ")
	f(connector.Config{Type: "webhook", URL: "gateway"}, "url: ")
	f(connector.Config{Type: "webhook", URL: "http://x", Acks: 1}, "acks: ")
	f(connector.Config{Type: "webhook", URL: "http://x", SecretFile: filepath.Join(dir, "none")}, "secret file: ")
	f(connector.Config{Type: "webhook", URL: "http://x", Timeout: -1}, "timeout: ")
	f(connector.Config{Type: "webhook", URL: "http://x", Timeout: time.Hour}, "timeout: ")
	f(connector.Config{Type: "pull", Acks: -1}, "acks: ")
	f(connector.Config{Type: "pull", Path: "x"}, "path: ")
	f(connector.Config{Type: "pull"}, "")
	_, err := BuildConnectors(map[string]connector.Config{
		"one": {Type: "file", Path: filepath.Join(dir, "f")}, "two": {Type: "file", Path: filepath.Join(dir, ".", "f")}, "three": {},
	})
	if err == nil || !strings.Contains(err.Error(), "connector two: path: connector one writes the same file") || !strings.Contains(err.Error(), "connector three: ") {
		t.Error(err)
	}
	g := func(want string, configs ...receiver.Config) {
		t.Helper()
		if _, _, err := BuildReceivers(configs, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	hook := []receiver.Webhook{{URL: "http://x"}}
	g("name: ", receiver.Config{SignedWebhooks: hook})
	g("tells nobody", receiver.Config{Name: "x"})
	g("url: missing", receiver.Config{Name: "x", SignedWebhooks: []receiver.Webhook{{}}})
	g("timeout: ", receiver.Config{Name: "x", SignedWebhooks: []receiver.Webhook{{URL: "http://x", Timeout: -1}}})
	g("level: ", receiver.Config{Name: "x", Logs: []receiver.Log{{Level: "loud"}}})
	g("two of this name", receiver.Config{Name: "x", SignedWebhooks: hook}, receiver.Config{Name: "x", SignedWebhooks: hook})
	g("signed_webhook_configs[0]", receiver.Config{Name: "x", SignedWebhooks: []receiver.Webhook{{URL: "nonsense"}}})
}

func TestWatchAndEvents(t *testing.T) {
	w := newWorld(t)
	m, _ := w.run()
	if _, err := m.Watch(t.Context(), "nowhere"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	changes, err := m.Watch(ctx, "chat")
	if err != nil {
		t.Fatal(err)
	}
	news, lazy := m.Events(ctx), m.Events(ctx)
	if s := <-changes; s.Epoch != 1 {
		t.Errorf("%+v", s)
	}
	// A reader that does not read loses what lies between, and never the newest.
	models := []string{"b", "a"}
	for n := range 600 {
		if _, err := m.Switch("chat", models[n%2], "eve", ""); err != nil {
			t.Fatal(err)
		}
		for range 3 { // operator, decision, switch
			<-news
		}
	}
	if s := <-changes; s.Epoch != 601 {
		t.Errorf("%+v", s)
	}
	taken := 0
	for range lazy {
		taken++
	}
	if taken != eventBacklog {
		t.Errorf("a reader that is too far behind was given %d events", taken)
	}
	cancel()
	for range changes {
	}
	for range news {
	}
}

// While the disk is full nobody is told and nothing is moved; when it is not, all of it happens, once.
func TestFullDiskHoldsBackEffects(t *testing.T) {
	w := newWorld(t)
	gateway := newPeer(t, echo)
	w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL})
	var full atomic.Bool
	w.options.fault = func(string) error {
		if full.Load() {
			return errors.New("disk full")
		}
		return nil
	}
	m, _ := w.run()
	full.Store(true)
	m.Handle(w.now, []rules.Transition{fires(w.infos[0], "a", w.now)})
	if s, _ := m.Route("chat"); s.Epoch != 1 || s.Serving != "a" {
		t.Errorf("an epoch that is not durable was shown: %+v", s)
	}
	if _, err := m.Switch("chat", "c", "eve", ""); !errors.As(err, new(*journal.StalledError)) || !strings.Contains(err.Error(), "disk full") {
		t.Error(err)
	}
	if n := len(gateway.sent()); n != 0 {
		t.Errorf("%d requests", n)
	}
	full.Store(false)
	serves(t, m, "c", 3)
	if report, err := m.VerifyJournal(t.Context()); err != nil || report.Broken != nil {
		t.Errorf("%+v %v", report, err)
	}
}

func TestReloadKeepsRoutes(t *testing.T) {
	w := newWorld(t)
	m, stop := w.run()
	m.Handle(w.now, []rules.Transition{fires(w.infos[0], "a", w.now)})
	serves(t, m, "b", 2)
	if err := m.SetRules(nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, ok := m.Route("chat"); ok {
		t.Error("the route is still shown")
	}
	if got := m.Alerts(alert.Filter{}); len(got) != 0 {
		t.Errorf("alerts of rules that are gone: %+v", got)
	}
	stop()
	m, _ = w.run()
	if s, _ := m.Route("chat"); s.Serving != "b" || s.Epoch != 2 {
		t.Errorf("%+v", s)
	}
	if got := events(t, m, "rules"); len(got) != 3 {
		t.Errorf("%v", got)
	}
}

func TestStatusHasTheFixedForm(t *testing.T) {
	w := newWorld(t)
	w.routes = chat(func(r *rules.Route) { r.Models, r.ReturnNever = []string{"gpt-4o", "claude-sonnet"}, true })
	m, _ := w.run()
	now := w.advance(678 * time.Millisecond)
	m.Handle(now, []rules.Transition{fires(w.infos[0], "gpt-4o", now)})
	s, _ := m.Route("chat")
	s.Models[1].FitSince = nil
	raw, err := json.Marshal(s)
	want := `{"name":"chat","epoch":2,"serving":"claude-sonnet","wanted":"claude-sonnet","primary":"gpt-4o","state":"applied",` +
		`"since":"2026-01-02T03:04:05.678Z","reason":"rule slow: p95(latency, 1m) = 3.2 \u003e 2",` +
		`"models":[{"model":"gpt-4o","fit":false,"unfit_because":["slow"]},{"model":"claude-sonnet","fit":true}],` +
		`"weights":{"claude-sonnet":1},"mode":"auto"}`
	if err != nil || string(raw) != want {
		t.Errorf("%s %v", raw, err)
	}
}

func TestMetrics(t *testing.T) {
	w := newWorld(t)
	registry := prometheus.NewRegistry()
	w.options.Registerer = registry
	gateway, people := newPeer(t, echo), newPeer(t, nil)
	w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL})
	w.receiver("oncall", people.URL)
	w.options.DefaultReceivers = []string{"oncall"}
	m, _ := w.run()
	m.Handle(w.now, []rules.Transition{fires(w.infos[0], "a", w.now)})
	serves(t, m, "b", 2)
	eventually(t, m, 1, "delivery")
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.Metric {
			name := family.GetName()
			for _, label := range metric.Label {
				name += " " + label.GetValue()
			}
			got[name] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		}
	}
	for name, want := range map[string]float64{
		"heddle_actions_decisions_total switch chat":            1,
		"heddle_actions_switches_total switch chat":             1,
		"heddle_actions_switch_duration_seconds chat":           1,
		"heddle_actions_apply_attempts_total gateway read_back": 1,
		"heddle_actions_deliveries_total delivered oncall":      1,
		"heddle_actions_outbox_messages":                        0,
		"heddle_actions_dead_letters":                           0,
		"heddle_actions_alerts_firing":                          1,
	} {
		if value, ok := got[name]; !ok || value != want {
			t.Errorf("%s is %v, want %v (there are %v)", name, value, want, got)
		}
	}
	if got["heddle_actions_journal_bytes"] == 0 || got["heddle_actions_journal_events"] < 5 {
		t.Errorf("%v", got)
	}
}
