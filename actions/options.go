package actions

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/receiver"
)

// Options say what a Manager works with. Only Path is required.
type Options struct {
	// Path is the journal's file; its directory must exist.
	Path string
	// Connectors by their name in the configuration. A route whose `apply` clause names none goes to
	// all of them.
	Connectors map[string]connector.Connector
	// Receivers by their name in the configuration. A receiver with several addresses has one entry
	// for each: "oncall", "oncall#2", "oncall#3"; `notify oncall` reaches them all.
	Receivers map[string]receiver.Receiver
	// DefaultReceivers are told of alerts whose rule names nobody, and of what Heddle reports about
	// itself. Empty: those alerts are written to the log.
	DefaultReceivers []string
	// Logger; nil: nothing is logged.
	Logger *slog.Logger
	// Registerer; nil: no metrics.
	Registerer prometheus.Registerer
	// Now is the clock of what no caller gives a time for; nil: time.Now.
	Now func() time.Time
	// Seed of the jitter between retries; 0: from the clock.
	Seed uint64
	// OutboxLimit is how many undelivered notifications one receiver may have; 0: 10,000. What comes
	// on top becomes a dead letter at once, is counted, and can be replayed.
	OutboxLimit int
	// DeliveryAge is how long delivery of one notification is tried; 0: 24 h.
	DeliveryAge time.Duration

	// fault and reserveBytes, in tests, are the journal's.
	fault        func(step string) error
	reserveBytes int64
}

func (o *Options) setDefaults() {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Seed == 0 {
		o.Seed = uint64(o.Now().UnixNano())
	}
	if o.OutboxLimit <= 0 {
		o.OutboxLimit = 10_000
	}
	if o.DeliveryAge <= 0 {
		o.DeliveryAge = 24 * time.Hour
	}
}
