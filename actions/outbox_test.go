package actions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/receiver"
	"github.com/neuroweaver/heddle/rules"
)

// tool is a receiver on the test's clock: answer says what becomes of each attempt.
type tool struct {
	answer func(attempt int, m receiver.Message) error
	mu     sync.Mutex // guards what follows
	log    []string   // "firing a" for each attempt, with the time since start
	ids    []string
}

func (r *tool) Deliver(_ context.Context, m receiver.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, strings.TrimPrefix(m.Type, "heddle.alert.")+" "+post{Data: m.Data}.field("labels"))
	r.ids = append(r.ids, m.ID)
	if r.answer == nil {
		return nil
	}
	return r.answer(len(r.log), m)
}

func (r *tool) attempts() (log, ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.log...), append([]string(nil), r.ids...)
}

// inBubble runs test on a clock that moves only when everything waits.
func inBubble(t *testing.T, r *tool, change func(*world), test func(t *testing.T, w *world, m *Manager)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, infos: ruleSet(), routes: chat()}
		w.options = Options{
			Path: dir + "/journal.db", Seed: 1, Now: time.Now, reserveBytes: -1,
			Connectors: map[string]connector.Connector{}, Receivers: map[string]receiver.Receiver{"oncall": r},
			DefaultReceivers: []string{"oncall"},
		}
		if change != nil {
			change(w)
		}
		m, stop := w.run()
		test(t, w, m)
		stop()
	})
}

func TestDeliveryIsRepeatedWithTheSameID(t *testing.T) {
	r := &tool{answer: func(n int, _ receiver.Message) error {
		if n < 6 {
			return errors.New("not well")
		}
		return nil
	}}
	inBubble(t, r, nil, func(t *testing.T, w *world, m *Manager) {
		begin := time.Now()
		m.Handle(begin, []rules.Transition{fires(w.infos[0], "a", begin)})
		synctest.Wait()
		if log, _ := r.attempts(); len(log) != 1 {
			t.Errorf("the first waits for something: %v", log)
		}
		time.Sleep(time.Minute)
		log, ids := r.attempts()
		if len(log) != 6 || m.outboxDepth() != 0 {
			t.Fatalf("%v, %d wait", log, m.outboxDepth())
		}
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("the id changed: %v", ids)
			}
		}
		got := events(t, m, "delivery")
		if len(got) != 6 || got[5].Text("outcome") != "delivered" || got[4].Text("error") != "not well" {
			t.Errorf("%v", got)
		}
		// Doubled from half a second, with a jitter of a quarter.
		for n := 1; n < 6; n++ {
			pause, want := got[n].Time.Sub(got[n-1].Time), 500*time.Millisecond<<(n-1)
			if pause < want*3/4 || pause > want*5/4 {
				t.Errorf("pause %d is %s, want about %s", n, pause, want)
			}
		}
	})
}

// The messages of one alert keep their order; another alert does not wait for them.
func TestOrderPerAlert(t *testing.T) {
	r := &tool{answer: func(_ int, m receiver.Message) error {
		if strings.Contains(string(m.Data), `"model":"a"`) && m.Type == "heddle.alert.firing" && time.Since(m.Time) < 10*time.Minute {
			return errors.New("not for a, and not now")
		}
		return nil
	}}
	inBubble(t, r, nil, func(t *testing.T, w *world, m *Manager) {
		slow, now := w.infos[0], time.Now()
		m.Handle(now, []rules.Transition{fires(slow, "a", now)})
		m.Handle(now, []rules.Transition{ends(slow, "a", now)})
		m.Handle(now, []rules.Transition{fires(slow, "b", now)})
		synctest.Wait()
		if log, _ := r.attempts(); len(log) != 2 || !strings.Contains(strings.Join(log, ""), "model:b") {
			t.Errorf("%v", log)
		}
		time.Sleep(20 * time.Minute)
		log, _ := r.attempts()
		for _, line := range log[:len(log)-1] {
			if line == "resolved map[model:a]" {
				t.Errorf("the end was told before the start: %v", log)
			}
		}
		if log[len(log)-1] != "resolved map[model:a]" || m.outboxDepth() != 0 {
			t.Errorf("%v", log)
		}
	})
}

