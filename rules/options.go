package rules

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/neuroweaver/heddle/tsdb"
)

// Options is what an Engine needs from outside. Every field may be left zero.
type Options struct {
	// Notify is given what changed, in the order of its deciding, before Observe, Tick or Load
	// returns. Calls never overlap. It may call Instances, but not Observe, Tick or Load.
	Notify func(now time.Time, transitions []Transition)
	// Labels names a series when the engine first meets it. Without it no series matches a rule.
	Labels func(tsdb.SeriesID) labels.Labels
	// Store is where windows are rebuilt from on Load; nil: they start empty.
	Store storage.Queryable
	// Serving is the model that a route serves, "" when there is no such route; for serving(ROUTE).
	Serving func(route string) string
	// Grace is how much older than a series' newest sample a late sample may be and still correct
	// the windows. 0: defaultGrace.
	Grace time.Duration
	// Progress is told how many of how many series a rebuild has read; nil: nobody is.
	Progress func(done, total int)
	// Logger: nil discards. Registerer: nil leaves the engine's metrics unregistered.
	Logger     *slog.Logger
	Registerer prometheus.Registerer

	// coverage, where not nil, counts what the conditions gave; for tests of rules.
	coverage Coverage
}

// defaultGrace covers a sender that retries a failed push a few times.
const defaultGrace = time.Minute
