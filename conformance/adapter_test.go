package conformance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/storage"

	"github.com/neuroweaver/heddle/tsdb"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// Storage shows a store through the interface that Prometheus's tests load their data with.
type Storage struct {
	*tsdb.DB
	files vfs.FS
	// committed is called after each commit and may open the store anew; nil: nothing is done.
	committed func(*Storage) error
}

var _ storage.Storage = (*Storage)(nil)

// AppenderV2 starts an append.
func (s *Storage) AppenderV2(context.Context) storage.AppenderV2 {
	return &appender{Appender: s.DB.Appender(time.Unix(0, 0)), storage: s}
}

// Appender is the older interface, which the tests of Prometheus v0.316.0 no longer load through.
func (s *Storage) Appender(context.Context) storage.Appender { return unsupportedAppender{} }

// ChunkQuerier gives Prometheus's chunks, which the store does not have.
func (s *Storage) ChunkQuerier(int64, int64) (storage.ChunkQuerier, error) {
	return nil, errors.ErrUnsupported
}

// StartTime is the oldest sample's time in milliseconds.
func (s *Storage) StartTime() (int64, error) { return s.Stats().MinTimeMS, nil }

// appender is one transaction.
type appender struct {
	*tsdb.Appender
	storage *Storage
}

// Append implements [storage.AppenderV2]. The store finds series by their labels, so ref is only given
// back.
func (a *appender) Append(_ storage.SeriesRef, l labels.Labels, startMS, timeMS int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AppendV2Options) (storage.SeriesRef, error) {
	id, err := a.Series(l)
	if err != nil {
		return 0, err
	}
	a.Appender.Append(id, tsdb.Sample{TimeMS: timeMS, StartMS: startMS, Value: v, Histogram: h, FloatHistogram: fh})
	for _, e := range o.Exemplars {
		a.Exemplar(id, e)
	}
	if o.Metadata != (metadata.Metadata{}) {
		a.Metadata(id, o.Metadata)
	}
	return storage.SeriesRef(id), nil
}

// Commit fails when anything was refused, as the tests write nothing that may be.
func (a *appender) Commit() error {
	result, err := a.Appender.Commit()
	if err != nil {
		return err
	}
	if result.RefusedCount() > 0 {
		return fmt.Errorf("refused: %v", result.Refused)
	}
	if a.storage.committed == nil {
		return nil
	}
	return a.storage.committed(a.storage)
}

// Rollback drops what was appended: the store has seen nothing of it before Commit.
func (a *appender) Rollback() error { return nil }

// unsupportedAppender refuses everything that is written through it.
type unsupportedAppender struct{}

func (unsupportedAppender) Append(storage.SeriesRef, labels.Labels, int64, float64) (storage.SeriesRef, error) {
	return 0, errors.ErrUnsupported
}

func (unsupportedAppender) AppendHistogram(storage.SeriesRef, labels.Labels, int64, *histogram.Histogram, *histogram.FloatHistogram) (storage.SeriesRef, error) {
	return 0, errors.ErrUnsupported
}

func (unsupportedAppender) AppendHistogramSTZeroSample(storage.SeriesRef, labels.Labels, int64, int64, *histogram.Histogram, *histogram.FloatHistogram) (storage.SeriesRef, error) {
	return 0, errors.ErrUnsupported
}

func (unsupportedAppender) AppendSTZeroSample(storage.SeriesRef, labels.Labels, int64, int64) (storage.SeriesRef, error) {
	return 0, errors.ErrUnsupported
}

func (unsupportedAppender) AppendExemplar(storage.SeriesRef, labels.Labels, exemplar.Exemplar) (storage.SeriesRef, error) {
	return 0, errors.ErrUnsupported
}

func (unsupportedAppender) UpdateMetadata(storage.SeriesRef, labels.Labels, metadata.Metadata) (storage.SeriesRef, error) {
	return 0, errors.ErrUnsupported
}

func (unsupportedAppender) SetOptions(*storage.AppendOptions) {}
func (unsupportedAppender) Commit() error                     { return errors.ErrUnsupported }
func (unsupportedAppender) Rollback() error                   { return nil }
