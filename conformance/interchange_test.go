package conformance

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	prometheustsdb "github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/teststorage"

	"github.com/neuroweaver/heddle/tsdb/interchange"
)

// TestBlocks takes random data of every kind from Prometheus's store to ours by its blocks, and back.
func TestBlocks(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	theirs := prometheusBlocks(t, rand.New(rand.NewPCG(seed, 0)))
	want := readBlocks(t, theirs)

	ours := newStore(t, nil)
	report := importBlocks(t, ours, theirs)
	if len(report.Refused) > 0 || report.Duplicates > 0 || report.Appended != want.samples() || report.Deleted == 0 {
		t.Fatalf("of %d samples: %+v", want.samples(), report)
	}
	want.compare(t, "imported", contentsOf(t, ours))

	again := importBlocks(t, ours, theirs)
	if again.Appended != 0 || again.Duplicates != want.samples() || len(again.Refused) > 0 {
		t.Fatalf("a second time: %+v", again)
	}

	exported := t.TempDir()
	exporter := &interchange.Exporter{DB: ours.DB, FromMS: math.MinInt64, ToMS: math.MaxInt64}
	if err := exporter.Blocks(t.Context(), exported, 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	if r := exporter.Report(); r.Samples != want.samples() || r.Blocks != 2 {
		t.Fatalf("of %d samples in two stretches of two hours: %+v", want.samples(), r)
	}
	want.compare(t, "exported", readBlocks(t, exported))
}

// TestBlocksOlderThanWhatIsThere imports history into a store that has the newer half of it.
func TestBlocksOlderThanWhatIsThere(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	theirs := prometheusBlocks(t, rand.New(rand.NewPCG(seed, 0)))
	want := readBlocks(t, theirs)
	whole := newStore(t, nil)
	importBlocks(t, whole, theirs)
	newer := t.TempDir()
	exporter := &interchange.Exporter{DB: whole.DB, FromMS: randomSpanMS / 2, ToMS: math.MaxInt64}
	if err := exporter.Blocks(t.Context(), newer, 2*time.Hour); err != nil {
		t.Fatal(err)
	}

	ours := newStore(t, nil)
	importBlocks(t, ours, newer)
	if err := ours.reopen(); err != nil {
		t.Fatal(err)
	}
	report := importBlocks(t, ours, theirs)
	if report.Duplicates != exporter.Report().Samples || len(report.Refused) > 0 {
		t.Fatalf("%d samples were there: %+v", exporter.Report().Samples, report)
	}
	if err := ours.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	want.compare(t, "imported", contentsOf(t, ours))
}

// TestTextIsPrometheusText has promtool make blocks of the text that we write, and our import read it.
func TestTextIsPrometheusText(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	source := newStore(t, nil)
	for _, commit := range randomCommits(random) {
		if err := write(t.Context(), source, commit); err != nil {
			t.Fatal(err)
		}
	}
	var text bytes.Buffer
	exporter := &interchange.Exporter{DB: source.DB, FromMS: math.MinInt64, ToMS: math.MaxInt64}
	if err := exporter.Text(t.Context(), &text); err != nil {
		t.Fatal(err)
	}
	want := contentsOf(t, source).asText()
	if r := exporter.Report(); r.Samples != want.samples() || r.Histograms == 0 || r.StaleMarkers == 0 {
		t.Fatalf("of %d samples: %+v", want.samples(), r)
	}
	file := filepath.Join(t.TempDir(), "history.om")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}

	ours := newStore(t, nil)
	importer := &interchange.Importer{DB: ours.DB, OldestMS: math.MinInt64}
	if err := importer.Text(t.Context(), file, interchange.OpenMetrics); err != nil {
		t.Fatal(err)
	}
	want.compare(t, "read by ours", contentsOf(t, ours))

	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: Debian has it in the package prometheus")
	}
	blocks := t.TempDir()
	if out, err := exec.Command(promtool, "tsdb", "create-blocks-from", "openmetrics", file, blocks).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want.compare(t, "read by promtool", readBlocks(t, blocks))
}

