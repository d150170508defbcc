package actions

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/neuroweaver/heddle/actions/alert"
	"github.com/neuroweaver/heddle/actions/receiver"
)

// message is one notification on its way to one receiver. It is kept until it is delivered.
type message struct {
	// Order is the order in which messages were decided.
	Order    uint64          `json:"order"`
	ID       string          `json:"id"`
	Receiver string          `json:"receiver"`
	Alert    string          `json:"alert"`
	Rule     string          `json:"rule"`
	Type     string          `json:"type"`
	Time     time.Time       `json:"time"`
	Data     json.RawMessage `json:"data"`
	Attempts int             `json:"attempts,omitempty"`
	Error    string          `json:"error,omitempty"`
}

func (q *message) key() string { return fmt.Sprintf("%020d", q.Order) }

func (q *message) outgoing() receiver.Message {
	return receiver.Message{ID: q.ID, Type: q.Type, Subject: q.Rule, Time: q.Time, Data: q.Data}
}

// outbox is what has been decided to tell people and is not delivered. It is guarded by the
// manager's lock.
type outbox struct {
	m     *Manager
	order uint64
	lanes map[string]*lane
	// waiting counts undelivered messages by receiver.
	waiting map[string]int
	dead    map[uint64]*message
	// oldestDead is at most the order of the oldest dead letter.
	oldestDead uint64
}

func newOutbox(m *Manager) *outbox {
	o := &outbox{m: m, lanes: map[string]*lane{}, waiting: map[string]int{}, dead: map[uint64]*message{}}
	for _, name := range slices.Sorted(maps.Keys(m.o.Receivers)) {
		l := newLane(m, name, m.o.Receivers[name])
		o.lanes[name] = l
		m.crew.add("receiver\x00"+name, l.run)
	}
	return o
}

// maxDead bounds the dead letters that are kept for replay; at about 2 KiB each, 20 MiB. The oldest
// make room, which the journal notes.
const maxDead = 10_000

// enqueue has the receivers of an alert told. It returns the message for each receiver.
func (o *outbox) enqueue(t *turn, n alert.Notification) map[string]string {
	sent := map[string]string{}
	for _, name := range o.receiversOf(n.Alert) {
		o.order++
		q := &message{
			Order: o.order, ID: messageID(o.order, name, n.Alert.ID, t.now), Receiver: name, Alert: n.Alert.ID,
			Rule: n.Alert.Rule, Type: "heddle.alert." + n.State, Time: t.now, Data: n.Data,
		}
		sent[name] = q.ID
		if o.waiting[name] >= o.m.o.OutboxLimit {
			o.bury(t, q, deliveryEvent{Outcome: "refused", Error: fmt.Sprintf("%d messages wait for this receiver already", o.waiting[name])})
			continue
		}
		o.waiting[name]++
		t.batch.Put(bucketOutbox, q.key(), q)
		l := o.lanes[name]
		t.batch.After(func() { l.add(q) })
	}
	if len(sent) == 0 {
		a := n.Alert
		t.batch.After(func() {
			o.m.log.Warn("alert "+n.State, "rule", a.Rule, "severity", alert.SeverityName(a.Severity), "labels", a.Labels, "summary", a.Summary)
		})
	}
	return sent
}

// receiversOf are those who are told of an alert: whom its rule names, else the default ones. A name
// stands for all of its addresses.
func (o *outbox) receiversOf(a *alert.Alert) []string {
	names := a.Notify
	if len(names) == 0 {
		names = o.m.o.DefaultReceivers
	}
	var out []string
	for _, name := range names {
		for n := 0; o.lanes[laneName(name, n)] != nil; n++ {
			out = append(out, laneName(name, n))
		}
	}
	return out
}

// messageID is unique over restarts and lives of the journal, and says nothing about the alert.
func messageID(order uint64, receiver, alertID string, at time.Time) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "message\x00%d\x00%s\x00%s\x00%d", order, receiver, alertID, at.UnixNano()))
	return "hdl_" + hex.EncodeToString(sum[:12])
}

