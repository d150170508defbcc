package actions

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/rules"
)

func answers(status int, body string) func(http.ResponseWriter, post) {
	return func(w http.ResponseWriter, _ post) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// alerting waits until an alert of the rule fires, or no longer does.
func alerting(t testing.TB, m *Manager, rule string, want bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		firing := false
		for _, e := range events(t, m, "alert") {
			if e.Text("rule") == rule {
				firing = e.Text("state") == "firing"
			}
		}
		if firing == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: firing %v", rule, firing)
		}
		time.Sleep(time.Millisecond)
	}
}

// A gateway that hangs and one that is down do not delay the others, nor other routes.
func TestSlowAndDeadTargetsDelayNobody(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	hanging := newPeer(t, func(http.ResponseWriter, post) { <-release })
	var once sync.Once
	free := func() { once.Do(func() { close(release) }) }
	defer free()
	healthy := newPeer(t, echo)
	dead := newPeer(t, nil)
	dead.Close()
	w.connector("hanging", connector.Config{Type: "webhook", URL: hanging.URL, Timeout: time.Minute})
	w.connector("dead", connector.Config{Type: "webhook", URL: dead.URL})
	w.connector("healthy", connector.Config{Type: "webhook", URL: healthy.URL})
	w.routes = append(chat(), rules.Route{Name: "code", Models: []string{"a", "x"}, Apply: []string{"healthy"}})
	w.infos[0].Switch = []string{"chat", "code"}
	m, _ := w.run()
	m.Handle(w.now, []rules.Transition{fires(w.infos[0], "a", w.now)})
	healthy.awaits(t, 2)
	until(t, m, "code", "applied", func(s RouteStatus) bool { return s.Serving == "x" && s.State == phaseApplied })
	s := until(t, m, "chat", "retrying", func(s RouteStatus) bool { return len(s.Targets) == 3 && s.Targets[0].State == "retrying" })
	if s.Serving != "a" || s.Wanted != "b" || s.State != phaseApplying || s.Targets[1].State != "applying" {
		t.Errorf("%+v", s)
	}
	s = until(t, m, "chat", "current at the healthy one", func(s RouteStatus) bool { return s.Targets[2].State == "current" })
	if !s.Targets[2].Confirmed || !strings.Contains(s.Targets[0].Error, "refused") {
		t.Errorf("%+v", s.Targets)
	}
	alerting(t, m, AlertConnectorFailing, true)
	free()
}

// A gateway that is back gets the newest epoch, and only that.
func TestGatewayThatComesBack(t *testing.T) {
	w := newWorld(t)
	gateway := newPeer(t, answers(503, "down"))
	w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL})
	m, _ := w.run()
	slow := w.infos[0]
	m.Handle(w.now, []rules.Transition{fires(slow, "a", w.now)})
	gateway.awaits(t, 2)
	m.Handle(w.now, []rules.Transition{fires(slow, "b", w.now)})
	until(t, m, "chat", "wants c", func(s RouteStatus) bool { return s.Wanted == "c" && s.Serving == "a" })
	gateway.answers(echo)
	serves(t, m, "c", 3)
	posts := gateway.sent()
	if last := posts[len(posts)-1]; last.field("to") != "c" || last.field("from") != "b" {
		t.Errorf("%s", last.Data)
	}
	if got := events(t, m, "superseded"); len(got) != 1 || got[0].Text("to") != "b" {
		t.Errorf("%s", got)
	}
	if got := events(t, m, "switch"); len(got) != 1 || got[0].Text("to") != "c" {
		t.Errorf("%s", got)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	w := newWorld(t)
	gateway := newPeer(t, func(w http.ResponseWriter, _ post) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL})
	m, _ := w.run()
	slow := w.infos[0]
	m.Handle(w.now, []rules.Transition{fires(slow, "a", w.now)})
	until(t, m, "chat", "retrying", func(s RouteStatus) bool { return s.Targets[0].Attempts == 1 })
	// A new epoch does not wait for the pause of the old one.
	gateway.answers(echo)
	m.Handle(w.now, []rules.Transition{fires(slow, "b", w.now)})
	serves(t, m, "c", 3)
	if n := len(gateway.sent()); n != 2 {
		t.Errorf("%d requests", n)
	}
}

