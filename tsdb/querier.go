package tsdb

import (
	"context"
	"errors"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// Querier reads the samples between two times, both included, in milliseconds. Each series is read
// as it is when its iterator is made.
func (db *DB) Querier(mint, maxt int64) (storage.Querier, error) {
	if db.isClosed() {
		return nil, ErrClosed
	}
	return &querier{db: db, mint: mint, maxt: maxt}, nil
}

type querier struct {
	db         *DB
	mint, maxt int64
}

// Select returns the series that have samples in the range, in the order of their labels.
func (q *querier) Select(ctx context.Context, _ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	mint, maxt := q.mint, q.maxt
	if hints != nil && !hints.DisableTrimming {
		mint, maxt = max(mint, hints.Start), min(maxt, hints.End)
	}
	ids := q.db.head.index.Matching(matchers...)
	set := &seriesSet{ctx: ctx, db: q.db, mint: mint, maxt: maxt, at: -1, series: make([]namedSeries, 0, len(ids))}
	for _, id := range ids {
		ls := q.db.Labels(SeriesID(id))
		if hints != nil && hints.ShardCount > 0 && labels.StableHash(ls)%hints.ShardCount != hints.ShardIndex {
			continue
		}
		set.series = append(set.series, namedSeries{SeriesID(id), ls})
	}
	slices.SortFunc(set.series, func(a, b namedSeries) int { return labels.Compare(a.labels, b.labels) })
	if hints != nil {
		set.limit = hints.Limit
		set.namesOnly = hints.Func == "series"
		if hints.Range > 0 { // else the function is not applied to these samples
			set.function = hints.Func
		}
	}
	return set
}

// LabelValues returns the values of a label among the series that are selected.
func (q *querier) LabelValues(_ context.Context, name string, hints *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return limited(q.db.head.index.LabelValues(name, matchers...), hints), nil, nil
}

// LabelNames returns the label names of the series that are selected.
func (q *querier) LabelNames(_ context.Context, hints *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return limited(q.db.head.index.LabelNames(matchers...), hints), nil, nil
}

func limited(list []string, hints *storage.LabelHints) []string {
	if hints != nil && hints.Limit > 0 && len(list) > hints.Limit {
		return list[:hints.Limit]
	}
	return list
}

// Close has nothing to let go of: a reader keeps nothing open between two series.
func (q *querier) Close() error { return nil }

type namedSeries struct {
	id     SeriesID
	labels labels.Labels
}

// seriesSet walks the series of a Select.
type seriesSet struct {
	ctx        context.Context
	db         *DB
	mint, maxt int64
	series     []namedSeries
	at         int
	limit      int
	given      int
	namesOnly  bool   // nobody will look at the samples
	function   string // of PromQL, over a range of the samples
	err        error
}

func (s *seriesSet) Next() bool {
	if s.err = errors.Join(s.err, s.ctx.Err()); s.err != nil {
		return false
	}
	for s.at+1 < len(s.series) && (s.limit <= 0 || s.given < s.limit) {
		s.at++
		has, err := s.db.hasSamples(s.series[s.at].id, s.mint, s.maxt)
		if err != nil {
			s.err = err
			return false
		}
		if has {
			s.given++
			return true
		}
	}
	return false
}

func (s *seriesSet) At() storage.Series {
	named := s.series[s.at]
	return &series{db: s.db, id: named.id, labels: named.labels, mint: s.mint, maxt: s.maxt, function: s.function}
}

func (s *seriesSet) Err() error                        { return s.err }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// series is one series of a query.
type series struct {
	db         *DB
	id         SeriesID
	labels     labels.Labels
	mint, maxt int64
	function   string
}

func (s *series) Labels() labels.Labels { return s.labels }

func (s *series) Iterator(reuse chunkenc.Iterator) chunkenc.Iterator {
	it, is := reuse.(*iterator)
	if !is {
		it = &iterator{}
	}
	c, err := s.db.samples(s.id, s.mint, s.maxt, s.function)
	it.reset(c, err)
	return it
}
