package tsdb_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb"
)

// TestWhatIsTaken gives a series with a sample at 60 s and 120 s one more sample.
func TestWhatIsTaken(t *testing.T) {
	at := func(seconds int64) int64 { return startMS() + seconds*1000 }
	f := func(ms int64, v float64, want string) {
		t.Helper()
		o := options()
		o.OutOfOrder = time.Minute
		o.Retention = 2 * time.Hour
		db := open(t, t.TempDir(), o)
		ls := metric("m", "model", "a")
		push(t, db, ls, point{at(60), 1}, point{at(120), math.NaN()})
		check := func(r tsdb.Result, when string) {
			t.Helper()
			got := fmt.Sprintf("appended %d, duplicates %d", r.Appended, r.Duplicates)
			for _, refusal := range r.Refused {
				got += fmt.Sprintf(", %s %d", refusal.Reason, refusal.Count)
				if !strings.Contains(refusal.Example, `model="a"`) {
					t.Errorf("%s: example %q does not name the series", when, refusal.Example)
				}
			}
			if got != want {
				t.Errorf("%v at %s, %s: got %s, want %s", v, time.UnixMilli(ms).UTC(), when, got, want)
			}
		}
		check(push(t, db, ls, point{ms, v}), "from memory")
		db = open(t, t.TempDir(), o)
		push(t, db, ls, point{at(60), 1}, point{at(120), math.NaN()})
		if err := db.Flush(); err != nil {
			t.Fatal(err)
		}
		check(push(t, db, ls, point{ms, v}), "from a block")
	}
	f(at(180), 1, "appended 1, duplicates 0")
	f(at(120), math.NaN(), "appended 0, duplicates 1")
	f(at(120), math.Float64frombits(math.Float64bits(math.NaN())+1), "appended 0, duplicates 0, conflict 1")
	f(at(60), 1, "appended 0, duplicates 1")
	f(at(60), 2, "appended 0, duplicates 0, conflict 1")
	f(at(90), 1, "appended 1, duplicates 0")
	f(at(59), 1, "appended 0, duplicates 0, too_old 1")
	f(at(4200), 1, "appended 1, duplicates 0")
	f(at(4201), 1, "appended 0, duplicates 0, too_far_ahead 1")
	f(at(-3601), 1, "appended 0, duplicates 0, too_old 1")
}

// TestLaggingSeries: a series of a group may fill in what is old for the group, since it is new for it.
func TestLaggingSeries(t *testing.T) {
	db := open(t, t.TempDir(), options())
	fast, slow := metric("fast", "model", "a"), metric("slow", "model", "a")
	for i := range int64(300) {
		push(t, db, fast, point{startMS() + i*10_000, 1})
	}
	if r := push(t, db, slow, point{startMS(), 5}, point{startMS() + 10_000, 6}); r.Appended != 2 {
		t.Fatalf("%+v", r)
	}
	if got := read(t, db, named("slow"))[slow.String()]; !samePoints(got, []point{{startMS(), 5}, {startMS() + 10_000, 6}}) {
		t.Fatalf("got %v", got)
	}
}

func TestLimits(t *testing.T) {
	o := options()
	o.MaxSeries = 5
	o.MaxSeriesPerLabel = map[string]int{"model": 2}
	registry := prometheus.NewRegistry()
	o.Registerer = registry
	db := open(t, t.TempDir(), o)
	known := metric("a", "model", "x")
	push(t, db, known, point{startMS(), 1})
	push(t, db, metric("b", "model", "x"), point{startMS(), 1})

	a := db.Appender(start)
	var limit *tsdb.LimitError
	if _, err := a.Series(metric("c", "model", "x")); !errors.As(err, &limit) || limit.Limit != "model" || limit.Value != "x" || limit.Max != 2 {
		t.Fatalf("got %v", err)
	}
	id, err := a.Series(known)
	if err != nil {
		t.Fatal(err)
	}
	a.Sample(id, startMS()+1, 2)
	result, err := a.Commit()
	if err != nil || result.Appended != 1 || len(result.Refused) != 0 {
		t.Fatalf("%+v %v", result, err)
	}
	for i := range 3 {
		push(t, db, metric("a", "model", fmt.Sprint(i)), point{startMS(), 1})
	}
	if _, err := db.Appender(start).Series(metric("a", "model", "9")); !errors.As(err, &limit) || limit.Limit != "max_series" {
		t.Fatalf("got %v", err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "heddle_tsdb_series_limited_total" {
			continue
		}
		if text := family.String(); !strings.Contains(text, `"x"`) || !strings.Contains(text, "max_series") {
			t.Fatal(text)
		}
		return
	}
	t.Fatal("no metric names the offender")
}

func TestInvalidInputIsRefused(t *testing.T) {
	db := open(t, t.TempDir(), options())
	a := db.Appender(start)
	for _, ls := range []labels.Labels{
		labels.EmptyLabels(),
		labels.FromStrings("__name__", ""),
	} {
		if _, err := a.Series(ls); !errors.Is(err, tsdb.ErrInvalidLabels) {
			t.Errorf("%s: %v", ls, err)
		}
	}
	a.Sample(12345, startMS(), 1)
	id, err := a.Series(metric("h", "model", "a"))
	if err != nil {
		t.Fatal(err)
	}
	a.Histogram(id, startMS(), &histogram.Histogram{Count: 5, Schema: 1}, nil) // counts more than its buckets
	result, err := a.Commit()
	if err != nil || result.Appended != 0 || result.RefusedCount() != 2 {
		t.Fatalf("%+v %v", result, err)
	}
}

// TestResolve parses a key only when it is new.
func TestResolve(t *testing.T) {
	db := open(t, t.TempDir(), options())
	parsed := 0
	parse := func(key []byte) (labels.Labels, error) {
		parsed++
		if string(key) == "bad" {
			return labels.EmptyLabels(), errors.New("unreadable")
		}
		return metric(string(key), "model", "a"), nil
	}
	a := db.Appender(start)
	first, err := a.Resolve([]byte("one"), parse)
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.Resolve([]byte("one"), parse)
	other, otherErr := a.Resolve([]byte("two"), parse)
	if err != nil || otherErr != nil || again != first || other == first || parsed != 2 {
		t.Fatalf("%d %d %d, parsed %d: %v %v", first, again, other, parsed, err, otherErr)
	}
	if _, err := a.Resolve([]byte("bad"), parse); err == nil || err.Error() != "unreadable" {
		t.Fatal(err)
	}
	if got := db.Labels(first).String(); got != metric("one", "model", "a").String() {
		t.Fatal(got)
	}
}
