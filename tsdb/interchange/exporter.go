package interchange

import (
	"errors"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/neuroweaver/heddle/tsdb"
)

// Exporter writes what a store has of some series between two times.
type Exporter struct {
	DB *tsdb.DB
	// FromMS and ToMS are the first and the last time in milliseconds, both included.
	FromMS, ToMS int64
	// Matchers select the series; none: all.
	Matchers []*labels.Matcher
	// Progress is told how much is done (0…1); nil: nobody is.
	Progress func(share float64)

	report ExportReport
}

// ExportReport is the account of an export.
type ExportReport struct {
	Samples int // written
	Blocks  int // written
	// What text can not carry and was left out: samples that are native histograms, markers that a series
	// ended, and series without a metric name.
	Histograms, StaleMarkers, NamelessSeries int
}

// Report returns what became of all that was exported so far.
func (e *Exporter) Report() ExportReport { return e.report }

func (e *Exporter) progress(share float64) {
	if e.Progress != nil {
		e.Progress(share)
	}
}

// errNothing is what an export of no series fails with: an empty file would look like a good one.
var errNothing = errors.New("no series matches in that time")

// all is a matcher for every series.
var all = labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, ".*")

func (e *Exporter) matchers(more ...*labels.Matcher) []*labels.Matcher {
	if len(e.Matchers)+len(more) == 0 {
		return []*labels.Matcher{all}
	}
	return append(more, e.Matchers...)
}

// querier reads the part of the store between two times that is asked for.
func (e *Exporter) querier(fromMS, toMS int64) (storage.Querier, error) {
	return e.DB.Querier(max(fromMS, e.FromMS), min(toMS, e.ToMS))
}

// span is the part of the asked time that the store has samples of.
func (e *Exporter) span() (fromMS, toMS int64) {
	stats := e.DB.Stats()
	return max(e.FromMS, stats.MinTimeMS), min(e.ToMS, stats.MaxTimeMS)
}
