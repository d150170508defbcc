package actions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/receiver"
	"github.com/neuroweaver/heddle/rules"
)

// errDead is what every step of a dead process comes to: it has no effect.
var errDead = errors.New("the process is dead")

// fate lets the process die before its n-th step. From then on nothing it does has an effect.
type fate struct {
	mu    sync.Mutex // guards what follows
	steps int
	at    int // 0: it lives
	died  chan struct{}
	where string
}

func (f *fate) step(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps++
	if f.at == 0 || f.steps < f.at {
		return nil
	}
	if f.steps == f.at {
		f.where = name
		close(f.died)
	}
	return errDead
}

func (f *fate) isDead() bool {
	select {
	case <-f.died:
		return true
	default:
		return false
	}
}

// mortalConnector is a real connector in a process that may die before or after each call.
type mortalConnector struct {
	connector.Connector
	fate *fate
}

func (c mortalConnector) Apply(ctx context.Context, a connector.Assignment) (connector.Receipt, error) {
	if err := c.fate.step("before apply"); err != nil {
		return connector.Receipt{}, err
	}
	receipt, err := c.Connector.Apply(ctx, a)
	if dead := c.fate.step("after apply"); dead != nil {
		return connector.Receipt{}, dead
	}
	return receipt, err
}

func (c mortalConnector) Read(ctx context.Context, route string) (connector.Reading, error) {
	if err := c.fate.step("read"); err != nil {
		return connector.Reading{}, err
	}
	return c.Connector.Read(ctx, route)
}

type mortalReceiver struct {
	receiver.Receiver
	fate *fate
}

func (r mortalReceiver) Deliver(ctx context.Context, m receiver.Message) error {
	if err := r.fate.step("before delivery"); err != nil {
		return err
	}
	err := r.Receiver.Deliver(ctx, m)
	if dead := r.fate.step("after delivery"); dead != nil {
		return dead
	}
	return err
}

// TestKilledAtEveryStep lets the process die before each step of a degradation and a recovery in
// turn: transactions, requests, file operations. The next process must end where an immortal one
// ends, with nothing done twice and nothing lost.
func TestKilledAtEveryStep(t *testing.T) {
	for n := 1; ; n++ {
		if !liveAndDie(t, n) {
			if n < 40 {
				t.Fatalf("only %d steps were tried", n)
			}
			t.Logf("died at each of %d steps", n-1)
			return
		}
		if t.Failed() {
			t.Fatalf("died at step %d", n)
		}
	}
}

// liveAndDie runs the story with a death at step n, and reports whether it came to that.
func liveAndDie(t *testing.T, n int) (died bool) {
	w := newWorld(t)
	w.infos[0].Notify = []string{"oncall"}
	gateway, mute, people := newPeer(t, echo), newPeer(t, nil), newPeer(t, nil)
	document := filepath.Join(t.TempDir(), "routes.json")
	w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL})
	w.connector("mute", connector.Config{Type: "webhook", URL: mute.URL})
	w.connector("state", connector.Config{Type: "file", Path: document})
	w.receiver("oncall", people.URL)
	f := &fate{at: n, died: make(chan struct{})}
	connectors, receivers := w.options.Connectors, w.options.Receivers
	for life := 1; life <= 2; life++ {
		w.options.Connectors, w.options.Receivers = map[string]connector.Connector{}, map[string]receiver.Receiver{}
		for name, c := range connectors {
			w.options.Connectors[name] = mortalConnector{c, f}
		}
		for name, r := range receivers {
			w.options.Receivers[name] = mortalReceiver{r, f}
		}
		w.options.fault = f.step
		done := tellStory(t, w, f, people)
		if done {
			break
		}
		died = true
		f = &fate{died: make(chan struct{})}
	}
	checkStory(t, w, gateway, mute, people, document)
	return died
}