// prometheusBlocks makes blocks with Prometheus's own store; a part is hidden by tombstones.
func prometheusBlocks(t *testing.T, random *rand.Rand) (dir string) {
	t.Helper()
	store := newPrometheusStorage(t)
	for _, commit := range randomCommits(random) {
		if err := write(t.Context(), store, commit); err != nil {
			t.Fatal(err)
		}
	}
	dir = t.TempDir()
	if err := store.(*teststorage.TestStorage).Snapshot(dir, true); err != nil {
		t.Fatal(err)
	}
	blocks, err := interchange.FindBlocks(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range blocks {
		block, err := prometheustsdb.OpenBlock(nil, path, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			from := random.Int64N(randomSpanMS)
			matcher := labels.MustNewMatcher(labels.MatchEqual, "job", fmt.Sprintf("job-%d", random.IntN(2)))
			if err := block.Delete(t.Context(), from, from+random.Int64N(randomSpanMS/10)+60_000, matcher); err != nil {
				t.Fatal(err)
			}
		}
		if err := block.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func importBlocks(t *testing.T, to *Storage, dir string) interchange.Report {
	t.Helper()
	blocks, err := interchange.FindBlocks(dir)
	if err != nil {
		t.Fatal(err)
	}
	importer := &interchange.Importer{DB: to.DB, OldestMS: math.MinInt64}
	for _, block := range blocks {
		if err := importer.Block(t.Context(), block); err != nil {
			t.Fatal(err)
		}
	}
	return importer.Report()
}

// contents is all that a store has: by series each sample, written so that no bit is lost.
type contents map[string][]sample

// readBlocks reads blocks as Prometheus does.
func readBlocks(t *testing.T, dir string) contents {
	t.Helper()
	db, err := prometheustsdb.OpenDBReadOnly(dir, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// A read-only store wants a log, which a directory of blocks does not have.
	if err := os.MkdirAll(filepath.Join(dir, "wal"), 0o700); err != nil {
		t.Fatal(err)
	}
	return contentsOf(t, db)
}

func contentsOf(t *testing.T, s storage.Queryable) contents {
	t.Helper()
	querier, err := s.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer querier.Close()
	found := contents{}
	set := querier.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, ".+"))
	for set.Next() {
		it := set.At().Iterator(nil)
		var list []sample
		for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
			one := sample{startMS: it.AtST()}
			switch kind {
			case chunkenc.ValFloat:
				one.timeMS, one.v = it.At()
			case chunkenc.ValHistogram:
				one.timeMS, one.h = it.AtHistogram(nil)
				one.h.CounterResetHint = histogram.UnknownCounterReset
			case chunkenc.ValFloatHistogram:
				one.timeMS, one.fh = it.AtFloatHistogram(nil)
				one.fh.CounterResetHint = histogram.UnknownCounterReset
			}
			list = append(list, one)
		}
		if err := it.Err(); err != nil {
			t.Fatal(err)
		}
		if len(list) > 0 {
			found[set.At().Labels().String()] = list
		}
	}
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

func (c contents) samples() int {
	n := 0
	for _, list := range c {
		n += len(list)
	}
	return n
}

// asText is what of it text can carry.
func (c contents) asText() contents {
	kept := contents{}
	for series, list := range c {
		for _, s := range list {
			if s.h != nil || s.fh != nil || value.IsStaleNaN(s.v) {
				continue
			}
			s.startMS = 0
			kept[series] = append(kept[series], s)
		}
	}
	return kept
}

func (c contents) compare(t *testing.T, what string, got contents) {
	t.Helper()
	names, gotNames := slices.Sorted(maps.Keys(c)), slices.Sorted(maps.Keys(got))
	if !slices.Equal(names, gotNames) {
		t.Fatalf("%s: %d series, want %d:\n%s\nwant\n%s", what, len(got), len(c), strings.Join(gotNames, "\n"), strings.Join(names, "\n"))
	}
	for _, name := range names {
		if len(got[name]) != len(c[name]) {
			t.Fatalf("%s: %s has %d samples, want %d", what, name, len(got[name]), len(c[name]))
		}
		for i, want := range c[name] {
			if have := got[name][i]; have.text() != want.text() {
				t.Fatalf("%s: %s: sample %d is\n%s, want\n%s", what, name, i, have.text(), want.text())
			}
		}
	}
}

// text has every bit of a sample.
func (s sample) text() string {
	switch {
	case s.h != nil:
		return fmt.Sprintf("%d from %d: %+v", s.timeMS, s.startMS, *s.h)
	case s.fh != nil:
		return fmt.Sprintf("%d from %d: %+v", s.timeMS, s.startMS, *s.fh)
	}
	return fmt.Sprintf("%d from %d: %x", s.timeMS, s.startMS, math.Float64bits(s.v))
}
