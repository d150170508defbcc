package tsdb

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// Options says how a store behaves. The zero value is a good store.
type Options struct {
	// FS is the file system; nil is the operating system's.
	FS vfs.FS
	// Commit is called with what each append added: one call at a time, in commit order, after the
	// append is durable as promised and before Appender.Commit returns. It may read the store, the
	// batch included; it must not append.
	Commit func(*Batch)
	// Retention is how long samples are kept, by their own time; 0 is 30 days.
	Retention time.Duration
	// Rollup5mRetention and Rollup1hRetention are how long what is beyond the retention is kept rolled up
	// to buckets of five minutes and an hour; 0 is a year and five years. Negative: not at all.
	Rollup5mRetention, Rollup1hRetention time.Duration
	// RetentionSizeBytes limits the size of all blocks of raw samples; the oldest go first. 0 is no limit.
	RetentionSizeBytes int64
	// OutOfOrder is how far behind the newest sample of its series a sample may be; 0 is 30 minutes.
	OutOfOrder time.Duration
	// WALSync is how often the log is made durable against power loss; 0 is 100 ms. Negative: before
	// every acknowledgement. Whatever the value, an acknowledged append survives the death of the
	// process.
	WALSync time.Duration
	// MaxSeries limits the number of series; 0 is no limit.
	MaxSeries int
	// MaxSeriesPerLabel limits, for each named label, how many series one of its values may have.
	MaxSeriesPerLabel map[string]int
	// Logger receives what an operator should know; nil discards it.
	Logger *slog.Logger
	// Registerer receives the store's own metrics; nil keeps them to itself.
	Registerer prometheus.Registerer
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

const (
	defaultRetention  = 30 * 24 * time.Hour
	defaultRollup5m   = 365 * 24 * time.Hour
	defaultRollup1h   = 5 * 365 * 24 * time.Hour
	defaultOutOfOrder = 30 * time.Minute
	defaultWALSync    = 100 * time.Millisecond

	// maxAhead is how far beyond the clock a sample may be. Larger skews are broken clocks, and one
	// such sample would make every honest one look late.
	maxAhead = 10 * time.Minute
)

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.OS{}
	}
	if o.Commit == nil {
		o.Commit = func(*Batch) {}
	}
	if o.Retention == 0 {
		o.Retention = defaultRetention
	}
	if o.Rollup5mRetention == 0 {
		o.Rollup5mRetention = defaultRollup5m
	}
	if o.Rollup1hRetention == 0 {
		o.Rollup1hRetention = defaultRollup1h
	}
	if o.OutOfOrder == 0 {
		o.OutOfOrder = defaultOutOfOrder
	}
	if o.WALSync == 0 {
		o.WALSync = defaultWALSync
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
