package conformance

import (
	"testing"
	"time"

	"github.com/prometheus/prometheus/storage"

	"github.com/neuroweaver/heddle/tsdb"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// century is longer than any span of the suite, which begins in 1970 and ends within a few years.
const century = 100 * 365 * 24 * time.Hour

// storeOptions keep samples of any age: the suite's time is its own. The suite opens hundreds of stores,
// so they are on a file system in memory, which is several times as fast.
func storeOptions(files vfs.FS) tsdb.Options {
	return tsdb.Options{
		FS:         files,
		Retention:  century,
		OutOfOrder: century,
		Now:        func() time.Time { return time.Unix(0, 0).Add(century / 2) },
	}
}

// newStore opens an empty store that calls committed after each commit.
func newStore(t testing.TB, committed func(*Storage) error) *Storage {
	t.Helper()
	s := &Storage{files: vfs.NewMem(), committed: committed}
	if err := s.open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil { // a second time, where the suite has closed it
			t.Error(err)
		}
	})
	return s
}

// open opens the store that is on the file system.
func (s *Storage) open() (err error) {
	s.DB, err = tsdb.Open("data", storeOptions(s.files))
	return err
}

// reopen closes the store and opens it again, so that it reads its log.
func (s *Storage) reopen() error {
	if err := s.Close(); err != nil {
		return err
	}
	return s.open()
}

// TestSuiteOnHead asks for samples that are in memory.
func TestSuiteOnHead(t *testing.T) {
	runSuite(t, func(t testing.TB) storage.Storage { return newStore(t, nil) })
}

// TestSuiteOnLog asks for samples that were read from the write-ahead log.
func TestSuiteOnLog(t *testing.T) {
	runSuite(t, func(t testing.TB) storage.Storage { return newStore(t, (*Storage).reopen) })
}

// TestSuiteOnBlocks asks for samples that are in compacted blocks.
func TestSuiteOnBlocks(t *testing.T) {
	runSuite(t, func(t testing.TB) storage.Storage {
		return newStore(t, func(s *Storage) error { return s.Compact(t.Context()) })
	})
}
