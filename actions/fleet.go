package actions

import (
	"maps"
	"slices"
	"sync"

	"github.com/neuroweaver/heddle/actions/connector"
)

// fleet is the targets of all routes. Each has its own goroutine, so that a slow or dead one delays
// no other.
type fleet struct {
	m *Manager
	// mu guards targets, by route and connector.
	mu      sync.Mutex
	targets map[string]map[string]*target
}

func newFleet(m *Manager) *fleet { return &fleet{m: m, targets: map[string]map[string]*target{}} }

// equip gives a route exactly the targets of these connectors.
func (f *fleet) equip(route string, names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	have := f.targets[route]
	for name, t := range have {
		if !slices.Contains(names, name) {
			f.m.crew.remove(t.key())
			delete(have, name)
		}
	}
	if len(names) == 0 {
		delete(f.targets, route)
		return
	}
	if have == nil {
		have = map[string]*target{}
		f.targets[route] = have
	}
	for _, name := range names {
		if have[name] == nil {
			t := newTarget(f.m, route, name, f.m.o.Connectors[name])
			have[name] = t
			f.m.crew.add(t.key(), t.run)
		}
	}
}

// offer hands a durable assignment to the targets of its route.
func (f *fleet) offer(a connector.Assignment) {
	for _, t := range f.of(a.Route) {
		t.offer(a)
	}
}

// of are the targets of a route.
func (f *fleet) of(route string) []*target {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Values(f.targets[route]))
}
