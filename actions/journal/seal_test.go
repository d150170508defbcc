package journal

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// copyJournal copies what a journal has on disk at this moment, as a kill would leave it.
func copyJournal(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	for _, suffix := range []string{"", "-wal", headSuffix, sealSuffix} {
		content, err := os.ReadFile(path + suffix)
		if os.IsNotExist(err) {
			continue
		}
		if err == nil {
			err = os.WriteFile(to+suffix, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// filled is a closed journal with events and state, some of which was replaced and removed.
func filled(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "j")
	j := open(t, path, Options{})
	fill(t, j, 1, 60)
	b := &Batch{}
	b.Put("route", "chat", note{Route: strings.Repeat("atlas", 400)})
	b.Put("route", "code", note{Route: "borea"})
	j.Append(b)
	b = &Batch{}
	b.Delete("route", "chat")
	if err := j.Append(b).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// Whichever byte of the database file is changed, in events, derived state or unused room: it is found.
func TestAnyChangedByteIsFound(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	path := filled(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if report, err := Verify(t.Context(), path); err != nil || report.Broken != nil || report.Events != 60 {
		t.Fatalf("unchanged: %+v, %v", report, err)
	}
	for range 150 {
		at := random.IntN(len(whole))
		changed := append([]byte(nil), whole...)
		changed[at] ^= 1 << random.IntN(8)
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		report, err := Verify(t.Context(), path)
		if err == nil && report.Broken == nil {
			t.Fatalf("seed %d: a change of byte %d of %d is not found", seed, at, len(whole))
		}
	}
}

// A process that is killed leaves a seal that fits, and one that is tampered with afterwards does not.
func TestSealSurvivesAKill(t *testing.T) { synctest.Test(t, testSealSurvivesAKill) }

func testSealSurvivesAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := open(t, path, Options{})
	fill(t, j, 1, 20)
	waitFor(t, func() bool { _, err := os.Stat(path + sealSuffix); return err == nil })
	fill(t, j, 21, 25) // in SQLite's log alone
	copied := copyJournal(t, path)
	if report, err := Verify(t.Context(), copied); err != nil || report.Broken != nil || report.Events != 25 {
		t.Fatalf("killed: %+v, %v", report, err)
	}
	content, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)-1] ^= 0x20
	if err := os.WriteFile(copied, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if report, err := Verify(t.Context(), copied); err != nil || report.Broken == nil {
		t.Fatalf("a changed byte is not found: %+v, %v", report, err)
	}
	// The next start goes on, and says so for good.
	again := open(t, copied, Options{})
	waitFor(t, func() bool { seq, _ := again.Head(); return seq == 26 })
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := Verify(t.Context(), copied)
	if err != nil || report.Broken != nil || report.Events != 26 {
		t.Fatalf("after the damage was noted: %+v, %v", report, err)
	}
}

// A verification beside a writer that checkpoints never takes a checkpoint for damage.
func TestSealAndWriterAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := open(t, path, Options{})
	ctx, stop := context.WithCancel(t.Context())
	var verifying sync.WaitGroup
	verifying.Go(func() {
		for ctx.Err() == nil {
			if report, err := j.Verify(t.Context()); err != nil || report.Broken != nil {
				t.Errorf("%+v, %v", report, err)
				return
			}
		}
	})
	fill(t, j, 1, 3*checkpointEvery)
	stop()
	verifying.Wait()
}

// waitFor waits for what the writer does in its own time.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(4 * lookEvery); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen")
		}
	}
}
