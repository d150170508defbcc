// Package actions does what the rules decide: it keeps alerts and routes, tells people, and moves
// traffic. Everything it does follows from the journal, and is in it before it is done.
package actions

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/neuroweaver/heddle/actions/alert"
	"github.com/neuroweaver/heddle/actions/journal"
	"github.com/neuroweaver/heddle/rules"
)

// The ways in which a request about a route or an alert can be wrong.
var (
	ErrNotFound = errors.New("not found")
	ErrInvalid  = errors.New("not valid")
	ErrConflict = errors.New("not possible now")
)

// Manager is the action layer.
type Manager struct{}

// Open reads the journal and rebuilds routes, alerts, silences, the outbox and the states of rule
// instances from it.
func Open(o Options) (*Manager, error) { return nil, errors.ErrUnsupported }

// Close waits for what was handed to the journal; call it after Run has returned.
func (m *Manager) Close() error { return nil }

// SetRules puts a load of rules in force.
func (m *Manager) SetRules(routes []rules.Route, infos []*rules.RuleInfo) error { return nil }

// Instances are the states of rule instances as the journal has them.
func (m *Manager) Instances() []rules.InstanceState { return nil }

// Handle takes what the rules decided.
func (m *Manager) Handle(now time.Time, transitions []rules.Transition) {}

// Run applies switches and delivers notifications until ctx ends.
func (m *Manager) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Routes lists all routes by name.
func (m *Manager) Routes() []RouteStatus { return nil }

// Route is one of them.
func (m *Manager) Route(name string) (RouteStatus, bool) { return RouteStatus{}, false }

// Watch gives the route's status now and after each change until ctx ends; a slow reader misses
// what lies between, never the newest.
func (m *Manager) Watch(ctx context.Context, name string) (<-chan RouteStatus, error) {
	return nil, nil
}

// Events gives every event from now on until ctx ends. The channel is closed early when the reader
// falls far behind; it then reads the journal from the last event it saw.
func (m *Manager) Events(ctx context.Context) <-chan journal.Event { return nil }

// Serving is the model that a route serves, "" for one that does not exist.
func (m *Manager) Serving(route string) string { return "" }

// What people say of a route: who must not be empty.

func (m *Manager) Switch(route, model, who, why string) (RouteStatus, error) {
	return RouteStatus{}, nil
}
func (m *Manager) Pin(route, model, who, why string) (RouteStatus, error) { return RouteStatus{}, nil }
func (m *Manager) Unpin(route, who, why string) (RouteStatus, error)      { return RouteStatus{}, nil }
func (m *Manager) Exclude(route, model, who, why string) (RouteStatus, error) {
	return RouteStatus{}, nil
}
func (m *Manager) Include(route, model, who, why string) (RouteStatus, error) {
	return RouteStatus{}, nil
}
func (m *Manager) Approve(route, who, why string) (RouteStatus, error) { return RouteStatus{}, nil }
func (m *Manager) Reject(route, who, why string) (RouteStatus, error)  { return RouteStatus{}, nil }

// Ack is the word of a gateway that it holds the epoch.
func (m *Manager) Ack(route string, epoch uint64, who string) (RouteStatus, error) {
	return RouteStatus{}, nil
}

// SetAutomation turns all automatic switches off or on.
func (m *Manager) SetAutomation(on bool, who, why string) error { return nil }
func (m *Manager) Automation() bool                             { return true }

func (m *Manager) Alerts(f alert.Filter) []alert.Status { return nil }
func (m *Manager) AcknowledgeAlert(id, who, why string) (alert.Status, error) {
	return alert.Status{}, nil
}
func (m *Manager) Silences() []alert.Silence                                 { return nil }
func (m *Manager) Silence(s alert.Silence) (alert.Silence, error)            { return s, nil }
func (m *Manager) ExpireSilence(id, who, why string) error                   { return nil }
func (m *Manager) PreviewSilence(ms []alert.Matcher) ([]alert.Status, error) { return nil, nil }
func (m *Manager) Journal(ctx context.Context, f journal.Filter) ([]journal.Event, error) {
	return nil, nil
}
func (m *Manager) VerifyJournal(ctx context.Context) (journal.Report, error) {
	return journal.Report{}, nil
}
func (m *Manager) ExportJournal(ctx context.Context, w io.Writer, f journal.Filter) error { return nil }
