package tsdb

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
)

// Sample is one sample: a float, or a native histogram where one of the last two fields is set.
type Sample struct {
	TimeMS         int64 // milliseconds since the Unix epoch
	StartMS        int64 // when the counter started; 0 is unknown
	Value          float64
	Histogram      *histogram.Histogram
	FloatHistogram *histogram.FloatHistogram
}

// Appender collects what one request brings. It is not for concurrent use, and is used up by Commit.
// Histograms and exemplars belong to the store once they were given.
type Appender struct {
	db      *DB
	arrived time.Time
	*appendBuffers
	resolved SeriesID // the last one that Resolve returned
	result   Result
	err      error
	turn     chan bool // what the commit queue tells a waiting append: true: lead; false: done
}

// Appender starts an append; arrived is when its request reached the server.
func (db *DB) Appender(arrived time.Time) *Appender {
	buffers := db.buffers.Get().(*appendBuffers)
	return &Appender{db: db, arrived: arrived, appendBuffers: buffers}
}

// Resolve returns the series that key stands for: the label set in the sender's encoding. parse is
// called only when the store has not met these bytes before; its error is returned as it is. Other
// errors are those of Series.
func (a *Appender) Resolve(key []byte, parse func(key []byte) (labels.Labels, error)) (SeriesID, error) {
	hash := a.db.head.keys.hash(key)
	if id := a.db.head.keys.get(hash, a.resolved); id != 0 {
		a.resolved = id
		return id, nil
	}
	ls, err := parse(key)
	if err != nil {
		return 0, err
	}
	id, err := a.Series(ls)
	if err != nil {
		return 0, err
	}
	a.db.head.keys.put(hash, id)
	a.resolved = id
	return id, nil
}

// Series returns the series with these labels, and makes it where there is none. Errors are
// ErrInvalidLabels and *LimitError. The caller knows how many samples it then does not append: the
// store's metrics count the series, and Commit's Result, which is of samples, does not.
func (a *Appender) Series(ls labels.Labels) (SeriesID, error) {
	id, err := a.db.head.series(ls)
	if limit := (*LimitError)(nil); errors.As(err, &limit) {
		a.db.metrics.refused.WithLabelValues(string(Limit)).Inc()
		a.db.metrics.limited.WithLabelValues(limit.Limit, limit.Value).Inc()
	} else if err != nil {
		a.db.metrics.refused.WithLabelValues(string(Invalid)).Inc()
	}
	return id, err
}

// Sample adds a float sample.
func (a *Appender) Sample(id SeriesID, timeMS int64, v float64) {
	a.ids = append(a.ids, id)
	a.times = append(a.times, timeMS)
	a.values = append(a.values, v)
}

// Histogram adds a native histogram; one of h and fh is nil.
func (a *Appender) Histogram(id SeriesID, timeMS int64, h *histogram.Histogram, fh *histogram.FloatHistogram) {
	a.Append(id, Sample{TimeMS: timeMS, Histogram: h, FloatHistogram: fh})
}

// Append adds a sample with all that can be said about it.
func (a *Appender) Append(id SeriesID, s Sample) {
	if s.Histogram == nil && s.FloatHistogram == nil {
		if s.StartMS != 0 {
			a.extra[len(a.ids)] = cell{startMS: s.StartMS}
		}
		a.Sample(id, s.TimeMS, s.Value)
		return
	}
	hist := histogramValue{integer: s.Histogram, float: s.FloatHistogram}
	if hist.integer != nil {
		hist.float = nil
	}
	if err := hist.validate(); err != nil {
		a.result.refuse(Invalid, 1, func() string { return fmt.Sprintf("%s: %v", a.db.Labels(id), err) })
		return
	}
	a.extra[len(a.ids)] = cell{startMS: s.StartMS, hist: hist}
	a.Sample(id, s.TimeMS, hist.sum())
}

// Exemplar adds an exemplar to a series.
func (a *Appender) Exemplar(id SeriesID, e exemplar.Exemplar) {
	a.exemplars = append(a.exemplars, seriesExemplar{id, e})
}

// Metadata tells what the metric of a series is.
func (a *Appender) Metadata(id SeriesID, m metadata.Metadata) {
	a.metadata = append(a.metadata, seriesMetadata{id, m})
}

// Commit makes the append durable as the options promise, makes it visible, and calls the commit
// hook. An error means that nothing of it is kept; errors.Is(err, ErrDiskFull) says that it is worth
// trying again later.
func (a *Appender) Commit() (Result, error) {
	if len(a.ids) > 0 || len(a.exemplars) > 0 || len(a.metadata) > 0 {
		a.db.commits.commit(a)
	}
	result, err := a.result, a.err
	a.appendBuffers.reset()
	a.db.buffers.Put(a.appendBuffers)
	a.appendBuffers = nil
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

type seriesExemplar struct {
	id       SeriesID
	exemplar exemplar.Exemplar
}

type seriesMetadata struct {
	id       SeriesID
	metadata metadata.Metadata
}

// appendBuffers is the memory of an append, which outlives it.
type appendBuffers struct {
	// Samples in the order in which they were given.
	ids    []SeriesID
	times  []int64
	values []float64
	extra  map[int]cell // by index of the sample: its histogram and start timestamp

	exemplars []seriesExemplar
	metadata  []seriesMetadata

	rows rowSet
}

func newAppendBuffers() *appendBuffers {
	return &appendBuffers{extra: map[int]cell{}, rows: newRowSet()}
}

func (b *appendBuffers) reset() {
	b.ids, b.times, b.values = b.ids[:0], b.times[:0], b.values[:0]
	clear(b.extra)
	clear(b.exemplars)
	clear(b.metadata)
	b.exemplars, b.metadata = b.exemplars[:0], b.metadata[:0]
	b.rows.reset()
}
