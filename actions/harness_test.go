package actions

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/journal"
	"github.com/neuroweaver/heddle/actions/receiver"
	"github.com/neuroweaver/heddle/rules"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// slow and failing move the route chat; oncall hears of slow.
func ruleSet() []*rules.RuleInfo {
	return []*rules.RuleInfo{
		{Name: "slow", Hash: "aa", On: []string{"model"}, Severity: rules.Critical, Switch: []string{"chat"}},
		{Name: "failing", Hash: "bb", On: []string{"model"}, Switch: []string{"chat"}},
	}
}

func chat(change ...func(*rules.Route)) []rules.Route {
	r := rules.Route{Name: "chat", Models: []string{"a", "b", "c"}, ReturnAfter: 10 * time.Minute}
	for _, f := range change {
		f(&r)
	}
	return []rules.Route{r}
}

// says is a rule's word that an instance has gone from one state to another.
func says(info *rules.RuleInfo, model string, from, to rules.State, now time.Time) rules.Transition {
	return rules.Transition{
		Rule: info, Labels: labels.FromStrings("model", model), From: from, To: to, Time: now, Since: now, SampleTime: now,
		Reason: "p95(latency, 1m) = 3.2 > 2", Summary: "p95 is 3.2",
		Terms: []rules.Term{{Text: "p95(latency, 1m)", Value: 3.2, Known: true, Samples: 42, Op: ">", Threshold: 2}},
	}
}

func fires(info *rules.RuleInfo, model string, now time.Time) rules.Transition {
	return says(info, model, rules.Inactive, rules.Firing, now)
}

func ends(info *rules.RuleInfo, model string, now time.Time) rules.Transition {
	return says(info, model, rules.Recovering, rules.Inactive, now)
}

// world is what outlives a manager: its journal, its targets and its clock.
type world struct {
	t       testing.TB
	options Options
	infos   []*rules.RuleInfo
	routes  []rules.Route
	mu      sync.Mutex // guards now
	now     time.Time
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, infos: ruleSet(), routes: chat(), now: start}
	w.options = Options{
		Path: filepath.Join(t.TempDir(), "journal.db"), Seed: 1, Now: w.clock, reserveBytes: -1,
		Connectors: map[string]connector.Connector{}, Receivers: map[string]receiver.Receiver{},
	}
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
	return w.now
}

// open opens a manager with the rules in force; it does not run.
func (w *world) open() *Manager {
	w.t.Helper()
	m, err := Open(w.options)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { m.journal.Close() })
	if err := m.SetRules(w.routes, w.infos); err != nil {
		w.t.Fatal(err)
	}
	return m
}

// run opens a manager that runs until stop is called.
func (w *world) run() (m *Manager, stop func()) {
	w.t.Helper()
	m = w.open()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := m.Run(ctx); err != nil {
			w.t.Error(err)
		}
	}()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			<-done
			if err := m.journal.Close(); err != nil {
				w.t.Error(err)
			}
		})
	}
	w.t.Cleanup(stop)
	return m, stop
}

// patience bounds a wait for something that must come about.
const patience = 10 * time.Second

// until waits for a status of the route that satisfies ok.
func until(t testing.TB, m *Manager, name string, what string, ok func(RouteStatus) bool) RouteStatus {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ch, err := m.Watch(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	var last RouteStatus
	for status := range ch {
		if last = status; ok(status) {
			return status
		}
	}
	t.Fatalf("never %s: %+v", what, last)
	return last
}

// serves waits until the route serves the model from the epoch on.
func serves(t testing.TB, m *Manager, model string, epoch uint64) RouteStatus {
	t.Helper()
	return until(t, m, "chat", fmt.Sprintf("serves %s from epoch %d", model, epoch), func(s RouteStatus) bool {
		return s.Serving == model && s.Epoch == epoch && (s.State == phaseApplied || s.State == phaseReverted)
	})
}

// events gives the journal's events of these kinds.
func events(t testing.TB, m *Manager, kinds ...string) []journal.Event {
	t.Helper()
	out, err := m.Journal(t.Context(), journal.Filter{Kinds: kinds, Limit: journal.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// eventually waits for n events of a kind.
func eventually(t testing.TB, m *Manager, n int, kinds ...string) []journal.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	news := m.Events(ctx)
	for {
		if out := events(t, m, kinds...); len(out) >= n {
			return out
		}
		if _, ok := <-news; !ok {
			t.Fatalf("%d events %v, not %d", len(events(t, m, kinds...)), kinds, n)
		}
	}
}

// post is one request that a peer was sent.
type post struct {
	ID, Type, Subject string
	Data              json.RawMessage
}

func (p post) field(name string) string {
	var fields map[string]any
	if json.Unmarshal(p.Data, &fields) != nil {
		return ""
	}
	return fmt.Sprint(fields[name])
}

// peer is a real HTTP server that records what it is sent, and answers as it is told.
type peer struct {
	*httptest.Server
	mu      sync.Mutex // guards what follows
	posts   []post
	arrived chan struct{} // buffered: one for each post
	answer  func(w http.ResponseWriter, p post)
}

func newPeer(t testing.TB, answer func(http.ResponseWriter, post)) *peer {
	p := &peer{answer: answer, arrived: make(chan struct{}, 10000)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var got post
		json.Unmarshal(body, &got)
		p.mu.Lock()
		p.posts = append(p.posts, got)
		answer := p.answer
		p.mu.Unlock()
		if answer != nil {
			answer(w, got)
		}
		p.arrived <- struct{}{}
	}))
	t.Cleanup(p.Close)
	return p
}

// echo answers with the epoch that was sent.
func echo(w http.ResponseWriter, p post) { fmt.Fprintf(w, `{"epoch":%s}`, p.field("epoch")) }

func (p *peer) sent() []post {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]post(nil), p.posts...)
}

func (p *peer) answers(f func(http.ResponseWriter, post)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

// awaits waits until n requests have been answered.
func (p *peer) awaits(t testing.TB, n int) []post {
	t.Helper()
	timeout := time.After(patience)
	for len(p.sent()) < n {
		select {
		case <-p.arrived:
		case <-timeout:
			t.Fatalf("%d requests came, not %d", len(p.sent()), n)
		}
	}
	return p.sent()
}

func (w *world) connector(name string, c connector.Config) {
	w.t.Helper()
	built, err := BuildConnectors(map[string]connector.Config{name: c})
	if err != nil {
		w.t.Fatal(err)
	}
	w.options.Connectors[name] = built[name]
}

func (w *world) receiver(name, url string) {
	w.t.Helper()
	built, _, err := BuildReceivers([]receiver.Config{{Name: name, SignedWebhooks: []receiver.Webhook{{URL: url}}}}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.options.Receivers[name] = built[name]
}
