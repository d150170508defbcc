// Package remotestore reads the samples of a running server, Heddle or Prometheus, over its HTTP API, as
// if it were a store at hand: what replays rules, and what looks for blind ones, reads either.
package remotestore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// Ask posts a form to a path of the server and reads the JSON that it answers. Its error is ErrTooMuch
// where the server refuses, or its answer is, because of its size.
type Ask func(ctx context.Context, path string, form url.Values, into any) error

// ErrTooMuch says that less has to be asked for at once.
var ErrTooMuch = errors.New("the server does not answer this, not even for a second of time")

// Store is a server. It is used by one goroutine.
type Store struct {
	ask Ask
	// stepMS is how much time one request asks for. It becomes smaller with each answer that is too
	// large, and stays so.
	stepMS int64
}

const (
	// firstStepMS is an hour: a thousand series at 15 s are 240,000 samples, some 6 MB of JSON.
	firstStepMS = 3600 * 1000
	// leastStepMS is where a refusal is not about the length of time any more.
	leastStepMS = 1000
)

// New returns the store of a server.
func New(ask Ask) *Store { return &Store{ask: ask, stepMS: firstStepMS} }

// Querier reads the samples with times from mint to maxt, in milliseconds.
func (s *Store) Querier(mint, maxt int64) (storage.Querier, error) {
	return querier{s, mint, maxt}, nil
}

type querier struct {
	store      *Store
	mint, maxt int64
}

// Close has nothing to let go of.
func (querier) Close() error { return nil }

var errNotRead = errors.New("of another server's labels only the names of its metrics are read")

// LabelValues reads the values of one label, the name of the metric, of what has a sample shortly before
// the end. Others are not supported.
func (q querier) LabelValues(ctx context.Context, name string, _ *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	if name != labels.MetricName || len(matchers) > 0 {
		return nil, nil, errNotRead
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string `json:"metric"`
			} `json:"result"`
		} `json:"data"`
	}
	form := url.Values{"query": {`group by (__name__) ({__name__!=""})`}, "time": {seconds(q.maxt)}}
	if err := q.store.ask(ctx, "/api/v1/query", form, &answer); err != nil {
		return nil, nil, err
	}
	var values []string
	for _, found := range answer.Data.Result {
		values = append(values, found.Metric[labels.MetricName])
	}
	slices.Sort(values)
	return values, nil, nil
}

// LabelNames is not supported.
func (querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errNotRead
}

// Select reads all series that match, each with its samples in the order of time; stale markers are not
// among them, because the API does not give them. The series come in the order of their labels.
func (q querier) Select(ctx context.Context, _ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	selector := selectorOf(matchers)
	if hints != nil && hints.Func == "series" {
		return q.names(ctx, selector)
	}
	found := map[string]*foundSeries{}
	for at := q.mint; at <= q.maxt; {
		end := min(at+q.store.stepMS-1, q.maxt)
		err := q.store.read(ctx, selector, at, end, found)
		if errors.Is(err, ErrTooMuch) && q.store.stepMS > leastStepMS {
			q.store.stepMS = max(q.store.stepMS/2, leastStepMS)
			continue
		}
		if err != nil {
			return storage.ErrSeriesSet(err)
		}
		at = end + 1
	}
	series := make([]storage.Series, 0, len(found))
	for _, f := range found {
		series = append(series, storage.NewListSeries(f.labels, f.samples))
	}
	slices.SortFunc(series, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return &seriesSet{series: series}
}

// names reads which series there are, without samples.
func (q querier) names(ctx context.Context, selector string) storage.SeriesSet {
	var answer struct {
		Data []map[string]string `json:"data"`
	}
	form := url.Values{"match[]": {selector}, "start": {seconds(q.mint)}, "end": {seconds(q.maxt)}}
	if err := q.store.ask(ctx, "/api/v1/series", form, &answer); err != nil {
		return storage.ErrSeriesSet(err)
	}
	set := &seriesSet{}
	for _, named := range answer.Data {
		set.series = append(set.series, storage.NewListSeries(labels.FromMap(named), nil))
	}
	return set
}

// selectorOf writes matchers as PromQL does.
func selectorOf(matchers []*labels.Matcher) string {
	parts := make([]string, len(matchers))
	for i, m := range matchers {
		parts[i] = m.String()
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// seconds writes milliseconds as the API takes times.
func seconds(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64) }

// foundSeries is one series as the answers bring it.
type foundSeries struct {
	labels  labels.Labels
	samples []chunks.Sample
}

// read adds the samples of a stretch of time, both ends included, to what was found.
func (s *Store) read(ctx context.Context, selector string, fromMS, toMS int64, found map[string]*foundSeries) error {
	// A range selector leaves out its left end, since Prometheus 3; before, it did not.
	form := url.Values{"query": {fmt.Sprintf("%s[%dms]", selector, toMS-fromMS+1)}, "time": {seconds(toMS)}}
	var answer struct {
		Data struct {
			ResultType string         `json:"resultType"`
			Result     []answerSeries `json:"result"`
		} `json:"data"`
	}
	if err := s.ask(ctx, "/api/v1/query", form, &answer); err != nil {
		return err
	}
	if answer.Data.ResultType != "matrix" {
		return fmt.Errorf("the server answers %s with a %q instead of a matrix", form.Get("query"), answer.Data.ResultType)
	}
	for _, series := range answer.Data.Result {
		samples, err := series.between(fromMS, toMS)
		if err != nil {
			return fmt.Errorf("series %v: %w", series.Metric, err)
		}
		named := labels.FromMap(series.Metric)
		key := named.String()
		if found[key] == nil {
			found[key] = &foundSeries{labels: named}
		}
		found[key].samples = append(found[key].samples, samples...)
	}
	return nil
}

// seriesSet gives series that are in memory.
type seriesSet struct {
	series []storage.Series
	next   int
}

func (s *seriesSet) Next() bool {
	s.next++
	return s.next <= len(s.series)
}
func (s *seriesSet) At() storage.Series                { return s.series[s.next-1] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }
