package wal_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/tsdb/vfs"
	"github.com/neuroweaver/heddle/tsdb/wal"
)

// replayed opens a log and returns what is in it.
func replayed(t *testing.T, fs vfs.FS, from int) (log *wal.Log, payloads []string, torn int, err error) {
	t.Helper()
	log, err = wal.Open(fs, "wal", 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	err = log.Replay(from, func(p []byte) error {
		payloads = append(payloads, string(p))
		return nil
	}, func(wal.Torn) { torn++ })
	return log, payloads, torn, err
}

func frames(payloads ...string) *wal.Frames {
	var f wal.Frames
	for _, p := range payloads {
		f.Add(func(dst []byte) []byte { return append(dst, p...) })
	}
	return &f
}

func appendAll(t *testing.T, log *wal.Log, payloads ...string) {
	t.Helper()
	if err := log.Append(frames(payloads...), false); err != nil {
		t.Fatal(err)
	}
}

func segment(n int) string { return filepath.Join("wal", fmt.Sprintf("%08d.wal", n)) }

func TestReplayGivesWhatWasAppended(t *testing.T) {
	fs := vfs.NewMem()
	log, _, _, err := replayed(t, fs, 1)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 100 { // about fifty segments
		payload := fmt.Sprint(i, " ", string(bytes.Repeat([]byte{'x'}, i*5)))
		appendAll(t, log, payload, "second")
		want = append(want, payload, "second")
		if i == 50 {
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			if log, _, _, err = replayed(t, fs, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, got, torn, err := replayed(t, fs.Clone(), 1)
	if err != nil || torn != 0 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got %d of %d payloads, %d torn, %v", len(got), len(want), torn, err)
	}
	if size := log.Bytes(); size < 25_000 {
		t.Fatalf("%d bytes", size)
	}
}

func TestDropKeepsWhatFollowsARotation(t *testing.T) {
	fs := vfs.NewMem()
	log, _, _, _ := replayed(t, fs, 1)
	appendAll(t, log, "before")
	number, err := log.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, log, "after")
	if err := log.Drop(number); err != nil {
		t.Fatal(err)
	}
	if _, got, _, err := replayed(t, fs.Clone(), number); err != nil || fmt.Sprint(got) != "[after]" {
		t.Fatal(got, err)
	}
	if segments, err := log.Segments(); err != nil || len(segments) != 1 || segments[0] != number {
		t.Fatal(segments, err)
	}
}

// TestNumbersAreNotUsedAgain: what a block says it covers must never match later segments.
func TestNumbersAreNotUsedAgain(t *testing.T) {
	log, _, _, err := replayed(t, vfs.NewMem(), 7)
	if err != nil {
		t.Fatal(err)
	}
	if number, err := log.Rotate(); err != nil || number != 7 {
		t.Fatal(number, err)
	}
}

// TestTornEnd cuts a log at every byte: what was durable is there, the rest is whole or gone.
func TestTornEnd(t *testing.T) {
	fs := vfs.NewMem()
	log, _, _, _ := replayed(t, fs, 1)
	appendAll(t, log, "durable")
	if err := log.Sync(); err != nil {
		t.Fatal(err)
	}
	data, _ := vfs.ReadFile(fs, segment(1))
	durable := len(data)
	appendAll(t, log, "one")
	appendAll(t, log, "two")
	data, _ = vfs.ReadFile(fs, segment(1))
	for size := durable; size <= len(data); size++ {
		cut := fs.Clone()
		if err := cut.Truncate(segment(1), int64(size)); err != nil {
			t.Fatal(err)
		}
		log, got, torn, err := replayed(t, cut, 1)
		want := map[bool]string{true: "[durable]"}[size < durable+19]
		switch {
		case size == len(data):
			want = "[durable one two]"
		case want == "":
			want = "[durable one]"
		}
		whole := size == durable || size == durable+19 || size == len(data)
		if err != nil || fmt.Sprint(got) != want || (torn == 0) != whole {
			t.Fatalf("cut at %d of %d: %v, torn %d, %v", size, len(data), got, torn, err)
		}
		appendAll(t, log, "three")
		if _, again, torn, err := replayed(t, cut.Clone(), 1); err != nil || torn != 0 || fmt.Sprint(again) != fmt.Sprint(append(got, "three")) {
			t.Fatalf("cut at %d, then appended: %v, torn %d, %v", size, again, torn, err)
		}
	}
}

// TestTornHeader leaves of a segment that was being made its first bytes, or zeros: the log goes on as if it
// had not been made. A header that says something else is refused.
func TestTornHeader(t *testing.T) {
	const header = 24 // docs/format/wal.md
	fs := vfs.NewMem()
	log, _, _, _ := replayed(t, fs, 1)
	appendAll(t, log, "one")
	if _, err := log.Rotate(); err != nil {
		t.Fatal(err)
	}
	for size := range header + 1 {
		for _, zeros := range []bool{false, true} {
			torn := fs.Clone()
			if err := torn.Truncate(segment(2), int64(size)); err != nil {
				t.Fatal(err)
			}
			if err := torn.Change(segment(2), func(b []byte) []byte {
				if zeros {
					clear(b)
				}
				return b
			}); err != nil {
				t.Fatal(err)
			}
			log, got, _, err := replayed(t, torn, 1)
			if err != nil || fmt.Sprint(got) != "[one]" {
				t.Fatalf("%d bytes, zeros %v: %v, %v", size, zeros, got, err)
			}
			appendAll(t, log, "two")
			if _, again, _, err := replayed(t, torn.Clone(), 1); err != nil || fmt.Sprint(again) != "[one two]" {
				t.Fatalf("%d bytes, zeros %v, then appended: %v, %v", size, zeros, again, err)
			}
		}
	}
	damaged := fs.Clone()
	if err := damaged.Change(segment(2), func(b []byte) []byte { clear(b); b[header-1] = 1; return b }); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := replayed(t, damaged, 1); err == nil {
		t.Error("a header that is no header was accepted")
	}
}

// TestDamageInDurablePart flips a bit of every byte that is known to be durable: each is refused, with
// the file and a place at or before the damage.
func TestDamageInDurablePart(t *testing.T) {
	fs := vfs.NewMem()
	log, _, _, _ := replayed(t, fs, 1)
	appendAll(t, log, "first", "second")
	if err := log.Sync(); err != nil {
		t.Fatal(err)
	}
	data, _ := vfs.ReadFile(fs, segment(1))
	appendAll(t, log, "later") // proves that what came before was durable
	for at := range data {
		damaged := fs.Clone()
		if err := damaged.Change(segment(1), func(b []byte) []byte { b[at] ^= 4; return b }); err != nil {
			t.Fatal(err)
		}
		_, got, _, err := replayed(t, damaged, 1)
		var corrupt *vfs.CorruptionError
		if !errors.As(err, &corrupt) || corrupt.File != segment(1) || corrupt.Offset > int64(at) {
			t.Fatalf("byte %d: got %v, error %v", at, got, err)
		}
	}
}

// TestFailedWriteLeavesNothing writes to a disk that becomes full within a frame, and then to one with
// space again.
func TestFailedWriteLeavesNothing(t *testing.T) {
	for space := range int64(40) {
		fs := vfs.NewMem()
		log, _, _, _ := replayed(t, fs, 1)
		appendAll(t, log, "first")
		fs.SetCapacity(fs.Used() + space)
		err := log.Append(frames("a payload that is longer than that"), false)
		if !errors.Is(err, vfs.ErrDiskFull) {
			t.Fatal(err)
		}
		fs.SetCapacity(0)
		appendAll(t, log, "second")
		if err := log.Sync(); err != nil {
			t.Fatal(err)
		}
		appendAll(t, log, "third")
		if _, got, torn, err := replayed(t, fs.Clone(), 1); err != nil || torn != 0 || fmt.Sprint(got) != "[first second third]" {
			t.Fatalf("space %d: %v, torn %d, %v", space, got, torn, err)
		}
	}
}

// TestPowerLoss appends and syncs at random and takes the power away: what was synced is there, in
// order, and what follows it is a part of what was appended.
func TestPowerLoss(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	for round := range 300 {
		fs := vfs.NewMem()
		log, _, _, _ := replayed(t, fs, 1)
		var all []string
		synced := 0
		for i := range random.IntN(60) {
			payload := fmt.Sprint(i, string(make([]byte, random.IntN(200))))
			durable := random.IntN(10) == 0
			if err := log.Append(frames(payload), durable); err != nil {
				t.Fatal(err)
			}
			all = append(all, payload)
			if durable {
				synced = len(all)
			}
			if random.IntN(8) == 0 {
				if err := log.Sync(); err != nil {
					t.Fatal(err)
				}
				synced = len(all)
			}
		}
		_, got, _, err := replayed(t, fs.CrashClone(random), 1)
		if err != nil || len(got) < synced || len(got) > len(all) || fmt.Sprint(got) != fmt.Sprint(all[:len(got)]) {
			t.Fatalf("seed %d, round %d: %d of %d payloads, %d were durable: %v", seed, round, len(got), len(all), synced, err)
		}
	}
}

// FuzzReplay gives a log a segment of any content: it is read or refused, and never read twice
// differently.
func FuzzReplay(f *testing.F) {
	fs := vfs.NewMem()
	log, err := wal.Open(fs, "wal", 0)
	if err != nil {
		f.Fatal(err)
	}
	if err := log.Replay(1, func([]byte) error { return nil }, func(wal.Torn) {}); err != nil {
		f.Fatal(err)
	}
	if err := log.Append(frames("one", "two"), true); err != nil {
		f.Fatal(err)
	}
	whole, _ := vfs.ReadFile(fs, segment(1))
	f.Add(whole)
	f.Add(whole[:len(whole)-2])
	f.Add(whole[:10])
	f.Fuzz(func(t *testing.T, data []byte) {
		fs := vfs.NewMem()
		if err := fs.MkdirAll("wal"); err != nil {
			t.Fatal(err)
		}
		file, _ := fs.Create(segment(1))
		file.Write(data)
		log, first, _, err := replayed(t, fs, 1)
		if err != nil {
			var corrupt *vfs.CorruptionError
			if !errors.As(err, &corrupt) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		appendAll(t, log, "next")
		_, again, torn, err := replayed(t, fs, 1)
		if err != nil || torn != 0 || fmt.Sprint(again) != fmt.Sprint(append(first, "next")) {
			t.Fatalf("%q, then %q: torn %d, %v", first, again, torn, err)
		}
	})
}
