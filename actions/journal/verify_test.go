package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// content is every event of a file as a reader would be shown it, or the error that it meets.
func content(t *testing.T, path string) string {
	t.Helper()
	db, err := connect(path, "ro")
	if err != nil {
		return err.Error()
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT seq, time_ns, quote(kind), quote(CAST(payload AS BLOB)), quote(hash) FROM event NOT INDEXED ORDER BY seq`)
	if err != nil {
		return err.Error()
	}
	defer rows.Close()
	var out strings.Builder
	for rows.Next() {
		var seq, timeNS any
		var kind, payload, hash string
		if err := rows.Scan(&seq, &timeNS, &kind, &payload, &hash); err != nil {
			return err.Error()
		}
		fmt.Fprintln(&out, seq, timeNS, kind, payload, hash)
	}
	if err := rows.Err(); err != nil {
		return err.Error()
	}
	return out.String()
}

// Every byte of the file (with HEDDLE_LONG; else every byte that is not zero) is changed in turn: where that changes what a reader of the events would
// see, the check must say so; and it never says so of the file as it was.
func TestOneChangedByteIsFound(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "j")
	j := open(t, path, Options{})
	fill(t, j, 1, 5)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	truth := content(t, path)
	if report, err := Verify(t.Context(), path); err != nil || report.Broken != nil || report.Events != 5 {
		t.Fatalf("%+v %v", report, err)
	}
	changed, found := 0, 0
	for offset := range whole {
		if whole[offset] == 0 && os.Getenv("HEDDLE_LONG") == "" {
			continue // nearly all of them are free space
		}
		damaged := slices.Clone(whole)
		damaged[offset] ^= 1 << (offset % 8)
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if content(t, path) == truth {
			continue // in free space, or not part of any event
		}
		changed++
		report, err := Verify(t.Context(), path)
		if err != nil || report.Broken == nil {
			t.Errorf("a change at offset %d went unnoticed: %v", offset, err)
			continue
		}
		found++
	}
	if events := len(truth); changed < events/3 {
		t.Errorf("only %d changes touched events of %d characters", changed, events)
	}
	t.Logf("%d of %d bytes belong to events; %d changes found", changed, len(whole), found)
}

// Changes made through the database, as by someone who knows it.
func TestForgeryIsFound(t *testing.T) {
	f := func(statement string, seq uint64) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "j")
		j := open(t, path, Options{})
		fill(t, j, 1, 10)
		if _, err := j.insert.conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		report := verified(t, j)
		if report.Broken == nil || report.Broken.Seq != seq {
			t.Errorf("%s: %+v, want a break at %d", statement, report.Broken, seq)
		}
	}
	f(`UPDATE event SET payload = replace(payload, 'r1', 'r2') WHERE seq = 4`, 4)
	f(`UPDATE event SET kind = 'even' WHERE seq = 5`, 5)
	f(`UPDATE event SET time_ns = time_ns + 1 WHERE seq = 6`, 6)
	f(`UPDATE event SET hash = zeroblob(32) WHERE seq = 7`, 7)
	f(`DELETE FROM event WHERE seq = 1`, 1)
	f(`DELETE FROM event WHERE seq = 5`, 5)
	f(`UPDATE event SET seq = 11 WHERE seq = 8`, 8)
	f(`UPDATE event SET seq = -seq WHERE seq = 3`, 3)
	f(`DELETE FROM event WHERE seq > 6`, 7) // the head file knows better
	f(`DELETE FROM event WHERE seq > 6; UPDATE head SET (seq, hash) = (SELECT seq, hash FROM event WHERE seq = 6)`, 7)
	f(`DELETE FROM event`, 1)
	f(`UPDATE head SET seq = 9`, 10)
	f(`UPDATE head SET hash = zeroblob(32)`, 10)
}

// An end that was cut off is noticed on the next start, and stays in the journal for good.
func TestCutEndIsNotedOnOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := open(t, path, Options{})
	fill(t, j, 1, 4)
	j.Close()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	j = open(t, path, Options{})
	fill(t, j, 5, 9)
	j.Close()
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if report, err := Verify(t.Context(), path); err != nil || report.Broken == nil || report.Broken.Seq != 5 {
		t.Errorf("%+v %v", report, err)
	}
	j = open(t, path, Options{})
	j.Close()
	j = open(t, path, Options{})
	events, err := j.Read(t.Context(), Filter{Kinds: []string{"journal_damaged"}})
	if err != nil || len(events) != 1 || !strings.Contains(string(events[0].Payload), "once ended at event 9") {
		t.Errorf("%v %v", events, err)
	}
}

func TestVerifyNamesWhatItCannotVouchFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := open(t, path, Options{})
	fill(t, j, 1, 3)
	j.Close()
	for _, text := range []string{"", "rubbish", strings.Repeat("9", 200)} {
		if err := os.WriteFile(path+headSuffix, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		report, err := Verify(t.Context(), path)
		if err != nil || text != "" && report.Broken == nil {
			t.Errorf("head file %q: %+v %v", text, report, err)
		}
	}
	if err := os.Remove(path + headSuffix); err != nil {
		t.Fatal(err)
	}
	if report, err := Verify(t.Context(), path); err != nil || report.Broken == nil {
		t.Errorf("no head file: %+v %v", report, err)
	}
	if _, err := Verify(t.Context(), path+"-nowhere"); err == nil {
		t.Error("a journal that does not exist was verified")
	}
}

func FuzzReadHead(f *testing.F) {
	f.Add(fmt.Sprintf("%020d %s\n", 42, Hash{1}))
	f.Add("")
	f.Add("1 2\n")
	f.Fuzz(func(t *testing.T, text string) {
		seq, hash, err := readHead(strings.NewReader(text))
		if err == nil && text != "" && fmt.Sprintf("%020d %s\n", seq, hash) != strings.ToLower(text) {
			t.Errorf("%q was read as %d %s", text, seq, hash)
		}
	})
}
