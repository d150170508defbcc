package tsdb_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/tsdb"
)

// start is the time of the first sample in these tests.
var start = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

func startMS() int64 { return start.UnixMilli() }

// options makes a clock that stands an hour behind the first sample.
func options() tsdb.Options {
	return tsdb.Options{Now: func() time.Time { return start.Add(time.Hour) }}
}

func open(t *testing.T, dir string, o tsdb.Options) *tsdb.DB {
	t.Helper()
	db, err := tsdb.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

type point struct {
	ms int64
	v  float64
}

// push appends samples of one series and returns the result.
func push(t *testing.T, db *tsdb.DB, ls labels.Labels, points ...point) tsdb.Result {
	t.Helper()
	a := db.Appender(start)
	id, err := a.Series(ls)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points {
		a.Sample(id, p.ms, p.v)
	}
	result, err := a.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// read returns all float samples that matchers select, by series.
func read(t *testing.T, db *tsdb.DB, matchers ...*labels.Matcher) map[string][]point {
	t.Helper()
	return readBetween(t, db, math.MinInt64+2, math.MaxInt64, matchers...)
}

func readBetween(t *testing.T, db *tsdb.DB, mint, maxt int64, matchers ...*labels.Matcher) map[string][]point {
	t.Helper()
	q, err := db.Querier(mint, maxt)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	got := map[string][]point{}
	set := q.Select(context.Background(), true, nil, matchers...)
	for set.Next() {
		var points []point
		it := set.At().Iterator(nil)
		for it.Next() == chunkenc.ValFloat {
			ms, v := it.At()
			points = append(points, point{ms, v})
		}
		if err := it.Err(); err != nil {
			t.Fatal(err)
		}
		got[set.At().Labels().String()] = points
	}
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
	return got
}

func named(name string) *labels.Matcher {
	return labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, name)
}

func metric(name string, pairs ...string) labels.Labels {
	return labels.FromStrings(append([]string{labels.MetricName, name}, pairs...)...)
}

func samePoints(a, b []point) bool {
	return slices.EqualFunc(a, b, func(x, y point) bool {
		return x.ms == y.ms && math.Float64bits(x.v) == math.Float64bits(y.v)
	})
}

func TestSamplesComeBack(t *testing.T) {
	db := open(t, t.TempDir(), options())
	want := map[string][]point{}
	for step := range 500 {
		a := db.Appender(start)
		for target := range 7 {
			for m := range 5 {
				ls := metric(fmt.Sprintf("m%d", m), "model", fmt.Sprintf("gpt-%d", target))
				id, err := a.Series(ls)
				if err != nil {
					t.Fatal(err)
				}
				p := point{startMS() + int64(step)*1000, float64(step*m) / 10}
				a.Sample(id, p.ms, p.v)
				want[ls.String()] = append(want[ls.String()], p)
			}
		}
		result, err := a.Commit()
		if err != nil || result.Appended != 35 || len(result.Refused) > 0 {
			t.Fatalf("step %d: %+v %v", step, result, err)
		}
	}
	check := func(when string) {
		t.Helper()
		for m := range 5 {
			got := read(t, db, named(fmt.Sprintf("m%d", m)))
			if len(got) != 7 {
				t.Fatalf("%s: %d series", when, len(got))
			}
			for name, points := range got {
				if !samePoints(points, want[name]) {
					t.Fatalf("%s: %s differs: got %d samples, want %d", when, name, len(points), len(want[name]))
				}
			}
		}
	}
	check("from memory")
	if err := db.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	check("from a block")
	if s := db.Stats(); s.BlockSamples != 500*35 || s.HeadSamples != 0 || s.Groups != 7 {
		t.Fatalf("%+v", s)
	}
}

func TestStartAgain(t *testing.T) {
	dir := t.TempDir()
	db, err := tsdb.Open(dir, options())
	if err != nil {
		t.Fatal(err)
	}
	a, b := metric("up", "job", "a"), metric("up", "job", "b")
	push(t, db, a, point{startMS(), 1}, point{startMS() + 1000, 2})
	if _, err := tsdb.Open(dir, options()); !errors.Is(err, tsdb.ErrLocked) {
		t.Fatalf("second open: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Appender(start).Commit(); err != nil {
		t.Fatal(err)
	}
	db = open(t, dir, options())
	push(t, db, b, point{startMS(), 3})
	push(t, db, a, point{startMS() + 2000, 4})
	if r := push(t, db, a, point{startMS() + 1000, 2}); r.Duplicates != 1 || r.Appended != 0 {
		t.Fatalf("duplicate in a block: %+v", r)
	}
	if r := push(t, db, a, point{startMS() + 1000, 9}); r.RefusedCount() != 1 || r.Refused[0].Reason != tsdb.Conflict {
		t.Fatalf("conflict with a block: %+v", r)
	}
	got := read(t, db, named("up"))
	if want := []point{{startMS(), 1}, {startMS() + 1000, 2}, {startMS() + 2000, 4}}; !samePoints(got[a.String()], want) {
		t.Fatalf("got %v", got)
	}
	if want := []point{{startMS(), 3}}; !samePoints(got[b.String()], want) {
		t.Fatalf("got %v", got)
	}
}
