// Package query answers PromQL over a store: Prometheus's own engine and functions, and its HTTP API.
// It only reads.
package query

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// Options bound what queries may cost. A zero field takes its default.
type Options struct {
	// Timeout ends a query; default 2 min, as in Prometheus.
	Timeout time.Duration
	// MaxSamples is how many samples one query may hold in memory; default 20 million, which is
	// about 320 MB.
	MaxSamples int
	// Concurrency is how many queries run at a time; the others wait. Default 4: a query is one
	// core's work, and ingest shall have the others.
	Concurrency int
	// Lookback is how old the newest sample of a series may be to count as its present value;
	// default 5 min, as in Prometheus.
	Lookback   time.Duration
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Minute
	}
	if o.MaxSamples <= 0 {
		o.MaxSamples = 20_000_000
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 4
	}
	if o.Lookback <= 0 {
		o.Lookback = 5 * time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Engine answers queries over one store. It is safe for concurrent use.
type Engine struct {
	store   storage.Queryable
	promql  *promql.Engine
	parser  parser.Parser
	options Options
}

// New makes an engine that reads from store.
func New(store storage.Queryable, o Options) *Engine {
	o = o.withDefaults()
	syntax := parser.NewParser(parser.Options{})
	return &Engine{
		store: store, parser: syntax, options: o,
		promql: promql.NewEngine(promql.EngineOpts{
			Logger: o.Logger, Reg: o.Registerer, Parser: syntax,
			MaxSamples: o.MaxSamples, Timeout: o.Timeout, LookbackDelta: o.Lookback,
			ActiveQueryTracker:   make(slots, o.Concurrency),
			EnableAtModifier:     true,
			EnableNegativeOffset: true,
			EnablePerStepStats:   true,
			// Prometheus's default evaluation interval.
			NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
		}),
	}
}

// Close frees what the engine holds.
func (e *Engine) Close() error { return e.promql.Close() }

// Instant prepares the evaluation of expr at one time. opts may be nil. The caller closes the query.
func (e *Engine) Instant(ctx context.Context, expr string, at time.Time, opts promql.QueryOpts) (promql.Query, error) {
	q, err := e.promql.NewInstantQuery(ctx, e.store, withOpts(opts), expr, at)
	return q, asBadData(err)
}

// Range prepares the evaluation of expr at start, start+step and so on up to end.
func (e *Engine) Range(ctx context.Context, expr string, start, end time.Time, step time.Duration, opts promql.QueryOpts) (promql.Query, error) {
	q, err := e.promql.NewRangeQuery(ctx, e.store, withOpts(opts), expr, start, end, step)
	return q, asBadData(err)
}

func withOpts(opts promql.QueryOpts) promql.QueryOpts {
	if opts == nil {
		return promql.NewPrometheusQueryOpts(false, 0, nil)
	}
	return opts
}

// Span is a time range in milliseconds, both ends included.
type Span struct{ MinMS, MaxMS int64 }

// Matchers select series: those that match all of one of the sets. No set selects everything.
type Matchers [][]*labels.Matcher

// Series lists the label sets of the series that have samples in span, at most limit of them (0: all).
func (e *Engine) Series(ctx context.Context, span Span, matchers Matchers, limit int) ([]labels.Labels, annotations.Annotations, error) {
	querier, err := e.store.Querier(span.MinMS, span.MaxMS)
	if err != nil {
		return nil, nil, err
	}
	defer querier.Close()
	hints := &storage.SelectHints{Start: span.MinMS, End: span.MaxMS, Func: "series", Limit: hintLimit(limit)}
	sets := make([]storage.SeriesSet, 0, len(matchers))
	for _, each := range matchers {
		sets = append(sets, querier.Select(ctx, true, hints, each...))
	}
	set := storage.NewMergeSeriesSet(sets, 0, storage.ChainedSeriesMerge)
	found := []labels.Labels{}
	for set.Next() {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if limit > 0 && len(found) == limit {
			return found, withTruncation(set.Warnings()), nil
		}
		found = append(found, set.At().Labels())
	}
	return found, set.Warnings(), set.Err()
}

// LabelNames lists the label names of the selected series, sorted.
func (e *Engine) LabelNames(ctx context.Context, span Span, matchers Matchers, limit int) ([]string, annotations.Annotations, error) {
	return e.collect(span, matchers, limit, func(q storage.Querier, hints *storage.LabelHints, each []*labels.Matcher) ([]string, annotations.Annotations, error) {
		return q.LabelNames(ctx, hints, each...)
	})
}

// LabelValues lists the values of one label of the selected series, sorted.
func (e *Engine) LabelValues(ctx context.Context, name string, span Span, matchers Matchers, limit int) ([]string, annotations.Annotations, error) {
	return e.collect(span, matchers, limit, func(q storage.Querier, hints *storage.LabelHints, each []*labels.Matcher) ([]string, annotations.Annotations, error) {
		return q.LabelValues(ctx, name, hints, each...)
	})
}

// collect unites what read returns for each set of matchers.
func (e *Engine) collect(span Span, matchers Matchers, limit int, read func(storage.Querier, *storage.LabelHints, []*labels.Matcher) ([]string, annotations.Annotations, error)) ([]string, annotations.Annotations, error) {
	querier, err := e.store.Querier(span.MinMS, span.MaxMS)
	if err != nil {
		return nil, nil, err
	}
	defer querier.Close()
	if len(matchers) == 0 {
		matchers = Matchers{nil}
	}
	all := []string{}
	var warnings annotations.Annotations
	for _, each := range matchers {
		some, more, err := read(querier, &storage.LabelHints{Limit: hintLimit(limit)}, each)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, some...)
		warnings = warnings.Merge(more)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if limit > 0 && len(all) > limit {
		return all[:limit], withTruncation(warnings), nil
	}
	return all, warnings, nil
}

// hintLimit asks the store for one more than wanted, so that truncation is noticed.
func hintLimit(limit int) int {
	if limit == 0 {
		return 0
	}
	return limit + 1
}

// slots is a promql.QueryTracker that only bounds how many queries run at a time.
type slots chan struct{}

var (
	_ promql.QueryTracker = slots(nil)
	_ io.Closer           = slots(nil)
)

func (s slots) GetMaxConcurrent() int { return cap(s) }
func (s slots) Close() error          { return nil }
func (s slots) Delete(int)            { <-s }

func (s slots) Insert(ctx context.Context, _ string) (int, error) {
	select {
	case s <- struct{}{}:
		return 0, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
