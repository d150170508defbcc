package ingest

import (
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/neuroweaver/heddle/tsdb"
)

// sink takes what a walk over a request finds, in the request's order. What follows series belongs
// to that series. An error from any of them ends the walk.
type sink interface {
	// series begins a series. key is its label set in the form of parseLabels, valid during the call.
	series(key []byte) error
	// badSeries reports a series, with its number of samples, that can not be stored for err; nothing
	// of it follows.
	badSeries(err error, samples int)
	sample(timeMS int64, value float64) error
	// startedSample is a sample that says when its counter started.
	startedSample(s tsdb.Sample) error
	histogram(s tsdb.Sample) error
	exemplar(e exemplar.Exemplar) error
	metadata(m metadata.Metadata) error
}
