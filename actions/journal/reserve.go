package journal

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// reserveSuffix is added to the journal's path for a file that holds nothing but room: it is made when
// the disk begins to run out, and given up when it is full, so that what is decided then can still be
// journalled, and acted upon.
const reserveSuffix = "-reserve"

// reserveBytes is room for some four thousand events: weeks of switches, or minutes of a fleet in
// trouble, in which a person can make more.
const reserveBytes int64 = 8 << 20

// lookEvery is how often the free space is looked at, and scarceBytes from when on it is scarce: more
// than the fastest disks, which take some 3 GB/s, can fill between two looks.
const (
	lookEvery         = 5 * time.Second
	scarceBytes int64 = 16 << 30
)

// reserve is the room that is kept for a full disk.
type reserve struct {
	path  string
	bytes int64 // negative: none is kept
	held  bool
	free  func(dir string) (int64, error)
	// looked is when the free space was last looked at.
	looked time.Time
}

// open looks for the first time: what an earlier process left goes where there is plenty of room.
func (r *reserve) open(now time.Time) error {
	if info, err := os.Stat(r.path); err == nil && info.Size() == r.bytes {
		r.held = true
	}
	if r.held && !r.isScarce() {
		r.giveUp()
	}
	_, err := r.keep(now)
	return err
}

// keep makes the reserve where there is none and room is scarce, and reports whether it did. It may be
// called at any time: it looks at the disk only every so often. Where there is no room for the reserve
// now, it is tried again later.
func (r *reserve) keep(now time.Time) (made bool, err error) {
	if r.held || r.bytes < 0 || now.Sub(r.looked) < lookEvery {
		return false, nil
	}
	r.looked = now
	if !r.isScarce() {
		return false, nil
	}
	err = r.take()
	return err == nil, err
}

// isScarce reports whether the disk begins to run out; a disk that does not tell may.
func (r *reserve) isScarce() bool {
	free, err := r.free(filepath.Dir(r.path))
	return err != nil || free < scarceBytes
}

// freeBytes is what is left for this process on the disk of dir.
func freeBytes(dir string) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil
}

// take makes the reserve; it is filled, because a file with holes keeps no room.
func (r *reserve) take() error {
	file, err := os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(file, zeros{}, r.bytes)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(r.path))
	}
	r.held = true
	return nil
}

// giveUp frees the room; false where there was none.
func (r *reserve) giveUp() bool {
	if !r.held {
		return false
	}
	r.held = false
	return os.Remove(r.path) == nil
}

// isFull reports whether an error is that of a full disk.
func isFull(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL || errors.Is(err, syscall.ENOSPC)
}

// zeros reads as zero bytes without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
