package remotestore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/query"
	"github.com/neuroweaver/heddle/tsdb"
)

// start is when the samples begin.
var start = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

// askOf posts to a server, and counts the answers that were refused for their size.
func askOf(base string, refused *int) Ask {
	return func(ctx context.Context, path string, form url.Values, into any) error {
		response, err := http.PostForm(base+path, form)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		switch {
		case err != nil:
			return err
		case response.StatusCode == http.StatusUnprocessableEntity:
			*refused++
			return fmt.Errorf("%w: %s", ErrTooMuch, text)
		case response.StatusCode != http.StatusOK:
			return fmt.Errorf("%s: %s", response.Status, text)
		}
		return json.Unmarshal(text, into)
	}
}

// TestReadsWhatTheStoreHas reads series of floats and of native histograms, of every resolution, over the
// API, and from the store behind it.
func TestReadsWhatTheStoreHas(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	db, err := tsdb.Open(t.TempDir(), tsdb.Options{Retention: 100 * 365 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for step := range 300 {
		at := start.Add(time.Duration(step) * 17 * time.Second)
		a := db.Appender(at)
		series := func(name, odd string) tsdb.SeriesID {
			id, err := a.Series(labels.FromStrings("__name__", name, "model", "a", "odd", odd))
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		for i, v := range []float64{random.NormFloat64(), math.NaN(), math.Inf(1), math.Inf(-1), 1e300, 5e-324} {
			a.Sample(series("g", fmt.Sprintf("%d, \"]%d\\", i, i)), at.UnixMilli()+int64(i), v)
		}
		for schema := range int32(finestSchema - coarsestSchema + 1) {
			a.Histogram(series("h", fmt.Sprint(schema)), at.UnixMilli(), nil, randomHistogram(random, schema+coarsestSchema))
		}
		if _, err := a.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	engine := query.New(db, query.Options{MaxSamples: 500})
	defer engine.Close()
	mux := http.NewServeMux()
	query.NewAPI(engine, db, func() time.Time { return start }).Register(mux)
	server := httptest.NewServer(mux)
	defer server.Close()

	refused := 0
	remote := New(askOf(server.URL, &refused))
	from, to := start.Add(100*17*time.Second).UnixMilli(), start.Add(250*17*time.Second).UnixMilli()
	match := []*labels.Matcher{labels.MustNewMatcher(labels.MatchRegexp, "__name__", "g|h"), labels.MustNewMatcher(labels.MatchEqual, "model", "a")}
	want, got := describe(t, db, from, to, match), describe(t, remote, from, to, match)
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("-stored +read:\n%s", diff)
	}
	if n := strings.Count(got, "\n"); n < 150*19 {
		t.Errorf("only %d lines were compared", n)
	}
	if refused == 0 {
		t.Error("no answer was too large")
	}

	late, err := remote.Querier(from, start.Add(299*17*time.Second).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	if names, _, err := late.LabelValues(t.Context(), "__name__", nil); err != nil || strings.Join(names, " ") != "g h" {
		t.Errorf("metrics %q, %v", names, err)
	}

	querier, err := remote.Querier(from, to)
	if err != nil {
		t.Fatal(err)
	}
	set, n := querier.Select(t.Context(), false, &storage.SelectHints{Func: "series"}, match...), 0
	for set.Next() {
		n++
	}
	if set.Err() != nil || n != 6+13 {
		t.Errorf("%d series are named, %v", n, set.Err())
	}
}

// randomHistogram has buckets far and near, on both sides, and none below the zero threshold.
func randomHistogram(random *rand.Rand, schema int32) *histogram.FloatHistogram {
	counts := func() map[int]float64 {
		buckets, at := map[int]float64{}, random.IntN(40)-6
		for range random.IntN(6) {
			at += 1 + random.IntN(3)
			buckets[at] = float64(1 + random.IntN(100))
		}
		return buckets
	}
	h := &histogram.FloatHistogram{Schema: schema, ZeroThreshold: hiddenZeroThreshold, Sum: random.Float64() * 100}
	h.PositiveSpans, h.PositiveBuckets = spans(counts())
	h.NegativeSpans, h.NegativeBuckets = spans(counts())
	if random.IntN(2) == 0 {
		h.ZeroCount = float64(1 + random.IntN(9))
	}
	h.Count = h.ZeroCount
	for _, n := range append(h.PositiveBuckets, h.NegativeBuckets...) {
		h.Count += n
	}
	return h
}

// describe writes all that a store has, one sample a line. Of histograms it is what can be seen in their
// buckets: where all are empty, the resolution cannot.
func describe(t *testing.T, store storage.Queryable, from, to int64, match []*labels.Matcher) string {
	t.Helper()
	querier, err := store.Querier(from, to)
	if err != nil {
		t.Fatal(err)
	}
	defer querier.Close()
	var b bytes.Buffer
	set := querier.Select(t.Context(), true, nil, match...)
	for set.Next() {
		samples := set.At().Iterator(nil)
		for kind := samples.Next(); kind != chunkenc.ValNone; kind = samples.Next() {
			if kind == chunkenc.ValFloat {
				at, v := samples.At()
				fmt.Fprintf(&b, "%s %d %g\n", set.At().Labels(), at, v)
				continue
			}
			at, h := samples.AtFloatHistogram(nil)
			if len(h.PositiveBuckets)+len(h.NegativeBuckets) == 0 {
				h.Schema = 0
			}
			fmt.Fprintf(&b, "%s %d schema %d %s\n", set.At().Labels(), at, h.Schema, h.Compact(0))
		}
		if samples.Err() != nil {
			t.Fatal(samples.Err())
		}
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return b.String()
}

// TestRefusesWhatItCannotRead: each answer that is not what the API gives is an error that says so.
func TestRefusesWhatItCannotRead(t *testing.T) {
	for _, c := range []struct{ answer, want string }{
		{`{"data":{"resultType":"vector","result":[]}}`, `"vector" instead of a matrix`},
		{`{"data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"x"]]}]}}`, `parsing "x"`},
		{`{"data":{"resultType":"matrix","result":[{"metric":{},"values":[[1]]}]}}`, `unknown form`},
		{`{"data":{"resultType":"matrix","result":[{"metric":{},"histograms":[[1,{"count":"3","sum":"3","buckets":[[0,"1","3","3"]]}]]}]}}`, "bounds of their own"},
		{`{"data":{"resultType":"matrix","result":[{"metric":{},"histograms":[[1,{"count":"3","sum":"3","buckets":[[3,"-Inf","3","3"]]}]]}]}}`, "bounds of their own"},
		{`{"data":{"resultType":"matrix","result":[{"metric":{},"histograms":[[1,{"count":"3","sum":"3","buckets":[[0,"3","2","3"]]}]]}]}}`, "bounds of their own"},
		{`{"data":{"resultType":"matrix","result":[{"metric":{},"histograms":[[1,{"count":3,"sum":"3"}]]}]}}`, "cannot unmarshal number"},
	} {
		store := New(func(_ context.Context, _ string, _ url.Values, into any) error {
			return json.Unmarshal([]byte(c.answer), into)
		})
		querier, err := store.Querier(0, 5000)
		if err != nil {
			t.Fatal(err)
		}
		set := querier.Select(t.Context(), false, nil)
		if set.Next() || set.Err() == nil || !strings.Contains(set.Err().Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.answer, set.Err(), c.want)
		}
	}
}

// TestGivesUp: a server that refuses the least as well is asked a bounded number of times.
func TestGivesUp(t *testing.T) {
	asked := 0
	querier, err := New(func(context.Context, string, url.Values, any) error {
		asked++
		return ErrTooMuch
	}).Querier(0, 30*24*3600*1000)
	if err != nil {
		t.Fatal(err)
	}
	if set := querier.Select(t.Context(), false, nil); set.Err() == nil || asked > 20 {
		t.Errorf("asked %d times, error %v", asked, set.Err())
	}
}
