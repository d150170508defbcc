package tsdb_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/neuroweaver/heddle/tsdb"
)

// TestHookGetsAcceptedSamples: rows by group and time, in the sender's order, without what was refused
// or there before, and after the samples can be read.
func TestHookGetsAcceptedSamples(t *testing.T) {
	var got []string
	var db *tsdb.DB
	o := options()
	o.Commit = func(b *tsdb.Batch) {
		for _, row := range b.Rows {
			for i, id := range row.Series {
				if in := readBetween(t, db, row.TimeMS, row.TimeMS, named(db.Labels(id).Get("__name__"))); row.Histograms == nil && in[db.Labels(id).String()] == nil {
					t.Errorf("the hook can not read %s at %d", db.Labels(id), row.TimeMS)
				}
				got = append(got, fmt.Sprintf("%s %d %v", db.Labels(id).Get("__name__")+db.Labels(id).Get("model"), row.TimeMS-startMS(), row.Values[i]))
				if row.Histograms != nil && row.Histograms[i] != nil {
					got[len(got)-1] += fmt.Sprintf(" histogram of %v", row.Histograms[i].Count)
				}
			}
		}
	}
	db = open(t, t.TempDir(), o)
	a := db.Appender(start)
	ids := map[string]tsdb.SeriesID{}
	for _, name := range []string{"a", "b", "h"} {
		for _, model := range []string{"1", "2"} {
			id, err := a.Series(metric(name, "model", model))
			if err != nil {
				t.Fatal(err)
			}
			ids[name+model] = id
		}
	}
	sample := func(series string, ms int64, v float64) { a.Sample(ids[series], startMS()+ms, v) }
	sample("b2", 5, 1)
	sample("a2", 5, 2)
	sample("a1", 9, 3) // the later row of its group first
	sample("a1", 7, 4)
	sample("b1", 7, 5)
	sample("b1", 7, 5)               // a duplicate
	sample("b1", 7, 6)               // a conflict
	sample("b1", 100*60*60*1000, 6)  // too far ahead
	sample("b1", -100*60*60*1000, 6) // allowed: the series is new, and the retention is long
	a.Histogram(ids["h1"], startMS()+9, &histogram.Histogram{Count: 3, ZeroCount: 3, Sum: 1.5}, nil)
	result, err := a.Commit()
	if err != nil || result.Appended != 7 || result.Duplicates != 1 || result.RefusedCount() != 2 {
		t.Fatalf("%+v %v", result, err)
	}
	want := "[b2 5 1 a2 5 2 b1 -360000000 6 a1 7 4 b1 7 5 a1 9 3 h1 9 1.5 histogram of 3]"
	if fmt.Sprint(got) != want {
		t.Fatalf("got  %v\nwant %s", got, want)
	}
	got = nil
	a = db.Appender(start)
	sample("a1", 9, 3)
	if _, err := a.Commit(); err != nil || got != nil {
		t.Fatalf("a duplicate reached the hook: %v %v", got, err)
	}
}

// TestConcurrentAppends: many appends share commits, the hook sees one at a time and each series in
// order, and all of them come back.
func TestConcurrentAppends(t *testing.T) {
	var inside sync.Mutex
	last := map[tsdb.SeriesID]int64{}
	o := options()
	o.WALSync = -1
	o.Commit = func(b *tsdb.Batch) {
		if !inside.TryLock() {
			t.Error("the hook was called twice at once")
			return
		}
		defer inside.Unlock()
		for _, row := range b.Rows {
			for _, id := range row.Series {
				if row.TimeMS <= last[id] {
					t.Errorf("series %d goes from %d to %d", id, last[id], row.TimeMS)
				}
				last[id] = row.TimeMS
			}
		}
	}
	db := open(t, t.TempDir(), o)
	var wg sync.WaitGroup
	const senders, requests = 8, 40
	for sender := range senders {
		wg.Go(func() {
			for i := range requests {
				a := db.Appender(start)
				for m := range 5 {
					id, err := a.Series(metric(fmt.Sprint("m", m), "model", fmt.Sprint(sender)))
					if err != nil {
						t.Error(err)
						return
					}
					a.Sample(id, startMS()+int64(i)*1000, float64(i))
				}
				if r, err := a.Commit(); err != nil || r.Appended != 5 {
					t.Errorf("%+v %v", r, err)
				}
				if i%20 == 10 {
					if err := db.Flush(); err != nil {
						t.Error(err)
					}
				}
				for name, points := range readBetween(t, db, startMS(), startMS()+int64(time.Hour/time.Millisecond), named("m0"), labels.MustNewMatcher(labels.MatchEqual, "model", fmt.Sprint(sender))) {
					if len(points) != i+1 {
						t.Errorf("%s has %d samples after %d appends", name, len(points), i+1)
					}
				}
			}
		})
	}
	wg.Wait()
	if len(last) != senders*5 {
		t.Fatalf("the hook saw %d series", len(last))
	}
}

// TestAnnotationsSurvive: exemplars and metadata come back after a flush and after a kill.
func TestAnnotationsSurvive(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir, options())
	ls := metric("latency", "model", "a")
	m := metadata.Metadata{Type: "histogram", Unit: "seconds", Help: "How long it took."}
	write := func(db *tsdb.DB, n int64) tsdb.Result {
		a := db.Appender(start)
		id, err := a.Series(ls)
		if err != nil {
			t.Fatal(err)
		}
		a.Sample(id, startMS()+n, float64(n))
		a.Exemplar(id, exemplar.Exemplar{Labels: labels.FromStrings("trace_id", fmt.Sprint(n)), Value: float64(n), Ts: startMS() + n, HasTs: true})
		a.Metadata(id, m)
		result, err := a.Commit()
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	check := func(db *tsdb.DB, want int) {
		t.Helper()
		q, err := db.ExemplarQuerier(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.Select(startMS(), startMS()+1000, []*labels.Matcher{named("latency")})
		if err != nil || len(got) != 1 || len(got[0].Exemplars) != want || !labels.Equal(got[0].SeriesLabels, ls) {
			t.Fatalf("%+v %v", got, err)
		}
		if got := db.Metadata("latency", 0)["latency"]; len(got) != 1 || got[0] != m {
			t.Fatalf("%+v", got)
		}
	}
	if r := write(db, 1); r.Exemplars != 1 {
		t.Fatalf("%+v", r)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, dir, options())
	check(db, 1)
	if r := write(db, 1); r.Exemplars != 0 || r.Duplicates != 1 {
		t.Fatalf("%+v", r)
	}
	write(db, 2)
	check(db, 2)
	snapshot := t.TempDir()
	if err := db.Snapshot(t.Context(), snapshot); err != nil {
		t.Fatal(err)
	}
	check(open(t, snapshot, options()), 2)
}
