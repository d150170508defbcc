package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.UTC)

type note struct {
	Route string `json:"route,omitempty"`
	N     int    `json:"n"`
}

func open(t testing.TB, path string, o Options) *Journal {
	t.Helper()
	if o.ReserveBytes == 0 {
		o.ReserveBytes = -1 // it takes longer than most tests
	}
	j, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func batch(n int, kind, route string) *Batch {
	b := &Batch{}
	b.Event(start.Add(time.Duration(n)*time.Second), kind, note{route, n})
	b.Put("notes", fmt.Sprint(n), note{route, n})
	return b
}

func fill(t testing.TB, j *Journal, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		if err := j.Append(batch(n, []string{"odd", "even"}[(n+1)%2], fmt.Sprint("r", n%3))).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func verified(t testing.TB, j *Journal) Report {
	t.Helper()
	report, err := j.Verify(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func numbers(events []Event) []uint64 {
	var out []uint64
	for _, e := range events {
		out = append(out, e.Seq)
	}
	return out
}

func TestReadSelects(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "j"), Options{})
	fill(t, j, 1, 12)
	f := func(filter Filter, want ...uint64) {
		t.Helper()
		events, err := j.Read(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		if got := numbers(events); !slices.Equal(got, want) {
			t.Errorf("%+v: %v, want %v", filter, got, want)
		}
	}
	f(Filter{}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	f(Filter{Kinds: []string{"even"}}, 2, 4, 6, 8, 10, 12)
	f(Filter{Kinds: []string{"even", "odd"}, Limit: 2}, 1, 2)
	f(Filter{Kinds: []string{"none"}})
	f(Filter{Route: "r1"}, 1, 4, 7, 10)
	f(Filter{Route: "r1' OR 1 --"})
	f(Filter{After: 10}, 11, 12)
	f(Filter{Newest: true, Limit: 3}, 12, 11, 10)
	f(Filter{Newest: true, After: 10, Limit: 2}, 9, 8)
	f(Filter{From: start.Add(3 * time.Second), To: start.Add(5 * time.Second)}, 3, 4, 5)
}

func TestEventKeepsItsFormAndBytes(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "j"), Options{})
	b := &Batch{}
	b.Event(start, "switch", json.RawMessage(`{"route":"chat","why":"\u003e 2 ü","n":1.50}`))
	b.Event(start, "empty", struct{}{})
	if err := j.Append(b).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := j.Export(t.Context(), &out, Filter{}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if want := `{"seq":1,"time":"2026-01-02T03:04:05.678901234Z","kind":"switch","route":"chat","why":"\u003e 2 ü","n":1.50,"hash":"`; !strings.HasPrefix(lines[0], want) {
		t.Errorf("exported %s", lines[0])
	}
	for _, line := range lines {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil || len(fields["hash"].(string)) != 64 {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestReopenGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	for round := range 5 {
		j := open(t, path, Options{})
		fill(t, j, round*10+1, round*10+10)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	j := open(t, path, Options{})
	report := verified(t, j)
	if report.Events != 50 || report.Broken != nil {
		t.Errorf("%+v", report)
	}
	if _, hash := j.Head(); hash.String() != report.Head {
		t.Error("the head is not the last event")
	}
	rows := 0
	for _, err := range j.Rows(t.Context(), "notes") {
		if err != nil {
			t.Fatal(err)
		}
		rows++
	}
	if rows != 50 {
		t.Errorf("%d rows", rows)
	}
}

// Batches handed in at the same time share transactions, keep their order and lose nothing.
func TestManyWritersShareTheDisk(t *testing.T) {
	var mu sync.Mutex
	var seen []uint64
	commits := 0
	path := filepath.Join(t.TempDir(), "j")
	j := open(t, path, Options{
		Committed: func(events []Event) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, numbers(events)...)
		},
		Fault: func(step string) error {
			if step == "commit" {
				commits++
			}
			return nil
		},
	})
	const writers, each = 16, 25
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for n := range each {
				if err := j.Append(batch(w*each+n, "k", "r")).Wait(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	j.Close()
	if len(seen) != writers*each || !slices.IsSorted(seen) {
		t.Errorf("saw %d events, sorted %v", len(seen), slices.IsSorted(seen))
	}
	if commits >= writers*each {
		t.Errorf("%d transactions for %d batches: nothing was shared", commits, writers*each)
	}
	report, err := Verify(t.Context(), path)
	if err != nil || report.Broken != nil || report.Events != writers*each {
		t.Errorf("%+v %v", report, err)
	}
}

// A fault at any step is answered at once, and is made good by the writer itself: nothing twice,
// nothing lost.
func TestFaultAtEveryStep(t *testing.T) {
	const batches = 4
	for n := 1; ; n++ {
		count, failed := 0, false
		path := filepath.Join(t.TempDir(), "j")
		j := open(t, path, Options{Fault: func(step string) error {
			if count++; count == n || count == n+1 { // twice, so that the retry fails as well
				failed = true
				return fmt.Errorf("fault at %s", step)
			}
			return nil
		}})
		var last *Ticket
		for i := range batches {
			last = j.Append(batch(i, "k", "r"))
			if err := last.Wait(t.Context()); err != nil && !errors.As(err, new(*StalledError)) {
				t.Fatal(err)
			}
		}
		<-last.done
		if err := j.Close(); err != nil {
			t.Fatalf("fault %d: %v", n, err)
		}
		j = open(t, path, Options{})
		events, err := j.Read(t.Context(), Filter{})
		if err != nil || !slices.Equal(numbers(events), []uint64{1, 2, 3, 4}) {
			t.Fatalf("fault %d: %v %v", n, numbers(events), err)
		}
		if report := verified(t, j); report.Broken != nil {
			t.Fatalf("fault %d: %+v", n, report.Broken)
		}
		if !failed {
			if n < 10 {
				t.Fatalf("only %d steps were tried", n)
			}
			return
		}
	}
}

// A full disk stalls the journal and nothing else; freed space is used at once.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := open(t, path, Options{})
	limit := func(pages int) {
		if _, err := j.insert.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, j, 1, 3)
	j.spare.giveUp()
	limit(1) // SQLite takes what the file has now
	var stalled *Ticket
	n := 4
	for ; stalled == nil; n++ {
		ticket := j.Append(batch(n, "k", strings.Repeat("x", 1000)))
		var full *StalledError
		switch err := ticket.Wait(t.Context()); {
		case errors.As(err, &full):
			if !strings.Contains(err.Error(), "full") {
				t.Errorf("the error does not say why: %v", err)
			}
			stalled = ticket
		case err != nil:
			t.Fatal(err)
		}
	}
	if waiting, why := j.Waiting(); waiting == 0 || why == nil {
		t.Errorf("waiting %d, %v", waiting, why)
	}
	// The writer owns the connection; the next attempt lies behind a pause, so this does not collide
	// with a transaction: database/sql serialises statements of one connection.
	limit(1 << 20)
	<-stalled.done
	if report := verified(t, j); report.Broken != nil || report.Events != uint64(n-1) {
		t.Errorf("%+v, %d written", report, n-1)
	}
}

// The room that is kept for a full disk is used before anyone has to wait.
func TestReserveIsUsedFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	scarce := func(string) (int64, error) { return scarceBytes - 1, nil }
	j := open(t, path, Options{ReserveBytes: reserveBytes, FreeBytes: scarce, Fault: func(string) error {
		if _, err := os.Stat(path + reserveSuffix); err == nil {
			return fmt.Errorf("write: %w", syscall.ENOSPC)
		}
		return nil
	}})
	if info, err := os.Stat(path + reserveSuffix); err != nil || info.Size() != reserveBytes {
		t.Fatalf("no room is kept: %v", err)
	}
	fill(t, j, 1, 3) // nobody is told that it stalls
	if _, err := os.Stat(path + reserveSuffix); err == nil {
		t.Error("the reserve is still there")
	}
	if report := verified(t, j); report.Broken != nil || report.Events != 3 {
		t.Errorf("%+v", report)
	}
	j.Close()
	j = open(t, path, Options{ReserveBytes: reserveBytes, FreeBytes: scarce})
	if _, err := os.Stat(path + reserveSuffix); err != nil {
		t.Error("the next start keeps no room")
	}
	j.Close()
	j = open(t, path, Options{ReserveBytes: reserveBytes, FreeBytes: func(string) (int64, error) { return scarceBytes, nil }})
	if _, err := os.Stat(path + reserveSuffix); err == nil {
		t.Error("room is kept on a disk with plenty of it")
	}
	j.Close()
}

// A journal that nobody writes to sees the disk fill up all the same.
func TestReserveIsMadeWhenSpaceGetsScarce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "j")
		var free atomic.Int64
		free.Store(scarceBytes)
		j := open(t, path, Options{ReserveBytes: reserveBytes, FreeBytes: func(string) (int64, error) { return free.Load(), nil }})
		defer j.Close()
		time.Sleep(10 * lookEvery)
		synctest.Wait()
		if _, err := os.Stat(path + reserveSuffix); err == nil {
			t.Fatal("room is kept on a disk with plenty of it")
		}
		free.Store(scarceBytes - 1)
		time.Sleep(2 * lookEvery)
		synctest.Wait()
		if info, err := os.Stat(path + reserveSuffix); err != nil || info.Size() != reserveBytes {
			t.Errorf("no room is kept: %v", err)
		}
	})
}

