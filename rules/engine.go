package rules

import (
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/window"
	"github.com/neuroweaver/heddle/tsdb"
)

// Engine turns samples into state changes of rule instances. It owns the windows and the states; it
// has no clock and starts no goroutine: Observe, Tick and Load are told the time.
type Engine struct {
	options Options
	logger  *slog.Logger
	metrics *engineMetrics

	// loading lets one Load run at a time. It is taken before turn.
	loading sync.Mutex
	// turn lets one of Observe, Tick and the end of Load run at a time, its call of Notify included,
	// so that Notify hears of changes in the order of their deciding. It is taken before mu. Nobody
	// calls the store under turn or mu, except from Observe: a commit that waits for its turn may
	// hold what the store needs to answer.
	turn sync.Mutex
	// mu guards all below.
	mu     sync.Mutex
	force  *force
	timers timers
	// latestMS is the server's clock at the latest Observe, in milliseconds.
	latestMS int64
	// missed is, while a Load reads the store, what is committed meanwhile; else nil.
	missed *missed
	// dirty are the subjects to decide on in this turn.
	dirty []*subject
	// sights are what the rules of the program see; sightDue is when one of them may have to tell.
	sights   map[*rule]*sight
	sightDue time.Time
	// known is scratch for the evaluation of one condition.
	known facts
}

// NewEngine returns an engine without rules.
func NewEngine(o Options) *Engine {
	if o.Grace == 0 {
		o.Grace = defaultGrace
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	e := &Engine{
		options: o, logger: o.Logger, metrics: newEngineMetrics(o.Registerer),
		force: newForce(&Program{}, o.Grace, false),
	}
	e.known = facts{firing: e.firing, serving: e.serving}
	return e
}

// Observe takes a committed batch: it moves the windows that the samples touch and decides on their
// instances, before it returns.
func (e *Engine) Observe(b *tsdb.Batch, now time.Time) {
	e.turn.Lock()
	defer e.turn.Unlock()
	e.mu.Lock()
	m := momentOf(now)
	m.arrived = b.Arrived
	e.latestMS = max(e.latestMS, m.ms)
	e.missed.keep(b, m, e.options.Labels)
	for i := range b.Rows {
		e.row(&b.Rows[i], m, e.options.Labels)
	}
	changed := e.settle(m)
	e.mu.Unlock()
	e.notify(now, changed)
}

// Tick decides on what moves without samples: holds that are over, windows that slide out.
func (e *Engine) Tick(now time.Time) {
	e.turn.Lock()
	defer e.turn.Unlock()
	e.mu.Lock()
	for s := e.timers.due(now.UnixNano()); s != nil; s = e.timers.due(now.UnixNano()) {
		e.queue(s)
	}
	changed := e.settle(momentOf(now))
	e.mu.Unlock()
	e.notify(now, changed)
}

// NextTick is when Tick has something to do; zero: nothing is due.
func (e *Engine) NextTick() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	var next time.Time
	if at := e.timers.next(); at != 0 {
		next = time.Unix(0, at)
	}
	return earliest(next, e.sightDue)
}

func momentOf(now time.Time) moment {
	return moment{now: now, ms: now.UnixMilli(), ns: now.UnixNano()}
}

func (e *Engine) notify(now time.Time, changed []Transition) {
	if len(changed) > 0 && e.options.Notify != nil {
		e.options.Notify(now, changed)
	}
}

// row takes the samples of one group at one time; name gives the labels of series that are new.
func (e *Engine) row(r *tsdb.Row, m moment, name func(tsdb.SeriesID) labels.Labels) {
	var told *window.Clock // groups speak once a row
	for i, id := range r.Series {
		tr := e.force.at(uint64(id))
		if tr == nil {
			e.meet(r, m, name)
			tr = e.force.at(uint64(id))
		}
		if tr == ignored {
			continue
		}
		if tr.clock != told {
			told = tr.clock
			e.hear(told, r.TimeMS, m)
		}
		if r.Histograms != nil && r.Histograms[i] != nil {
			e.metrics.sample(tr.add(r.TimeMS, 0, r.Histograms[i]))
		} else {
			e.metrics.sample(tr.add(r.TimeMS, r.Values[i], nil))
		}
		tr.tell(r, i, m.ms)
		for _, s := range tr.subjects {
			s.newest, s.heard = max(s.newest, r.TimeMS), m.ns
			s.sampled = true
			e.queue(s)
		}
	}
}

// maxSkew is how far a sender's clock may be off before it is called skewed: more than any queue or
// retry of a healthy sender, less than any window.
const maxSkew = 5 * time.Second

// hear tells a group's clock of a sample, and measures the sender's clock.
func (e *Engine) hear(clock *window.Clock, sample int64, m moment) {
	clock.Observe(sample, m.ms)
	if clock.Newest() != sample {
		return // a late row says nothing of the sender's clock
	}
	if skew := time.Duration(clock.Skew()) * time.Millisecond; skew.Abs() > maxSkew {
		e.metrics.skewedRows.Inc()
		e.metrics.skew.Set(skew.Seconds())
	}
}

// meet finds out whom the new series of a row concern. Series that are first seen together in a row
// are a group, and share a clock.
func (e *Engine) meet(r *tsdb.Row, m moment, name func(tsdb.SeriesID) labels.Labels) {
	var clock *window.Clock
	for _, id := range r.Series {
		if tr := e.force.at(uint64(id)); tr != nil && tr != ignored {
			clock = tr.clock
			break
		}
	}
	for i, id := range r.Series {
		if e.force.at(uint64(id)) != nil {
			continue
		}
		tr := ignored
		if name != nil {
			series := name(id)
			if tr = e.force.claim(series); tr != nil {
				if clock == nil {
					clock = tr.clock
				}
			} else {
				if clock == nil {
					clock = new(window.Clock)
				}
				native := r.Histograms != nil && r.Histograms[i] != nil
				tr = e.force.track(series, clock, native, m.now)
			}
			tr.join(clock)
		}
		e.force.set(uint64(id), tr)
	}
}

// queue puts a subject on the list of those to decide on.
func (e *Engine) queue(s *subject) {
	if !s.queued {
		s.queued = true
		e.dirty = append(e.dirty, s)
	}
}

// settle decides on all that is queued, and on what that makes move; rules do not ask for each other
// in circles, so it ends.
func (e *Engine) settle(m moment) (changed []Transition) {
	evaluations := 0
	for n := 0; n < len(e.dirty); n++ {
		evaluations += len(e.dirty[n].instances)
		changed = e.decide(e.dirty[n], m, changed)
	}
	e.metrics.evaluations.Add(float64(evaluations))
	clear(e.dirty)
	e.dirty = e.dirty[:0]
	return e.tellSights(m.now, changed)
}
