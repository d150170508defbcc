package conformance

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
	prometheustsdb "github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/teststorage"
)

// roundsVariable names the environment variable that sets how many random data sets are tried.
const roundsVariable = "HEDDLE_ORACLE_ROUNDS"

// TestAgreesWithPrometheus writes random data of every kind to both stores and asks both the same random
// queries through the same engine. Ours is compacted and restarted now and then while it takes samples; it is
// asked as it then is, after one more restart, and when all is in compacted blocks.
func TestAgreesWithPrometheus(t *testing.T) {
	rounds := 4
	if text := os.Getenv(roundsVariable); text != "" {
		var err error
		if rounds, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			agreeOn(t, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

func agreeOn(t *testing.T, random *rand.Rand) {
	ctx := t.Context()
	theirs := newPrometheusStorage(t)
	ours := newStore(t, nil)
	for _, commit := range randomCommits(random) {
		for _, s := range []storage.Storage{theirs, ours} {
			if err := write(ctx, s, commit); err != nil {
				t.Fatal(err)
			}
		}
		// So that late samples meet blocks, and what comes next meets a log that was read.
		var err error
		switch random.IntN(6) {
		case 0:
			err = ours.Compact(ctx)
		case 1:
			err = ours.reopen()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// Large enough for any query here.
	engine := promqltest.NewTestEngine(t, false, 0, 1e8)

	compare(t, "as written", engine, random, ours, theirs)
	if err := ours.reopen(); err != nil {
		t.Fatal(err)
	}
	compare(t, "after a restart", engine, random, ours, theirs)
	if err := ours.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	compare(t, "compacted", engine, random, ours, theirs)
}

// newPrometheusStorage opens Prometheus's store with start timestamps and room for late samples.
func newPrometheusStorage(t *testing.T) storage.Storage {
	return teststorage.New(t, func(o *prometheustsdb.Options) {
		o.EnableSTStorage = true
		o.FloatChunkEncoding = chunkenc.EncXOR2
		o.EnableHistogramSTEncoding = true
		o.OutOfOrderTimeWindow = randomSpanMS
	})
}

// compare asks both stores.
func compare(t *testing.T, state string, engine promql.QueryEngine, random *rand.Rand, ours, theirs storage.Storage) {
	t.Helper()
	for _, e := range randomExpressions(t, random) {
		q := randomQueryOf(random, e)
		if d := differenceOf(q, q.run(t.Context(), engine, ours), q.run(t.Context(), engine, theirs)); d != "" {
			t.Errorf("%s: %v: %s", state, q, d)
		}
	}
	for range 50 {
		if d := labelDifference(t.Context(), random, ours, theirs); d != "" {
			t.Errorf("%s: %s", state, d)
		}
	}
}

// randomQuery is an expression at random times.
type randomQuery struct {
	expression
	start, end time.Time
	step       time.Duration // 0: an instant query at start
}

func randomQueryOf(random *rand.Rand, e expression) randomQuery {
	// Also a little before and after the data.
	start := random.Int64N(randomSpanMS+20*60*1000) - 10*60*1000
	q := randomQuery{expression: e, start: time.UnixMilli(start)}
	if random.IntN(2) == 0 {
		q.end = time.UnixMilli(start + random.Int64N(randomSpanMS/2))
		q.step = time.Duration(1+random.Int64N(10*60*1000)) * time.Millisecond
		// A bound on the work: no more steps than a graph has.
		q.step = max(q.step, q.end.Sub(q.start)/1000)
	}
	return q
}

func (q randomQuery) String() string {
	if q.step == 0 {
		return fmt.Sprintf("%s at %d ms", q.text, q.start.UnixMilli())
	}
	return fmt.Sprintf("%s from %d to %d ms every %v", q.text, q.start.UnixMilli(), q.end.UnixMilli(), q.step)
}

func (q randomQuery) run(ctx context.Context, engine promql.QueryEngine, s storage.Queryable) *promql.Result {
	var query promql.Query
	var err error
	if q.step == 0 {
		query, err = engine.NewInstantQuery(ctx, s, nil, q.text, q.start)
	} else {
		query, err = engine.NewRangeQuery(ctx, s, nil, q.text, q.start, q.end, q.step)
	}
	if err != nil {
		return &promql.Result{Err: err}
	}
	// Not closed: that would give the points back to the engine while they are being compared.
	return query.Exec(ctx)
}

// differenceOf says how the answers differ; empty: not at all.
func differenceOf(q randomQuery, ours, theirs *promql.Result) string {
	if ours.Err != nil || theirs.Err != nil {
		if fmt.Sprint(ours.Err) == fmt.Sprint(theirs.Err) {
			return ""
		}
		return fmt.Sprintf("error %v, want %v", ours.Err, theirs.Err)
	}
	got, want := seriesOf(ours.Value), seriesOf(theirs.Value)
	if len(got) != len(want) {
		return fmt.Sprintf("%d series, want %d", len(got), len(want))
	}
	for i := range got {
		if d := seriesDifference(got[i], want[i], q.exact); d != "" {
			return d
		}
	}
	if got, want := ours.Warnings.AsErrors(), theirs.Warnings.AsErrors(); len(got) != len(want) {
		return fmt.Sprintf("annotations %v, want %v", got, want)
	}
	return ""
}

// seriesOf brings any answer into one form, sorted by labels.
func seriesOf(v any) []promql.Series {
	var list []promql.Series
	switch v := v.(type) {
	case promql.Matrix:
		list = v
	case promql.Vector:
		for _, s := range v {
			one := promql.Series{Metric: s.Metric}
			if s.H != nil {
				one.Histograms = []promql.HPoint{{T: s.T, H: s.H}}
			} else {
				one.Floats = []promql.FPoint{{T: s.T, F: s.F}}
			}
			list = append(list, one)
		}
	case promql.Scalar:
		list = []promql.Series{{Floats: []promql.FPoint{{T: v.T, F: v.V}}}}
	default:
		panic(fmt.Sprintf("an answer of type %T", v))
	}
	slices.SortFunc(list, func(a, b promql.Series) int { return labels.Compare(a.Metric, b.Metric) })
	return list
}

func seriesDifference(got, want promql.Series, exact bool) string {
	if !labels.Equal(got.Metric, want.Metric) {
		return fmt.Sprintf("series %v, want %v", got.Metric, want.Metric)
	}
	if len(got.Floats) != len(want.Floats) || len(got.Histograms) != len(want.Histograms) {
		return fmt.Sprintf("%v has %d floats and %d histograms, want %d and %d", got.Metric,
			len(got.Floats), len(got.Histograms), len(want.Floats), len(want.Histograms))
	}
	for i, g := range got.Floats {
		if w := want.Floats[i]; g.T != w.T || !sameFloat(g.F, w.F, exact) {
			return fmt.Sprintf("%v: %v at %d, want %v at %d", got.Metric, g.F, g.T, w.F, w.T)
		}
	}
	for i, g := range got.Histograms {
		if w := want.Histograms[i]; g.T != w.T || !sameHistogram(g.H, w.H, exact) {
			return fmt.Sprintf("%v: %v at %d, want %v at %d", got.Metric, g.H, g.T, w.H, w.T)
		}
	}
	return ""
}

// closeEnough is the relative difference that another order of additions may make: they are of at most
// some hundred numbers of like size.
const closeEnough = 1e-9

func sameFloat(got, want float64, exact bool) bool {
	if math.Float64bits(got) == math.Float64bits(want) || math.IsNaN(got) && math.IsNaN(want) {
		return true
	}
	return !exact && math.Abs(got-want) <= closeEnough*max(math.Abs(got), math.Abs(want))
}

func sameHistogram(got, want *histogram.FloatHistogram, exact bool) bool {
	if exact {
		return got.Equals(want)
	}
	return sameFloat(got.Count, want.Count, false) && sameFloat(got.Sum, want.Sum, false)
}

// labelDifference asks both stores for the names and values of labels of the series that match a random
// selector.
func labelDifference(ctx context.Context, random *rand.Rand, ours, theirs storage.Storage) string {
	matchers := randomMatchers(random)
	name := []string{labels.MetricName, "code", "le", "instance", "nowhere"}[random.IntN(5)]
	var answers [2]string
	for i, s := range []storage.Storage{ours, theirs} {
		q, err := s.Querier(0, randomSpanMS)
		if err != nil {
			return err.Error()
		}
		defer q.Close()
		values, _, err := q.LabelValues(ctx, name, nil, matchers...)
		if err != nil {
			return err.Error()
		}
		names, _, err := q.LabelNames(ctx, nil, matchers...)
		if err != nil {
			return err.Error()
		}
		answers[i] = fmt.Sprintf("values of %s %q, names %q", name, values, names)
	}
	if answers[0] == answers[1] {
		return ""
	}
	return fmt.Sprintf("for %v: %s, want %s", matchers, answers[0], answers[1])
}

// randomMatchers makes up to three matchers of all types.
func randomMatchers(random *rand.Rand) []*labels.Matcher {
	var list []*labels.Matcher
	for range random.IntN(4) {
		name := []string{labels.MetricName, "code", "le", "job", "nowhere"}[random.IntN(5)]
		text := []string{"", "500", "requests_total", ".*", ".+", "5..|4..", "job-0", "job-.", "1|", "no such value"}[random.IntN(10)]
		kind := []labels.MatchType{labels.MatchEqual, labels.MatchNotEqual, labels.MatchRegexp, labels.MatchNotRegexp}[random.IntN(4)]
		list = append(list, labels.MustNewMatcher(kind, name, text))
	}
	return list
}