func TestRefusesForeignFiles(t *testing.T) {
	f := func(statement, want string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "j")
		j, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.insert.conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		j.Close()
		if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", statement, err)
		}
	}
	f(`PRAGMA application_id = 7`, "another program")
	f(`PRAGMA application_id = 0`, "another program")
	f(`PRAGMA user_version = 99`, "newer version")
}

func TestBoundsOnEvents(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "j"), Options{})
	f := func(kind string, payload any) {
		t.Helper()
		b := &Batch{}
		b.Event(start, kind, payload)
		if err := j.Append(b).Wait(t.Context()); err == nil {
			t.Errorf("kind %.10q was taken", kind)
		}
	}
	f("", note{})
	f(strings.Repeat("k", 65), note{})
	f("k", []int{1})
	f("k", func() {})
	f("k", map[string]string{"a": strings.Repeat("x", maxPayloadBytes)})
	if seq, _ := j.Head(); seq != 0 {
		t.Errorf("a refused event took place %d", seq)
	}
}

func TestClosedRefuses(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "j"), Options{})
	ticket := j.Append(batch(1, "k", "r"))
	if err := errors.Join(j.Close(), j.Close(), ticket.Wait(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(batch(2, "k", "r")).Wait(t.Context()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func BenchmarkAppend(b *testing.B) {
	j := open(b, filepath.Join(b.TempDir(), "j"), Options{})
	for b.Loop() {
		if err := j.Append(batch(1, "k", "r")).Wait(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