// tellStory brings the world from whatever state it is in to the end of the story; false where the
// process died on the way.
func tellStory(t *testing.T, w *world, f *fate, people *peer) bool {
	m, err := Open(w.options)
	if err != nil {
		if f.isDead() {
			return false
		}
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer func() {
		cancel()
		m.journal.Close() // with an error, where the process is dead
	}()
	if err := m.SetRules(w.routes, w.infos); err != nil {
		if f.isDead() {
			return false
		}
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { m.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()

	await := func(what string, ok func() bool) bool {
		t.Helper()
		deadline := time.Now().Add(patience)
		for !ok() {
			if f.isDead() {
				return false
			}
			if time.Now().After(deadline) {
				status, _ := m.Route("chat")
				t.Fatalf("never %s: %+v", what, status)
			}
			time.Sleep(200 * time.Microsecond)
		}
		return true
	}
	// The rule engine of this process: it says how each instance is, from where the journal left it.
	slow := w.infos[0]
	word := func(to rules.State) {
		now := w.advance(time.Second)
		from := rules.Inactive
		for _, i := range m.Instances() {
			if i.Rule == slow.Name {
				from = i.State
			}
		}
		m.Handle(now, []rules.Transition{says(slow, "a", from, to, now)})
	}
	delivered := func(kind string) func() bool {
		return func() bool {
			for _, p := range people.sent() {
				if p.Type == kind {
					return m.outboxDepth() == 0
				}
			}
			return false
		}
	}
	serving := func(model string, epoch uint64) func() bool {
		return func() bool {
			s, _ := m.Route("chat")
			return s.Serving == model && s.Epoch == epoch && s.State == phaseApplied
		}
	}
	status, _ := m.Route("chat")
	if status.Epoch < 3 {
		if status.Epoch < 2 || len(m.Instances()) == 0 || m.Instances()[0].State == rules.Firing {
			word(rules.Firing)
		}
		if status, _ := m.Route("chat"); status.Epoch < 2 && !f.isDead() {
			t.Fatalf("the rule's word was lost: %+v", status)
		}
		if !await("left", func() bool { s, _ := m.Route("chat"); return s.Epoch >= 2 && s.State == phaseApplied }) || !await("told", delivered("heddle.alert.firing")) {
			return false
		}
		word(rules.Inactive)
		m.tick(w.advance(11 * time.Minute))
	}
	return await("returned", serving("a", 3)) && await("told of the end", delivered("heddle.alert.resolved")) &&
		await("all is journalled", func() bool { n, _ := m.journal.Waiting(); return n == 0 })
}

// checkStory holds what the world saw, and what the journal says, against what must have happened.
func checkStory(t *testing.T, w *world, gateway, mute, people *peer, document string) {
	t.Helper()
	w.options.fault = nil
	m := w.open()
	defer m.journal.Close()
	if s, _ := m.Route("chat"); s.Serving != "a" || s.Epoch != 3 || s.State != phaseApplied {
		t.Errorf("%+v", s)
	}
	if n := m.outboxDepth(); n != 0 {
		t.Errorf("%d messages would be delivered again", n)
	}
	for _, p := range []*peer{gateway, mute} {
		ids, newest := map[string]string{}, ""
		for _, post := range p.sent() {
			epoch := post.field("epoch")
			if ids[epoch] != "" && ids[epoch] != post.ID {
				t.Errorf("epoch %s was sent with two ids", epoch)
			}
			if epoch < newest {
				t.Errorf("epoch %s was sent after %s", epoch, newest)
			}
			ids[epoch], newest = post.ID, epoch
		}
		if ids["3"] == "" || len(ids) > 2 || ids["2"] == "" && len(ids) > 1 {
			t.Errorf("a gateway was sent the epochs %v", ids)
		}
	}
	raw, err := os.ReadFile(document)
	if want := `{"routes":{"chat":{"epoch":3,"serving":"a","weights":{"a":1}}}}`; err != nil || strings.TrimSpace(string(raw)) != want {
		t.Errorf("%s %v", raw, err)
	}
	told := map[string]map[string]bool{}
	order := ""
	for _, p := range people.sent() {
		if told[p.Type] == nil {
			told[p.Type] = map[string]bool{}
			order += p.Type + " "
		}
		told[p.Type][p.ID] = true
	}
	if len(told["heddle.alert.firing"]) != 1 || len(told["heddle.alert.resolved"]) != 1 || order != "heddle.alert.firing heddle.alert.resolved " {
		t.Errorf("people were told %v", told)
	}
	var switches []string
	for _, e := range events(t, m, "switch", "decision") {
		var fields struct {
			To     string
			Epoch  uint64
			Action string
		}
		json.Unmarshal(e.Payload, &fields)
		switches = append(switches, fmt.Sprintf("%s %s %s@%d", e.Kind, fields.Action, fields.To, fields.Epoch))
	}
	if got := strings.Join(switches, ", "); got != "decision switch b@2, switch switch b@2, decision rollback a@3, switch rollback a@3" {
		t.Errorf("the journal says %s", got)
	}
	if report, err := m.VerifyJournal(t.Context()); err != nil || report.Broken != nil {
		t.Errorf("%+v %v", report, err)
	}
}