func TestDeadLetterIsReplayed(t *testing.T) {
	r := &tool{answer: func(int, receiver.Message) error { return errors.New("not well") }}
	inBubble(t, r, func(w *world) { w.options.DeliveryAge = time.Hour }, func(t *testing.T, w *world, m *Manager) {
		now := time.Now()
		m.Handle(now, []rules.Transition{fires(w.infos[0], "a", now)})
		time.Sleep(time.Hour + maxDeliveryPause*2)
		dead := m.DeadLetters()
		if len(dead) != 1 || dead[0].Error != "not well" || dead[0].Attempts < 10 || m.outboxDepth() != 0 {
			t.Fatalf("%+v", dead)
		}
		attempts, ids := r.attempts()
		time.Sleep(time.Hour)
		if again, _ := r.attempts(); len(again) != len(attempts) {
			t.Error("what is dead is tried on")
		}
		r.mu.Lock()
		r.answer = nil
		r.mu.Unlock()
		if err := m.ReplayDeadLetter("no such", "eve"); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		if err := m.ReplayDeadLetter(dead[0].ID, "eve"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, more := r.attempts(); len(more) != len(ids)+1 || more[len(ids)] != ids[0] || len(m.DeadLetters()) != 0 {
			t.Errorf("%v", more)
		}
	})
}

func TestGoneReceiverIsNotCalledAgain(t *testing.T) {
	r := &tool{answer: func(int, receiver.Message) error {
		return &connector.RefusedError{Gone: true, Err: errors.New("410")}
	}}
	inBubble(t, r, nil, func(t *testing.T, w *world, m *Manager) {
		now := time.Now()
		m.Handle(now, []rules.Transition{fires(w.infos[0], "a", now)})
		synctest.Wait()
		m.Handle(now, []rules.Transition{fires(w.infos[0], "b", now)})
		time.Sleep(time.Hour)
		log, _ := r.attempts()
		if dead := m.DeadLetters(); len(log) != 1 || len(dead) != 2 || dead[0].Error != "410" || dead[1].Attempts != 1 {
			t.Errorf("%v %+v", log, dead)
		}
	})
}

// A full outbox drops nothing silently: what does not fit is a dead letter at once.
func TestFullOutbox(t *testing.T) {
	r := &tool{answer: func(int, receiver.Message) error { return errors.New("not well") }}
	inBubble(t, r, func(w *world) { w.options.OutboxLimit, w.routes = 3, nil }, func(t *testing.T, w *world, m *Manager) {
		now := time.Now()
		for n := range 5 {
			m.Handle(now, []rules.Transition{fires(w.infos[0], fmt.Sprint("m", n), now)})
		}
		if dead := m.DeadLetters(); len(dead) != 2 || m.outboxDepth() != 3 {
			t.Errorf("%d wait, dead %+v", m.outboxDepth(), dead)
		}
		if got := events(t, m, "dead_letter"); len(got) != 2 || got[0].Text("outcome") != "refused" {
			t.Errorf("%v", got)
		}
	})
}

func TestRetryAfterOfAReceiver(t *testing.T) {
	r := &tool{answer: func(n int, _ receiver.Message) error {
		if n == 1 {
			return &connector.RetryError{After: 30 * time.Minute, Err: errors.New("busy")}
		}
		return nil
	}}
	inBubble(t, r, nil, func(t *testing.T, w *world, m *Manager) {
		now := time.Now()
		m.Handle(now, []rules.Transition{fires(w.infos[0], "a", now)})
		time.Sleep(30*time.Minute - time.Second)
		if log, _ := r.attempts(); len(log) != 1 {
			t.Errorf("%v", log)
		}
		time.Sleep(2 * time.Second)
		if log, _ := r.attempts(); len(log) != 2 {
			t.Errorf("%v", log)
		}
	})
}

// What waits when the process ends is delivered by the next, with the same id and in order.
func TestOutboxOutlivesTheProcess(t *testing.T) {
	w := newWorld(t)
	people := newPeer(t, answers(500, ""))
	w.receiver("oncall", people.URL)
	w.options.DefaultReceivers = []string{"oncall"}
	m, stop := w.run()
	slow := w.infos[0]
	m.Handle(w.now, []rules.Transition{fires(slow, "a", w.now)})
	m.Handle(w.now, []rules.Transition{ends(slow, "a", w.now)})
	first := people.awaits(t, 1)[0]
	stop()
	before := len(people.sent())
	people.answers(nil)
	m, _ = w.run()
	posts := people.awaits(t, before+2)[before:]
	if len(posts) != 2 || posts[0].ID != first.ID || posts[0].Type != "heddle.alert.firing" || posts[1].Type != "heddle.alert.resolved" {
		t.Errorf("%v", posts)
	}
	eventually(t, m, 2, "delivery")
}

// A tool that hangs delays neither other receivers nor the switch.
func TestHangingReceiverDelaysNobody(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	hanging := newPeer(t, func(http.ResponseWriter, post) { <-release })
	defer close(release)
	quick, gateway := newPeer(t, nil), newPeer(t, echo)
	w.receiver("hanging", hanging.URL)
	w.receiver("quick", quick.URL)
	w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL})
	w.infos[0].Notify = []string{"hanging", "quick"}
	m, stop := w.run()
	m.Handle(w.now, []rules.Transition{fires(w.infos[0], "a", w.now)})
	quick.awaits(t, 1)
	serves(t, m, "b", 2)
	stop() // and does not keep the process from ending
}

func TestReceiversOfAnAlert(t *testing.T) {
	w := newWorld(t)
	one, two, fallback := newPeer(t, nil), newPeer(t, nil), newPeer(t, nil)
	built, defaults, err := BuildReceivers([]receiver.Config{
		{Name: "oncall", SignedWebhooks: []receiver.Webhook{{URL: one.URL}, {URL: two.URL}}},
		{Name: "all", Default: true, SignedWebhooks: []receiver.Webhook{{URL: fallback.URL}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.options.Receivers, w.options.DefaultReceivers = built, defaults
	w.infos[0].Notify = []string{"oncall"}
	m, _ := w.run()
	m.Handle(w.now, []rules.Transition{fires(w.infos[0], "a", w.now), fires(w.infos[1], "b", w.now)})
	one.awaits(t, 1)
	two.awaits(t, 1)
	if posts := fallback.awaits(t, 1); posts[0].Subject != "failing" {
		t.Errorf("%v", posts)
	}
	if one.sent()[0].ID == two.sent()[0].ID {
		t.Error("two messages with one id")
	}
	if list, err := m.Deliveries(t.Context(), m.Alerts(filterRule("slow"))[0].ID); err != nil || len(list) == 0 {
		t.Errorf("%v %v", list, err)
	}
}