// A gateway that says no for good: the switch is undone everywhere, and the next best is tried.
func TestRefusalIsCompensated(t *testing.T) {
	f := func(refuse func(http.ResponseWriter, post)) {
		t.Helper()
		w := newWorld(t)
		path := filepath.Join(t.TempDir(), "routes.json")
		gateway := newPeer(t, func(w http.ResponseWriter, p post) {
			if p.field("to") == "b" {
				refuse(w, p)
				return
			}
			echo(w, p)
		})
		w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL})
		w.connector("state", connector.Config{Type: "file", Path: path})
		m, _ := w.run()
		m.Handle(w.now, []rules.Transition{fires(w.infos[0], "a", w.now)})
		serves(t, m, "c", 4)
		raw, _ := os.ReadFile(path)
		if !strings.Contains(string(raw), `"epoch":4,"serving":"c"`) {
			t.Errorf("%s", raw)
		}
		if got := events(t, m, "compensation"); len(got) != 1 || got[0].Text("to") != "a" {
			t.Errorf("%s", got)
		}
	}
	f(answers(422, "no such model"))
	f(answers(400, ""))
	f(func(w http.ResponseWriter, _ post) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	f(answers(200, `{"epoch":1}`)) // it takes every epoch, and never holds it
}

// Without another model the route goes back to where it was, and people are told.
func TestRefusalWithoutAlternative(t *testing.T) {
	w := newWorld(t)
	w.routes = chat(func(r *rules.Route) { r.Models = []string{"a", "b"} })
	gateway := newPeer(t, func(w http.ResponseWriter, p post) {
		if p.field("to") == "b" {
			answers(422, "no such model")(w, p)
			return
		}
		echo(w, p)
	})
	w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL})
	m, _ := w.run()
	m.Handle(w.now, []rules.Transition{fires(w.infos[0], "a", w.now)})
	s := until(t, m, "chat", "reverted", func(s RouteStatus) bool { return s.State == phaseReverted })
	if s.Serving != "a" || s.Epoch != 3 || !strings.Contains(s.Reason, "no such model") || s.Models[1].Fit {
		t.Errorf("%+v", s)
	}
	alerting(t, m, AlertSwitchFailed, true)
	alerting(t, m, AlertNoBackupModel, true)
	if got := events(t, m, "switch"); len(got) != 0 {
		t.Errorf("%s", got)
	}
	// When the bar is over it is tried again, and now it works.
	gateway.answers(echo)
	m.tick(w.advance(time.Minute))
	serves(t, m, "b", 4)
	alerting(t, m, AlertSwitchFailed, false)
	alerting(t, m, AlertNoBackupModel, false)
}

// 410: never call again. The other targets go on without it.
func TestGoneTargetIsLeftOut(t *testing.T) {
	w := newWorld(t)
	gone, healthy := newPeer(t, answers(410, "")), newPeer(t, echo)
	w.connector("gone", connector.Config{Type: "webhook", URL: gone.URL})
	w.connector("healthy", connector.Config{Type: "webhook", URL: healthy.URL})
	m, _ := w.run()
	slow := w.infos[0]
	m.Handle(w.now, []rules.Transition{fires(slow, "a", w.now)})
	s := serves(t, m, "b", 2)
	if s.Targets[0].State != "disabled" {
		t.Errorf("%+v", s.Targets)
	}
	alerting(t, m, AlertConnectorDisabled, true)
	m.Handle(w.now, []rules.Transition{fires(slow, "b", w.now)})
	serves(t, m, "c", 3)
	if n := len(gone.sent()); n != 1 {
		t.Errorf("it was called %d times", n)
	}
	if e := events(t, m, "switch")[1]; !strings.Contains(string(e.Payload), `"targets":{"gone":"disabled","healthy":"read_back"}`) {
		t.Errorf("%s", e.Payload)
	}
}

// How sure a switch is depends on the target, and the journal says which it was.
func TestGuaranteeIsLabelled(t *testing.T) {
	w := newWorld(t)
	mute := newPeer(t, nil)
	w.connector("mute", connector.Config{Type: "webhook", URL: mute.URL})
	m, _ := w.run()
	m.Handle(w.now, []rules.Transition{fires(w.infos[0], "a", w.now)})
	if s := serves(t, m, "b", 2); s.Targets[0].Confirmed {
		t.Errorf("%+v", s.Targets)
	}
	if e := events(t, m, "switch")[0]; !strings.Contains(string(e.Payload), `"targets":{"mute":"taken"}`) {
		t.Errorf("%s", e.Payload)
	}
}

