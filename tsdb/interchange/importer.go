// Package interchange moves samples between a store and what other programs read and write: blocks of
// Prometheus, and text in the formats of OpenMetrics and Prometheus.
//
// An Importer reads files and appends to a store; an Exporter reads a store and writes files. What one
// writes the other reads back, bit for bit; what text can not carry is said at Exporter.Text.
package interchange

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/neuroweaver/heddle/tsdb"
)

// Importer appends what it reads to a store. The store should be opened with an out-of-order window
// of OutOfOrder, as history is older than what is there, and is not for concurrent use with
// appends of others. An import that was broken off can be repeated: what is there already is counted
// as a duplicate.
type Importer struct {
	DB *tsdb.DB
	// OldestMS is the time before which samples are refused: what a server would drop at once.
	OldestMS int64
	// Progress is told how much of the current source is done (0…1); nil: nobody is.
	Progress func(share float64)

	report Report
}

// OutOfOrder is an out-of-order window that refuses no history: a century.
const OutOfOrder = 100 * 365 * 24 * time.Hour

// NoTimestamp is the reason to refuse a sample of a text that does not say when it was taken.
const NoTimestamp tsdb.Reason = "no_timestamp"

// Report is the account of an import: every sample that was read is appended, a duplicate or refused.
type Report struct {
	Appended   int
	Duplicates int
	Exemplars  int
	Deleted    int // samples that a tombstone of the block hides
	Refused    []tsdb.Refusal
	// OldestRefusedMS is the time of the oldest sample before Importer.OldestMS; 0 if there is none.
	OldestRefusedMS int64
}

// Report returns what became of all that was imported so far.
func (im *Importer) Report() Report { return im.report }

func (im *Importer) progress(share float64) {
	if im.Progress != nil {
		im.Progress(share)
	}
}

func (r *Report) refuse(reason tsdb.Reason, n int, example string) {
	for i := range r.Refused {
		if r.Refused[i].Reason == reason {
			r.Refused[i].Count += n
			return
		}
	}
	r.Refused = append(r.Refused, tsdb.Refusal{Reason: reason, Count: n, Example: example})
}

func (r *Report) add(result tsdb.Result) {
	r.Appended += result.Appended
	r.Duplicates += result.Duplicates
	r.Exemplars += result.Exemplars
	for _, refusal := range result.Refused {
		r.refuse(refusal.Reason, refusal.Count, refusal.Example)
	}
}

// refuseOld counts samples of a series from before OldestMS.
func (im *Importer) refuseOld(n int, timeMS int64, what func() string) {
	r := &im.report
	if r.OldestRefusedMS == 0 || timeMS < r.OldestRefusedMS {
		r.OldestRefusedMS = timeMS
	}
	for i := range r.Refused {
		if r.Refused[i].Reason == tsdb.TooOld {
			r.Refused[i].Count += n
			return
		}
	}
	r.refuse(tsdb.TooOld, n, what()+" at "+time.UnixMilli(timeMS).UTC().Format(time.RFC3339Nano))
}

// batch gathers samples for one append after another.
type batch struct {
	ctx      context.Context
	importer *Importer
	appender *tsdb.Appender
	limit    int // samples of one append
	pending  int
}

func (im *Importer) newBatch(ctx context.Context, limit int) *batch {
	return &batch{ctx: ctx, importer: im, appender: im.DB.Appender(time.Now()), limit: limit}
}

// resolve is Appender.Resolve, but a series that is refused is 0, and named in the report.
func (b *batch) resolve(key []byte, parse func([]byte) (labels.Labels, error)) (tsdb.SeriesID, error) {
	return b.refusedIsZero(b.appender.Resolve(key, parse))
}

// series is Appender.Series, but a series that is refused is 0, and named in the report.
func (b *batch) series(ls labels.Labels) (tsdb.SeriesID, error) {
	return b.refusedIsZero(b.appender.Series(ls))
}

// refusedIsZero names why a series is refused; its samples, which the store refuses, are what counts.
func (b *batch) refusedIsZero(id tsdb.SeriesID, err error) (tsdb.SeriesID, error) {
	if !errors.Is(err, tsdb.ErrInvalidLabels) {
		return id, err
	}
	b.importer.report.refuse(tsdb.Invalid, 0, err.Error())
	return 0, nil
}

func (b *batch) sample(id tsdb.SeriesID, s tsdb.Sample) error {
	if s.TimeMS < b.importer.OldestMS {
		b.importer.refuseOld(1, s.TimeMS, func() string { return b.importer.DB.Labels(id).String() })
		return nil
	}
	b.appender.Append(id, s)
	if b.pending++; b.pending < b.limit {
		return nil
	}
	return b.commit()
}

func (b *batch) exemplar(id tsdb.SeriesID, e exemplar.Exemplar) { b.appender.Exemplar(id, e) }

func (b *batch) metadata(id tsdb.SeriesID, m metadata.Metadata) { b.appender.Metadata(id, m) }

// commit appends what was gathered.
func (b *batch) commit() error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	result, err := b.appender.Commit()
	b.appender, b.pending = b.importer.DB.Appender(time.Now()), 0
	if err != nil {
		return err
	}
	b.importer.report.add(result)
	return nil
}
