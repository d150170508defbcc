// Package tsdb is the embedded time-series store: it keeps the samples of series that are written
// together, together.
package tsdb

import (
	"time"

	"github.com/prometheus/prometheus/model/histogram"
)

// SeriesID names one series for the life of a data directory. IDs are dense, start at 1 and are
// never given to another series, so a reader of the commit hook may index a slice by them.
type SeriesID uint64

// Batch is what one durable append added, already resolved to series. It holds accepted samples
// only: what was refused, or was there before, is not in it. It is valid during the hook's call.
type Batch struct {
	// Arrived is when the request that carried the samples reached the server (server's clock).
	Arrived time.Time
	// Rows are in the order in which the sender gave them; the rows of one group never go back in
	// the batch's order, but a late row may be older than what an earlier batch brought.
	Rows []Row
}

// Row is the samples of one group at one time. Series and Values have the same length.
type Row struct {
	// TimeMS is the samples' own time, in milliseconds since the Unix epoch.
	TimeMS int64
	// Series names the columns.
	Series []SeriesID
	// Values holds float samples; a stale marker is the NaN that Prometheus reserves for it. Where
	// the sample is a native histogram, the value is its sum.
	Values []float64
	// Histograms is nil when the row has no native histogram; else it is parallel to Series, with
	// nil for floats.
	Histograms []*histogram.FloatHistogram
}
