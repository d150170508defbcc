package actions

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/actions/alert"
	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/rules"
)

// hotRule has an instance for each of many machines, and moves no route.
func hotRule() *rules.RuleInfo {
	return &rules.RuleInfo{Name: "hot", Hash: "cc", On: []string{"host", "model"}, Severity: rules.Warning}
}

// machines is what a rule says of n machines that serve a.
func machines(info *rules.RuleInfo, n int, from, to rules.State, now time.Time) []rules.Transition {
	ts := make([]rules.Transition, n)
	for i := range ts {
		ts[i] = says(info, "a", from, to, now)
		ts[i].Labels = labels.FromStrings("host", fmt.Sprintf("machine-%05d.example", i), "model", "a")
	}
	return ts
}

// In a storm the one word that moves a route comes last; the route moves while nothing else of the
// storm can be written yet, and a process that dies there loses nothing: the next one tells of what is
// in the journal, and takes the rest when the rules say it again.
func TestStormMovesRoutesFirst(t *testing.T) {
	const n = 2000 // more events than one transaction takes together with others
	w := newWorld(t)
	hot, slow := hotRule(), w.infos[0]
	w.infos = append(w.infos, hot)
	gateway, people := newPeer(t, echo), newPeer(t, nil)
	w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL})
	w.receiver("oncall", people.URL)
	w.options.DefaultReceivers = []string{"oncall"}
	var storming atomic.Bool
	var transactions atomic.Int64
	w.options.fault = func(step string) error {
		if storming.Load() && step == "begin" && transactions.Add(1) > 1 {
			return errDead
		}
		return nil
	}
	m := w.open()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.Run(ctx)
	}()
	storming.Store(true)
	now := w.advance(time.Second)
	storm := append(machines(hot, n, rules.Inactive, rules.Firing, now), fires(slow, "a", now))
	m.Handle(now, storm)
	if posts := gateway.awaits(t, 1); posts[0].field("to") != "b" {
		t.Errorf("%s", posts)
	}
	cancel()
	<-done
	m.journal.Close() // says that it could not write all
	if posts := people.sent(); len(posts) != 0 {
		t.Errorf("people were told what is not in the journal: %s", posts)
	}

	w.options.fault = nil
	m, _ = w.run()
	if posts := people.awaits(t, 1); posts[0].field("rule") != "slow" {
		t.Errorf("%s", posts)
	}
	serves(t, m, "b", 2)
	if states := m.Instances(); len(states) != 1 || states[0].Rule != "slow" {
		t.Errorf("%d instances are known", len(states))
	}
	m.Handle(now, storm[:n])
	told := map[string]int{}
	for _, p := range people.awaits(t, n+1) {
		told[p.field("id")]++
	}
	if len(told) != n+1 {
		t.Errorf("people heard of %d alerts, not %d", len(told), n+1)
	}
	if report, err := m.VerifyJournal(t.Context()); err != nil || report.Broken != nil {
		t.Errorf("%+v %v", report, err)
	}
}

// The order of the journal tells what was done first, and a storm that is written at once is complete.
func TestStormInTheJournal(t *testing.T) {
	const n = 300
	w := newWorld(t)
	hot := hotRule()
	w.infos = append(w.infos, hot)
	m, _ := w.run()
	now := w.advance(time.Second)
	m.Handle(now, append(machines(hot, n, rules.Inactive, rules.Firing, now), fires(w.infos[0], "a", now)))
	serves(t, m, "b", 2)
	var kinds []string
	for _, e := range events(t, m, "transition", "decision", "switch", "alert") {
		if kind := e.Kind + " " + e.Text("rule"); !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds[min(len(kinds), 4):]) // alerts are in the order of their IDs
	if want := []string{"transition slow", "decision ", "switch ", "transition hot", "alert hot", "alert slow"}; !slices.Equal(kinds, want) {
		t.Errorf("%q, not %q", kinds, want)
	}
	if got := len(events(t, m, "transition")); got != n+1 {
		t.Errorf("%d transitions", got)
	}
	if got := len(events(t, m, "alert")); got != n+1 {
		t.Errorf("%d alerts", got)
	}
}

// Any number of instances may speak against one model; the decision says how many it does not list.
func TestStormOfCauses(t *testing.T) {
	const n = 5000
	w := newWorld(t)
	m, stop := w.run()
	now := w.advance(time.Second)
	m.Handle(now, machines(w.infos[0], n, rules.Inactive, rules.Firing, now))
	serves(t, m, "b", 2)
	var decision struct {
		Causes     []struct{ Rule string }
		MoreCauses int `json:"more_causes"`
	}
	if err := json.Unmarshal(events(t, m, "decision")[0].Payload, &decision); err != nil {
		t.Fatal(err)
	}
	if len(decision.Causes) == 0 || len(decision.Causes)+decision.MoreCauses != n {
		t.Errorf("%d causes and %d more", len(decision.Causes), decision.MoreCauses)
	}
	stop()
	m = w.open()
	if s, _ := m.Route("chat"); s.Serving != "b" || s.Epoch != 2 {
		t.Errorf("%+v", s)
	}
}

// A silence that suspends actions is obeyed by instances that were there, that come, and that end
// while it lasts.
func TestSuspensionFollowsItsSilence(t *testing.T) {
	w := newWorld(t)
	m, _ := w.run()
	slow := w.infos[0]
	matchers := []alert.Matcher{{Name: "alertname", Value: "slow", IsEqual: true}}
	if _, err := m.Silence(alert.Silence{Matchers: matchers, EndsAt: w.now.Add(time.Hour), By: "eve", Why: "under repair", SuspendActions: true}); err != nil {
		t.Fatal(err)
	}
	now := w.advance(time.Second)
	m.Handle(now, []rules.Transition{fires(slow, "a", now)})
	if s, _ := m.Route("chat"); s.Serving != "a" || s.Held == "" {
		t.Errorf("%+v", s)
	}
	gone := ends(slow, "b", now)
	gone.Removed, gone.Rule = true, &rules.RuleInfo{Name: "slow"}
	m.Handle(now, []rules.Transition{fires(slow, "b", now), gone})
	if states := m.Instances(); len(states) != 1 {
		t.Errorf("%+v", states)
	}
	m.tick(w.advance(time.Hour))
	serves(t, m, "b", 2)
}
