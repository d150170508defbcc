// Package actions does what the rules decide: it keeps alerts and routes, tells people, and moves
// traffic. Everything it does follows from the journal, and is in it before it is done.
package actions

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/neuroweaver/heddle/actions/alert"
	"github.com/neuroweaver/heddle/actions/journal"
	"github.com/neuroweaver/heddle/actions/route"
	"github.com/neuroweaver/heddle/rules"
)

// The ways in which a request about a route or an alert can be wrong.
var (
	ErrNotFound = errors.New("not found")
	ErrInvalid  = errors.New("not valid")
	ErrConflict = errors.New("not possible now")
)

// Manager is the action layer. What it decides is journalled before anyone sees it: Routes and Watch,
// targets and receivers know only what is durable.
type Manager struct {
	o       Options
	log     *slog.Logger
	journal *journal.Journal
	metrics *metrics
	view    *view
	crew    *crew
	fleet   *fleet
	// kicked is buffered by one: the next tick may have moved.
	kicked chan struct{}

	// mu guards what follows: what has been decided, durable or not. It is taken before the locks of
	// view, crew, fleet, lanes and journal, and never held while waiting for a disk, a peer or a channel.
	mu      sync.Mutex
	table   *route.Table
	book    *alert.Book
	flights map[string]*flight
	// rows and described are the routes as they were last kept and shown.
	rows      map[string][]byte
	described map[string]RouteStatus
	raised    map[string]condition
	// suspending are the silences that were last applied to the evidence; nil: none have been yet.
	suspending alert.Suspension
	outbox     *outbox
	acks       map[string]map[string]uint64 // by route and gateway: the epoch last acknowledged
	infos      []*rules.RuleInfo
	rules      string // fingerprint of the rules that the journal knows
}

// Open reads the journal and rebuilds routes, alerts, silences, the outbox and the states of rule
// instances from it. Routes come into force with SetRules.
func Open(o Options) (*Manager, error) {
	o.setDefaults()
	m := &Manager{
		o: o, log: o.Logger, kicked: make(chan struct{}, 1), crew: newCrew(), view: newView(),
		table: route.NewTable(), book: alert.NewBook(), flights: map[string]*flight{},
		rows: map[string][]byte{}, described: map[string]RouteStatus{},
		raised: map[string]condition{}, acks: map[string]map[string]uint64{},
	}
	m.fleet = newFleet(m)
	var err error
	m.journal, err = journal.Open(o.Path, journal.Options{Logger: o.Logger, Committed: m.view.publishEvents, Fault: o.fault, ReserveBytes: o.reserveBytes})
	if err != nil {
		return nil, err
	}
	m.outbox = newOutbox(m)
	if err := m.restore(context.Background()); err != nil {
		return nil, errors.Join(err, m.journal.Close())
	}
	if m.metrics, err = newMetrics(o.Registerer, m); err != nil {
		return nil, errors.Join(err, m.journal.Close())
	}
	return m, nil
}

// Close waits for what was handed to the journal; call it after Run has returned.
func (m *Manager) Close() error {
	return errors.Join(m.journal.Close(), closeAll(m.o.Connectors), closeAll(m.o.Receivers))
}

// Run applies switches and delivers notifications until ctx ends. What it was doing then is taken up
// by the next Run.
func (m *Manager) Run(ctx context.Context) error {
	m.crew.run(ctx)
	defer m.crew.wait()
	for {
		now := m.o.Now()
		next := m.nextTick(now)
		if !next.IsZero() && !next.After(now) {
			m.tick(now)
			continue
		}
		wait := maxTickWait
		if !next.IsZero() {
			wait = min(wait, next.Sub(now))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-m.kicked:
			timer.Stop()
		case <-timer.C:
			m.tick(m.o.Now())
		}
	}
}

// maxTickWait bounds a wait on a clock that may be set: what is due is done at most this much late
// after the clock was moved forward.
const maxTickWait = time.Minute

// tick does what is due at now without news.
func (m *Manager) tick(now time.Time) {
	m.turn(now, func(*turn) error { return nil })
}

func (m *Manager) nextTick(now time.Time) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := m.table.NextTick(now)
	if due := m.book.NextDue(now); !due.IsZero() && (next.IsZero() || due.Before(next)) {
		next = due
	}
	return next
}

// kick has Run look again at when the next tick is due.
func (m *Manager) kick() {
	select {
	case m.kicked <- struct{}{}:
	default:
	}
}
