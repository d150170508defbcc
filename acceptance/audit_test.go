package acceptance

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAuditFindsOneChangedByte changes single bytes of the journal's file, each time in a fresh copy, and
// asks `heddle audit verify` about it: every byte of what an event says is covered.
func TestAuditFindsOneChangedByte(t *testing.T) {
	t.Parallel()
	receiver := newReceiver(t, 0)
	s := newServer(t, storyFiles(receiver.URL))
	p := s.push(200*time.Millisecond, scores(well, well, well))
	p.set <- scores(poor, well, well)
	eventually(t, "the route leaves the primary", func() bool { return len(s.journal("switch")) == 1 })
	p.stop()

	if code, stdout, stderr := run(t, s.dir, "audit", "verify", "--url", s.url("")); code != 0 {
		t.Errorf("the journal of the running server: exit code %d\n%s%s", code, stdout, stderr)
	}
	code, exported, stderr := run(t, s.dir, "audit", "export", "--url", s.url(""))
	if lines := strings.Count(exported, "\n"); code != 0 || lines != len(s.journal("")) {
		t.Errorf("export: exit code %d, %d lines, want %d\n%s", code, lines, len(s.journal("")), stderr)
	}
	s.stop()
	if code, stdout, stderr := run(t, s.dir, "audit", "verify", "--data", "data"); code != 0 {
		t.Fatalf("the journal at rest: exit code %d\n%s%s", code, stdout, stderr)
	}

	whole, err := os.ReadFile(s.path("data/journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for _, word := range []string{`"atlas"`, `"borea"`, `"epoch"`, `avg(score, 3s)`, "decision", "switch"} {
		for at := range indexes(whole, word) {
			changed++
			if changed%7 != 1 && changed > 20 {
				continue // the first twenty, and then a sample: each costs a process
			}
			broken := bytes.Clone(whole)
			broken[at+1] ^= 0x01
			dir := t.TempDir()
			copyFiles(t, s.path("data"), dir)
			if err := os.WriteFile(filepath.Join(dir, "journal.db"), broken, 0o600); err != nil {
				t.Fatal(err)
			}
			if code, stdout, stderr := run(t, dir, "audit", "verify", "--data", dir); code != 1 {
				t.Errorf("byte %d of %d, in %q: exit code %d\n%s%s", at+1, len(whole), around(whole, at), code, stdout, stderr)
			}
		}
	}
	if changed < 5 {
		t.Errorf("only %d places to change were found", changed)
	}
}

// indexes yields where word stands in text.
func indexes(text []byte, word string) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for from := 0; ; {
			at := bytes.Index(text[from:], []byte(word))
			if at < 0 || !yield(from+at) {
				return
			}
			from += at + 1
		}
	}
}

func around(text []byte, at int) []byte {
	return text[max(0, at-20):min(len(text), at+40)]
}

// copyFiles copies the files of a directory, not those below it.
func copyFiles(t *testing.T, from, to string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(from, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, entry.Name()), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