// restore takes back a message that was not delivered.
func (o *outbox) restore(q *message) error {
	o.order = max(o.order, q.Order)
	l := o.lanes[q.Receiver]
	if l == nil {
		// Its receiver is no longer configured: it waits among the dead for a decision.
		o.keepDead(q)
		o.m.log.Warn("a message waits for a receiver that is no longer configured; it is kept as a dead letter", "receiver", q.Receiver, "message", q.ID)
		return nil
	}
	o.waiting[q.Receiver]++
	l.add(q)
	return nil
}

// restoreDead takes back a dead letter.
func (o *outbox) restoreDead(q *message) error {
	o.order = max(o.order, q.Order)
	o.keepDead(q)
	return nil
}

func (o *outbox) keepDead(q *message) {
	if len(o.dead) == 0 || q.Order < o.oldestDead {
		o.oldestDead = q.Order
	}
	o.dead[q.Order] = q
}

// bury keeps a message that is not delivered, for a person to replay.
func (o *outbox) bury(t *turn, q *message, event deliveryEvent) {
	o.keepDead(q)
	t.batch.Delete(bucketOutbox, q.key())
	t.batch.Put(bucketDead, q.key(), q)
	o.journal(t, q, "dead_letter", event)
	for len(o.dead) > maxDead {
		for o.dead[o.oldestDead] == nil {
			o.oldestDead++
		}
		oldest := o.dead[o.oldestDead]
		delete(o.dead, oldest.Order)
		t.batch.Delete(bucketDead, oldest.key())
		o.journal(t, oldest, "dead_letter", deliveryEvent{Outcome: "forgotten", Error: fmt.Sprintf("more than %d dead letters", maxDead)})
	}
}

func (o *outbox) journal(t *turn, q *message, kind string, event deliveryEvent) {
	event.Message, event.Receiver, event.Alert, event.Rule, event.Type = q.ID, q.Receiver, q.Alert, q.Rule, q.Type
	event.Attempt = q.Attempts
	t.batch.Event(t.now, kind, event)
	o.m.metrics.deliveries.WithLabelValues(q.Receiver, event.Outcome).Inc()
}

// DeadLetter is a notification that was given up.
type DeadLetter struct {
	ID       string    `json:"id"`
	Receiver string    `json:"receiver"`
	Alert    string    `json:"alert"`
	Rule     string    `json:"rule"`
	Type     string    `json:"type"`
	Time     time.Time `json:"time"`
	Attempts int       `json:"attempts"`
	Error    string    `json:"error"`
}

// DeadLetters lists the notifications that were given up, oldest first.
func (m *Manager) DeadLetters() []DeadLetter {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []DeadLetter{}
	for _, q := range slices.SortedFunc(maps.Values(m.outbox.dead), func(a, b *message) int { return cmp.Compare(a.Order, b.Order) }) {
		out = append(out, DeadLetter{q.ID, q.Receiver, q.Alert, q.Rule, q.Type, q.Time, q.Attempts, q.Error})
	}
	return out
}

// ReplayDeadLetter puts a notification that was given up back into the outbox, with its ID.
func (m *Manager) ReplayDeadLetter(id, who string) error {
	if who == "" {
		return fmt.Errorf("%w: say who replays it", ErrInvalid)
	}
	return m.commit(m.o.Now(), func(t *turn) error {
		for order, q := range m.outbox.dead {
			if q.ID != id {
				continue
			}
			l := m.outbox.lanes[q.Receiver]
			if l == nil {
				return fmt.Errorf("%w: receiver %s is not configured", ErrConflict, q.Receiver)
			}
			again := *q
			again.Attempts, again.Error, again.Time = 0, "", t.now
			delete(m.outbox.dead, order)
			m.outbox.waiting[q.Receiver]++
			t.batch.Delete(bucketDead, again.key())
			t.batch.Put(bucketOutbox, again.key(), &again)
			m.outbox.journal(t, &again, "delivery", deliveryEvent{Outcome: "replayed by " + who})
			t.batch.After(func() { l.add(&again) })
			return nil
		}
		return fmt.Errorf("%w: no dead letter has the ID %q", ErrNotFound, id)
	})
}
