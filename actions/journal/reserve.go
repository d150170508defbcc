package journal

import (
	"errors"
	"io"
	"os"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// reserveSuffix is added to the journal's path for a file that holds nothing but room: when the disk
// is full it is given up, so that what is decided then can still be journalled, and acted upon.
const reserveSuffix = "-reserve"

// reserveBytes is room for some four thousand events: weeks of switches, or minutes of a fleet in
// trouble, in which a person can make more.
const reserveBytes int64 = 8 << 20

// reserve is the room that is kept for a full disk.
type reserve struct {
	path  string
	bytes int64 // negative: none is kept
	held  bool
}

// take makes the reserve where there is none; it is filled, because a file with holes keeps no room.
// Where there is no room for it now, it is tried again later.
func (r *reserve) take() error {
	if r.held || r.bytes < 0 {
		return nil
	}
	if info, err := os.Stat(r.path); err == nil && info.Size() == r.bytes {
		r.held = true
		return nil
	}
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
