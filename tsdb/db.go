package tsdb

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/storage"
)

// DB is an open store.
type DB struct{ options Options }

// Open opens the store in dir and makes it where there is none.
func Open(dir string, o Options) (*DB, error) { return &DB{options: o.withDefaults()}, nil }

// Close flushes what it must. It may be called again.
func (db *DB) Close() error { return nil }

// Stats describes a store at one moment.
type Stats struct {
	Series       int   // series that the index knows
	Groups       int   // groups that take samples
	Blocks       int   // immutable blocks
	BlockBytes   int64 // on disk
	BlockSamples int64 // in blocks
	LogBytes     int64 // write-ahead log on disk
	HeadBytes    int64 // samples in memory
	HeadSamples  int64
	MinTimeMS    int64 // oldest sample; 0 where there is none
	MaxTimeMS    int64 // newest sample
}

// Stats describes the store now.
func (db *DB) Stats() Stats { return Stats{} }

// Appender starts an append; arrived is when its request reached the server.
func (db *DB) Appender(arrived time.Time) *Appender { return &Appender{} }

// Appender collects the samples of one request. It is not for concurrent use.
type Appender struct{}

// Resolve returns the series that key stands for. key is the label set in the sender's encoding;
// parse is called only when the store has not seen these bytes before.
func (a *Appender) Resolve(key []byte, parse func(key []byte) (labels.Labels, error)) (SeriesID, error) {
	return 0, ErrClosed
}

// Series returns the series with these labels, and makes it where there is none.
func (a *Appender) Series(l labels.Labels) (SeriesID, error) { return 0, ErrClosed }

// Sample adds a float sample.
func (a *Appender) Sample(id SeriesID, timeMS int64, v float64) {}

// Histogram adds a native histogram; one of h and fh is nil.
func (a *Appender) Histogram(id SeriesID, timeMS int64, h *histogram.Histogram, fh *histogram.FloatHistogram) {
}

// Append adds a sample with all that can be said about it.
func (a *Appender) Append(id SeriesID, s Sample) {}

// Sample is one sample: a float, or a native histogram where Histogram or FloatHistogram is set.
type Sample struct {
	TimeMS         int64
	StartMS        int64 // when the counter started; 0 is unknown
	Value          float64
	Histogram      *histogram.Histogram
	FloatHistogram *histogram.FloatHistogram
}

// Exemplar adds an exemplar to a series.
func (a *Appender) Exemplar(id SeriesID, e exemplar.Exemplar) {}

// Metadata tells what the metric of a series is.
func (a *Appender) Metadata(id SeriesID, m metadata.Metadata) {}

// Commit makes the append durable and visible, and calls the commit hook.
func (a *Appender) Commit() (Result, error) { return Result{}, ErrClosed }

// Querier reads the samples between two times, both included, in milliseconds.
func (db *DB) Querier(mint, maxt int64) (storage.Querier, error) { return storage.NoopQuerier(), nil }

// ExemplarQuerier reads exemplars.
func (db *DB) ExemplarQuerier(ctx context.Context) (storage.ExemplarQuerier, error) {
	return nil, ErrClosed
}

// Metadata returns what is known of a metric, or of all metrics where metric is empty.
func (db *DB) Metadata(metric string, limit int) map[string][]metadata.Metadata { return nil }

// Labels returns the labels of a series; they are empty for an id that was never given.
func (db *DB) Labels(id SeriesID) labels.Labels { return labels.EmptyLabels() }

// Compact flushes and compacts all there is.
func (db *DB) Compact(ctx context.Context) error { return nil }
