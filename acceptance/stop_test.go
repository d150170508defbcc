package acceptance

import (
	"io/fs"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// TestStopLosesNothing ends the process in order under load: it says so by its exit code, everything
// acknowledged is there after the next start, and after everything has moved to blocks.
func TestStopLosesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, map[string]string{"heddle.yml": "listen: ADDRESS\ndata: data\n"})
	load := s.startLoad(4)
	time.Sleep(2 * time.Second)
	s.stop()
	total := load.end()
	if total == 0 {
		t.Fatal("nothing was acknowledged")
	}
	s.start()
	load.check()

	if status, answer := s.request(http.MethodPost, "/api/v1/admin/compact", ""); status/100 != 2 {
		t.Fatalf("compact: %d %s", status, answer)
	}
	load.check()
	s.kill()
	s.start()
	load.check()
	s.stop()
	t.Logf("%d samples take %d bytes", total, s.diskBytes())
}

// diskBytes sums the files of the data directory. None may be open to other users: they hold what
// people say about models and routes.
func (s *server) diskBytes() int64 {
	s.t.Helper()
	var sum int64
	err := filepath.WalkDir(s.path("data"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o022 != 0 {
			s.t.Errorf("%s has mode %v: others can write it", path, info.Mode())
		}
		if info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return sum
}

// TestSecondServerOnOneDirectory must be refused: two writers would destroy the store.
func TestSecondServerOnOneDirectory(t *testing.T) {
	t.Parallel()
	s := newServer(t, map[string]string{"heddle.yml": "listen: ADDRESS\ndata: data\n"})
	code, _, stderr := run(t, s.dir, "serve", "--data", s.path("data"), "--listen", freeAddress(t))
	if code == 0 || stderr == "" {
		t.Errorf("a second server on the same directory ended with code %d and said %q", code, stderr)
	}
}
