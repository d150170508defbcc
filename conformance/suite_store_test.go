package conformance

import (
	"testing"
	"time"

	"github.com/prometheus/prometheus/storage"

	"github.com/neuroweaver/heddle/tsdb"
)

// century is longer than any span of the suite, which begins in 1970 and ends within a few years.
const century = 100 * 365 * 24 * time.Hour

// storeOptions keep samples of any age: the suite's time is its own.
func storeOptions() tsdb.Options {
	return tsdb.Options{
		Retention:  century,
		OutOfOrder: century,
		Now:        func() time.Time { return time.Unix(0, 0).Add(century / 2) },
	}
}

// newStore opens an empty store in dir that calls committed after each commit.
func newStore(t testing.TB, dir string, committed func(*Storage) error) *Storage {
	t.Helper()
	db, err := tsdb.Open(dir, storeOptions())
	if err != nil {
		t.Fatal(err)
	}
	s := &Storage{DB: db, committed: committed}
	t.Cleanup(func() {
		if err := s.Close(); err != nil { // a second time, where the suite has closed it
			t.Error(err)
		}
	})
	return s
}

// TestSuiteOnHead asks for samples that are in memory.
func TestSuiteOnHead(t *testing.T) {
	runSuite(t, func(t testing.TB) storage.Storage { return newStore(t, t.TempDir(), nil) })
}

// TestSuiteOnLog asks for samples that were read from the write-ahead log.
func TestSuiteOnLog(t *testing.T) {
	runSuite(t, func(t testing.TB) storage.Storage {
		dir := t.TempDir()
		return newStore(t, dir, func(s *Storage) error {
			if err := s.Close(); err != nil {
				return err
			}
			var err error
			s.DB, err = tsdb.Open(dir, storeOptions())
			return err
		})
	})
}

// TestSuiteOnBlocks asks for samples that are in compacted blocks.
func TestSuiteOnBlocks(t *testing.T) {
	runSuite(t, func(t testing.TB) storage.Storage {
		return newStore(t, t.TempDir(), func(s *Storage) error { return s.Compact(t.Context()) })
	})
}
