package actions

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/neuroweaver/heddle/actions/alert"
	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/journal"
	"github.com/neuroweaver/heddle/actions/route"
	"github.com/neuroweaver/heddle/rules"
)

// turn is one change of the action layer: what came in, what was decided about it, and what follows,
// as one transaction of the journal.
type turn struct {
	m     *Manager
	now   time.Time
	batch *journal.Batch
	// later is what came in and moves no route: in a storm it waits until routes have been decided.
	later []rules.Transition
	// instances are those that changed, by their keys.
	instances map[string]*route.Instance
	// routes are those whose state or status may have changed.
	routes map[string]bool
	// alerts are those that changed, with what happened to them.
	alerts map[string]*alertChange
}

// turn runs begin under the lock, brings routes and alerts to what follows from it, and hands all of
// it to the journal. begin must change nothing where it returns an error.
func (m *Manager) turn(now time.Time, begin func(*turn) error) (*journal.Ticket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := &turn{m: m, now: now, batch: &journal.Batch{}, instances: map[string]*route.Instance{}, routes: map[string]bool{}, alerts: map[string]*alertChange{}}
	if err := begin(t); err != nil {
		return nil, err
	}
	t.suspend()
	t.decide()
	if len(t.later) > 0 {
		t.dispatch()
		t.suspend()
		t.decide()
	}
	t.raiseConditions()
	t.settleAlerts()
	t.keepRoutes()
	ticket := m.journal.Append(t.batch)
	m.kick()
	return ticket, nil
}

// dispatch has a storm's decisions on routes acted upon before the rest of it is worked through: they
// become a transaction of their own. The alerts in it are kept as not told yet, so a process that ends
// here tells people when it is back.
func (t *turn) dispatch() {
	t.keepRoutes()
	for _, id := range slices.Sorted(maps.Keys(t.alerts)) {
		t.batch.Put(bucketAlert, id, t.alerts[id].alert)
	}
	if err := t.batch.Err(); err != nil {
		t.m.log.Error("a decision of the rules was not journalled", "error", err)
	}
	t.m.journal.Append(t.batch)
	t.batch, t.routes = &journal.Batch{}, map[string]bool{}
	for _, transition := range t.later {
		t.transition(transition)
	}
}

// note journals what became of a notification. That changes neither routes nor alerts, so nothing
// follows from it: in a storm there are thousands of these, and each must cost the same.
func (m *Manager) note(now time.Time, begin func(*turn)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := &turn{m: m, now: now, batch: &journal.Batch{}}
	begin(t)
	m.journal.Append(t.batch)
}

// commit is a turn that ends when it is durable. A *journal.StalledError means that the change is
// made and waits for the disk.
func (m *Manager) commit(now time.Time, begin func(*turn) error) error {
	ticket, err := m.turn(now, begin)
	if err != nil {
		return err
	}
	return ticket.Wait(context.Background())
}

// decide brings every route to what the evidence asks for. A switch without targets is applied at
// once, and may let the next decision follow.
func (t *turn) decide() {
	for {
		confirmed := false
		for _, o := range t.m.table.Decide(t.now) {
			confirmed = t.outcome(o) || confirmed
		}
		if !confirmed {
			break
		}
	}
	for _, name := range t.m.table.Names() {
		if model := t.m.table.Route(name).NextProbe(); model != "" {
			t.batch.After(func() { t.m.probe(name, model) })
		}
	}
}

// outcome journals an outcome and does what it asks for. It reports whether a switch was applied.
func (t *turn) outcome(o route.Outcome) (confirmed bool) {
	t.routes[o.Route] = true
	t.batch.Event(t.now, string(o.Kind), outcomeEvent(o, t.now))
	if !o.NewEpoch() {
		return false
	}
	return t.launch(o)
}

// keepRoutes puts the rows of routes that changed, and has the world see them once they are durable.
func (t *turn) keepRoutes() {
	m := t.m
	var statuses []RouteStatus
	for _, name := range m.table.Names() {
		r, f := m.table.Route(name), m.flights[name]
		row, err := json.Marshal(routeRow{r.State, f})
		if err == nil && !bytes.Equal(row, m.rows[name]) {
			m.rows[name] = row
			t.batch.Put(bucketRoute, name, json.RawMessage(row))
			t.routes[name] = true
		}
		if status := m.describe(r, f); t.routes[name] || !reflect.DeepEqual(status, m.described[name]) {
			m.described[name] = status
			statuses = append(statuses, status)
		}
	}
	if len(statuses) == 0 {
		return
	}
	assignments := make([]connector.Assignment, len(statuses))
	for i, status := range statuses {
		assignments[i] = m.flights[status.Name].assignment(&m.table.Route(status.Name).State)
	}
	t.batch.After(func() {
		m.view.publish(statuses)
		for _, a := range assignments {
			m.fleet.offer(a)
		}
	})
}

// alertChange is what happened to an alert in a turn.
type alertChange struct {
	alert    *alert.Alert
	wasOpen  bool // it was firing before
	notified map[string]string
	told     string
}

// touch notes an alert that a transition changed.
func (t *turn) touch(a *alert.Alert, wasFiring bool) {
	if a != nil && t.alerts[a.ID] == nil {
		t.alerts[a.ID] = &alertChange{alert: a, wasOpen: wasFiring}
	}
}

// settleAlerts tells people what has to be told, and keeps the alerts that changed.
func (t *turn) settleAlerts() {
	m := t.m
	for _, id := range m.book.Expired(t.now) {
		if s, ok := m.book.EndSilence(id); ok {
			t.batch.Event(t.now, "silence_ended", silenceEvent{Silence: s, Reason: "its time is over"})
			t.batch.Delete(bucketSilence, id)
		}
	}
	notifications, changed := m.book.Settle(t.now)
	for _, a := range changed {
		t.touch(a, a.Firing())
	}
	for _, n := range notifications {
		c := t.alerts[n.Alert.ID]
		c.told = n.State
		c.notified = m.outbox.enqueue(t, n)
	}
	for _, id := range slices.Sorted(maps.Keys(t.alerts)) {
		c := t.alerts[id]
		t.batch.Put(bucketAlert, id, c.alert)
		if c.wasOpen != c.alert.Firing() || c.told != "" {
			t.batch.Event(t.now, "alert", alertEvent(m.book.Describe(c.alert, t.now), c))
		}
	}
	for _, id := range m.book.Prune(t.now) {
		t.batch.Delete(bucketAlert, id)
	}
}

// suspend applies the silences that keep rules from moving routes: to all instances where these
// silences are others than before, else to those that changed.
func (t *turn) suspend() {
	m := t.m
	silences := m.book.Suspending(t.now)
	apply := func(i *route.Instance) {
		if now := silences.Suspend(i.Rule, i.Labels); now != i.Suspended {
			i.Suspended = now
			t.batch.Put(bucketInstance, i.Key(), i)
		}
	}
	if m.suspending == nil || !slices.Equal(silences, m.suspending) {
		m.suspending = silences
		for _, i := range m.table.Evidence.All() {
			apply(i)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(t.instances)) {
		apply(t.instances[key])
	}
	clear(t.instances)
}
