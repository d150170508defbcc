package ingest

import (
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/neuroweaver/heddle/tsdb"
)

// appending is the sink that fills an appender. Of a series that can not be resolved all samples are
// refused; the rest of the request is stored.
type appending struct {
	appender *tsdb.Appender
	limits   Limits
	parse    func(key []byte) (labels.Labels, error)
	account  account

	id       tsdb.SeriesID // of the series at hand
	refusal  error         // why the series at hand is not stored; nil: it is
	received int           // samples and histograms of the request so far
}

func newAppending(db *tsdb.DB, arrived time.Time, limits Limits) *appending {
	return &appending{appender: db.Appender(arrived), limits: limits, parse: limits.parseLabels}
}

func (a *appending) series(key []byte) error {
	a.id, a.refusal = a.appender.Resolve(key, a.parse)
	if a.refusal != nil && !a.account.refuseSeries(a.refusal, 0) {
		return a.refusal
	}
	return nil
}

func (a *appending) badSeries(err error, samples int) {
	a.received += samples
	a.account.refuseSeries(err, samples)
}

// take counts one sample or histogram and reports whether its series can be stored.
func (a *appending) take() (bool, error) {
	if a.received++; a.received > a.limits.SamplesPerRequest {
		return false, errTooManySamples
	}
	if a.refusal != nil {
		a.account.refuseSeries(a.refusal, 1)
		return false, nil
	}
	return true, nil
}

func (a *appending) sample(timeMS int64, value float64) error {
	ok, err := a.take()
	if ok {
		a.account.floats++
		a.appender.Sample(a.id, timeMS, value)
	}
	return err
}

func (a *appending) startedSample(s tsdb.Sample) error {
	ok, err := a.take()
	if ok {
		a.account.floats++
		a.appender.Append(a.id, s)
	}
	return err
}

func (a *appending) histogram(s tsdb.Sample) error {
	ok, err := a.take()
	if ok {
		a.account.histograms++
		a.appender.Append(a.id, s)
	}
	return err
}

func (a *appending) exemplar(e exemplar.Exemplar) error {
	if a.refusal == nil {
		a.account.exemplars++
		a.appender.Exemplar(a.id, e)
	}
	return nil
}

func (a *appending) metadata(m metadata.Metadata) error {
	if a.refusal == nil {
		a.appender.Metadata(a.id, m)
	}
	return nil
}

// commit stores what was collected.
func (a *appending) commit() (err error) {
	a.account.stored, err = a.appender.Commit()
	return err
}