// A target that holds a higher epoch, from an older life of the journal or another hand, is gone
// above; a route that has not moved takes it over.
func TestTargetsWithHigherEpochs(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "routes.json")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"routes":{"chat":{"epoch":41,"serving":"b","weights":{"b":1}},"other":{"epoch":3,"serving":"x","weights":{"x":1}}}}`)
	w.connector("state", connector.Config{Type: "file", Path: path})
	m, _ := w.run()
	s := serves(t, m, "b", 41)
	if s.Wanted != "b" {
		t.Errorf("%+v", s)
	}
	write(`{"routes":{"chat":{"epoch":50,"serving":"zzz","weights":{"zzz":1}}}}`)
	m.Handle(w.now, []rules.Transition{fires(w.infos[0], "b", w.now)})
	serves(t, m, "a", 51)
	raw, _ := os.ReadFile(path)
	if !strings.Contains(string(raw), `"chat":{"epoch":51,"serving":"a"`) {
		t.Errorf("%s", raw)
	}
	if got := events(t, m, "switch"); len(got) != 1 || got[0].Text("to") != "a" {
		t.Errorf("%s", got)
	}
}

// What a target has lost while nobody looked is written again, under the same epoch.
func TestDriftIsRepairedOnStart(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "routes.json")
	w.connector("state", connector.Config{Type: "file", Path: path})
	m, stop := w.run()
	m.Handle(w.now, []rules.Transition{fires(w.infos[0], "a", w.now)})
	serves(t, m, "b", 2)
	stop()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	m, _ = w.run()
	eventually(t, m, 1, "target_drifted")
	deadline := time.Now().Add(patience)
	for {
		raw, _ := os.ReadFile(path)
		if strings.Contains(string(raw), `"chat":{"epoch":2,"serving":"b"`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s", raw)
		}
		time.Sleep(time.Millisecond)
	}
	if s, _ := m.Route("chat"); s.Epoch != 2 || s.Serving != "b" {
		t.Errorf("%+v", s)
	}
}

// Gateways that come for the route: it is theirs at once, and applied once they acknowledge.
func TestPull(t *testing.T) {
	w := newWorld(t)
	w.connector("gateways", connector.Config{Type: "pull", Acks: 2})
	m, stop := w.run()
	m.Handle(w.now, []rules.Transition{fires(w.infos[0], "a", w.now)})
	s := until(t, m, "chat", "offered", func(s RouteStatus) bool { return s.Serving == "b" })
	if s.State != phaseVerifying || s.Epoch != 2 || s.Targets[0].State != "waiting" {
		t.Errorf("%+v", s)
	}
	ack := func(epoch uint64, who string, ok bool) {
		t.Helper()
		if _, err := m.Ack("chat", epoch, who); (err == nil) != ok {
			t.Error(err)
		}
	}
	ack(3, "gw1", false)
	ack(0, "gw1", false)
	ack(2, "", false)
	ack(2, "gw1", true)
	ack(2, "gw1", true)
	if got := events(t, m, "switch"); len(got) != 0 {
		t.Errorf("one gateway is not two: %s", got)
	}
	ack(2, "gw2", true)
	serves(t, m, "b", 2)
	if got := events(t, m, "ack"); len(got) != 2 {
		t.Errorf("%s", got)
	}
	stop()
	m, _ = w.run() // nobody has to acknowledge again
	serves(t, m, "b", 2)
	if got := events(t, m, "switch"); len(got) != 1 {
		t.Errorf("%s", got)
	}
}

// A return is tried on the model first, by the gateway.
func TestProbesBeforeReturn(t *testing.T) {
	w := newWorld(t)
	w.routes = chat(func(r *rules.Route) { r.ProbePass, r.ProbeTries = 2, 2 })
	gateway, prober := newPeer(t, echo), newPeer(t, nil)
	w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL, ProbeURL: prober.URL})
	m, _ := w.run()
	slow := w.infos[0]
	m.Handle(w.now, []rules.Transition{fires(slow, "a", w.now)})
	serves(t, m, "b", 2)
	m.Handle(w.now, []rules.Transition{ends(slow, "a", w.now)})
	m.tick(w.advance(10 * time.Minute))
	serves(t, m, "a", 3)
	posts := prober.sent()
	if len(posts) != 2 || posts[0].Type != "heddle.route.probe" || posts[0].field("model") != "a" {
		t.Errorf("%s", posts)
	}
	if got := events(t, m, "probe"); len(got) != 2 {
		t.Errorf("%s", got)
	}
}
