package acceptance

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAuditFindsOneChangedByte changes one byte of what an event says, for each event in turn, each time in
// a fresh copy of the journal's file, and asks `heddle audit verify` about it.
func TestAuditFindsOneChangedByte(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

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
	if code != 0 {
		t.Fatalf("export: exit code %d\n%s", code, stderr)
	}
	events := strings.Split(strings.TrimSpace(exported), "\n")
	if len(events) < 5 {
		t.Errorf("only %d events", len(events))
	}
	s.stop()
	if code, stdout, stderr := run(t, s.dir, "audit", "verify", "--data", "data"); code != 0 {
		t.Fatalf("the journal at rest: exit code %d\n%s%s", code, stdout, stderr)
	}

	whole, err := os.ReadFile(s.path("data/journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		// What the event says begins after its kind, as it stands in the file.
		const longest = 100 // bytes: it must stand on one page
		_, said, _ := strings.Cut(e, `"kind":"`)
		_, said, _ = strings.Cut(said, `",`)
		said, _, _ = strings.Cut(said, `,"hash":`)
		said = said[:min(len(said), longest)]
		offset := random.IntN(len(said))
		broken := bytes.Clone(whole)
		changed := 0
		// Pages that were rewritten leave copies in unused space: there the byte changes too.
		for at := range indexes(whole, said) {
			broken[at+offset] ^= 1 << random.IntN(8)
			changed++
		}
		if changed == 0 {
			t.Errorf("%q is not in the journal's file", said)
			continue
		}
		dir := t.TempDir()
		copyFiles(t, s.path("data"), dir)
		if err := os.WriteFile(filepath.Join(dir, "journal.db"), broken, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, stdout, stderr := run(t, dir, "audit", "verify", "--data", dir); code != 1 {
			t.Errorf("byte %d of %q: exit code %d\n%s%s", offset, said, code, stdout, stderr)
		}
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
