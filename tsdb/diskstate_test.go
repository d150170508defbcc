package tsdb_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/tsdb"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// TestFullDiskIsLoggedOnce: the operator's log has the first refusal and the recovery, not each refusal.
func TestFullDiskIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	mem, now := vfs.NewMem(), start
	// An hour: the log of samples is synced by nobody beside the test.
	db, err := tsdb.Open("data", tsdb.Options{
		FS: mem, WALSync: time.Hour, Now: func() time.Time { return now }, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sent := 0
	push := func(want error) {
		t.Helper()
		sent++
		at := start.UnixMilli() + int64(sent)
		_, err := send(db, []given{{metric("up"), tsdb.Sample{TimeMS: at, Value: 1}}})
		if !errors.Is(err, want) {
			t.Fatalf("got %v, want %v", err, want)
		}
	}
	logged := func(full, room int) {
		t.Helper()
		text := log.String()
		if strings.Count(text, "the disk is full") != full || strings.Count(text, "has room again") != room {
			t.Fatalf("want %d and %d lines, the log is\n%s", full, room, text)
		}
	}
	push(nil)
	logged(0, 0)
	mem.SetCapacity(mem.Used())
	for range 5 {
		push(tsdb.ErrDiskFull)
	}
	logged(1, 0)
	mem.SetCapacity(0)
	push(nil) // may be one that happens to fit
	logged(1, 0)
	now = now.Add(time.Minute)
	push(nil)
	push(nil)
	logged(1, 1)
	if !strings.Contains(log.String(), "full_for=1m0s refused_writes=5") {
		t.Error(log.String())
	}
}
