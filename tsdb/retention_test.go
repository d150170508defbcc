package tsdb_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"

	"github.com/neuroweaver/heddle/tsdb"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// TestRetentionByAge: blocks that are too old go, and with them the series that have nothing else. An
// append that was under way brings its series back under the same id; ids are not given again.
func TestRetentionByAge(t *testing.T) {
	now := start
	o := tsdb.Options{Retention: time.Hour, Rollup5mRetention: -1, Rollup1hRetention: -1, Now: func() time.Time { return now }}
	dir := t.TempDir()
	db := open(t, dir, o)
	old, kept := metric("old", "model", "a"), metric("kept", "model", "a")
	push(t, db, old, point{startMS(), 1})
	push(t, db, kept, point{startMS(), 1})
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	now = start.Add(2 * time.Hour)
	push(t, db, kept, point{now.UnixMilli(), 2})
	pending := db.Appender(now)
	id, err := pending.Series(old)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := db.DropOld(); err != nil {
		t.Fatal(err)
	}
	if s := db.Stats(); s.Blocks != 1 || s.Series != 1 || s.BlockSamples != 1 {
		t.Fatalf("%+v", s)
	}
	pending.Sample(id, now.UnixMilli(), 3)
	if r, err := pending.Commit(); err != nil || r.Appended != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	check := func(when string) {
		t.Helper()
		if got := read(t, db, named("old")); len(got) != 1 || !samePoints(got[old.String()], []point{{now.UnixMilli(), 3}}) {
			t.Fatalf("%s: %v", when, got)
		}
		if got := db.Labels(id).String(); got != old.String() {
			t.Fatalf("%s: series %d is %s", when, id, got)
		}
	}
	check("brought back")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, dir, o)
	check("after a restart")

	// Forget everything, restart, and add: the id is a new one.
	now = now.Add(2 * time.Hour)
	if err := db.DropOld(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, dir, o)
	if s := db.Stats(); s.Series != 0 {
		t.Fatalf("%+v", s)
	}
	fresh, err := db.Appender(now).Series(metric("fresh", "model", "a"))
	if err != nil || fresh <= id {
		t.Fatalf("id %d after %d: %v", fresh, id, err)
	}
}

// TestForgottenSeriesComesAgain: a sender pushes again what was forgotten; there is one such series.
func TestForgottenSeriesComesAgain(t *testing.T) {
	now := start
	o := tsdb.Options{Retention: time.Hour, Rollup5mRetention: -1, Rollup1hRetention: -1, Now: func() time.Time { return now }}
	dir := t.TempDir()
	db := open(t, dir, o)
	ls := metric("m", "model", "a")
	a := db.Appender(now)
	older, err := a.Series(ls)
	if err != nil {
		t.Fatal(err)
	}
	push(t, db, metric("other"), point{now.UnixMilli(), 1}) // the series is in the log now
	if err := db.DropOld(); err != nil {                    // no sample yet, so it is forgotten
		t.Fatal(err)
	}
	push(t, db, ls, point{now.UnixMilli(), 1})
	a.Sample(older, now.UnixMilli()+1, 2)
	if r, err := a.Commit(); err != nil || r.Appended != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	want := []point{{now.UnixMilli(), 1}, {now.UnixMilli() + 1, 2}}
	for range 2 {
		if got := read(t, db, named("m")); len(got) != 1 || !samePoints(got[ls.String()], want) {
			t.Fatal(got)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open(t, dir, o)
	}
}

// TestForgottenUnderAnAppendSurvivesAKill: a series is forgotten between being resolved and committed.
// The log, all that a kill leaves, must name it ahead of its sample and its exemplar.
func TestForgottenUnderAnAppendSurvivesAKill(t *testing.T) {
	for what, add := range map[string]func(*tsdb.Appender, tsdb.SeriesID){
		"sample": func(a *tsdb.Appender, id tsdb.SeriesID) { a.Sample(id, startMS(), 1) },
		"exemplar": func(a *tsdb.Appender, id tsdb.SeriesID) {
			a.Exemplar(id, exemplar.Exemplar{Value: 1, Ts: startMS(), HasTs: true})
		},
	} {
		t.Run(what, func(t *testing.T) {
			mem := vfs.NewMem()
			o := options()
			o.FS = mem
			db := open(t, "data", o)
			a := db.Appender(start)
			id, err := a.Series(metric("m", "model", "a"))
			if err != nil {
				t.Fatal(err)
			}
			push(t, db, metric("other"), point{startMS(), 1}) // the series is in the log now
			if err := db.DropOld(); err != nil {
				t.Fatal(err)
			}
			if db.Stats().Series != 1 {
				t.Fatalf("not forgotten: %+v", db.Stats())
			}
			add(a, id)
			if r, err := a.Commit(); err != nil || r.Appended+r.Exemplars != 1 {
				t.Fatalf("%+v %v", r, err)
			}
			o.FS = mem.Clone()
			again := open(t, "data", o)
			if got := again.Labels(id).Get("model"); got != "a" {
				t.Fatalf("after a kill the model is %q", got)
			}
		})
	}
}

// TestSeriesUnderWayIsNotForgotten: an append has made it, and its samples are about to come.
func TestSeriesUnderWayIsNotForgotten(t *testing.T) {
	db := open(t, t.TempDir(), options())
	a := db.Appender(start)
	id, err := a.Series(metric("m"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.DropOld(); err != nil {
		t.Fatal(err)
	}
	if s := db.Stats(); s.Series != 1 || db.Labels(id).IsEmpty() {
		t.Errorf("forgotten: %+v", s)
	}
	a.Sample(id, startMS(), 1)
	if r, err := a.Commit(); err != nil || r.Appended != 1 {
		t.Fatalf("%+v %v", r, err)
	}
}

// TestLateSeriesIsNotForgotten: its samples are older than every block, but in memory.
func TestLateSeriesIsNotForgotten(t *testing.T) {
	db := open(t, t.TempDir(), options())
	push(t, db, metric("m", "model", "a"), point{startMS(), 1})
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	push(t, db, metric("late", "model", "a"), point{startMS() - 3_600_000, 1})
	if err := db.DropOld(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, db, named("late")); len(got) != 1 {
		t.Fatal(got)
	}
}

// TestRetentionBySize drops the oldest blocks.
func TestRetentionBySize(t *testing.T) {
	now := start
	o := tsdb.Options{Now: func() time.Time { return now }, RetentionSizeBytes: 1}
	db := open(t, t.TempDir(), o)
	for i := range 5 {
		now = now.Add(time.Minute)
		push(t, db, metric("m", "model", fmt.Sprint(i)), point{now.UnixMilli(), 1})
		if err := db.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.DropOld(); err != nil {
		t.Fatal(err)
	}
	if s := db.Stats(); s.Blocks != 0 || s.BlockBytes != 0 {
		t.Fatalf("%+v", s)
	}
}
