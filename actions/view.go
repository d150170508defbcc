package actions

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/neuroweaver/heddle/actions/journal"
)

// view is what others may see: routes and events that are durable.
type view struct {
	mu       sync.Mutex // guards what follows
	routes   map[string]RouteStatus
	watchers map[chan RouteStatus]string // by the route they watch
	readers  map[chan journal.Event]bool
}

// eventBacklog is how far a reader of events may fall behind before it must go to the journal: a
// second of a busy incident.
const eventBacklog = 1024

func newView() *view {
	return &view{routes: map[string]RouteStatus{}, watchers: map[chan RouteStatus]string{}, readers: map[chan journal.Event]bool{}}
}

// publish shows these statuses. It never blocks: a watcher that has not taken the last one gets the
// new one in its place.
func (v *view) publish(statuses []RouteStatus) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, status := range statuses {
		v.routes[status.Name] = status
		for ch, name := range v.watchers {
			if name == status.Name {
				replace(ch, status)
			}
		}
	}
}

// replace puts status into a channel of one place, whatever is there. Only publish and watch send,
// under the lock.
func replace(ch chan RouteStatus, status RouteStatus) {
	select {
	case <-ch:
	default:
	}
	ch <- status
}

// keep forgets all routes but these.
func (v *view) keep(names []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	maps.DeleteFunc(v.routes, func(name string, _ RouteStatus) bool { return !slices.Contains(names, name) })
}

// publishEvents shows durable events. A reader that is too far behind loses its channel.
func (v *view) publishEvents(events []journal.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for ch := range v.readers {
		for _, e := range events {
			select {
			case ch <- e:
				continue
			default:
			}
			delete(v.readers, ch)
			close(ch)
			break
		}
	}
}

// Routes lists all routes by name.
func (m *Manager) Routes() []RouteStatus {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	out := make([]RouteStatus, 0, len(m.view.routes))
	for _, name := range slices.Sorted(maps.Keys(m.view.routes)) {
		out = append(out, m.view.routes[name])
	}
	return out
}

// Route is one of them.
func (m *Manager) Route(name string) (RouteStatus, bool) {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	status, ok := m.view.routes[name]
	return status, ok
}

// Serving is the model that a route serves, "" for a route that does not exist.
func (m *Manager) Serving(route string) string {
	status, _ := m.Route(route)
	return status.Serving
}

// Watch gives the route's status now and after each change until ctx ends, which closes the channel;
// a slow reader misses what lies between, never the newest. ErrNotFound where there is no such route.
func (m *Manager) Watch(ctx context.Context, name string) (<-chan RouteStatus, error) {
	v := m.view
	v.mu.Lock()
	defer v.mu.Unlock()
	status, ok := v.routes[name]
	if !ok {
		return nil, noRoute(name)
	}
	ch := make(chan RouteStatus, 1)
	ch <- status
	v.watchers[ch] = name
	context.AfterFunc(ctx, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.watchers, ch)
		close(ch)
	})
	return ch, nil
}

// Events gives every event from now on until ctx ends, which closes the channel. It is closed early
// when the reader falls far behind; the reader then goes on from the journal.
func (m *Manager) Events(ctx context.Context) <-chan journal.Event {
	v := m.view
	ch := make(chan journal.Event, eventBacklog)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.readers[ch] = true
	context.AfterFunc(ctx, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.readers[ch] {
			delete(v.readers, ch)
			close(ch)
		}
	})
	return ch
}
