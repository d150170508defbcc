// Package wal is a write-ahead log: appends that survive the death of the process when Append
// returns, and a power loss after the next Sync. It knows nothing of what it keeps.
//
// The log is a row of numbered segments (segment.go) of frames (frame.go). Only the newest is written
// to. docs/format/wal.md draws both.
package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// DefaultSegmentBytes is the size at which a new segment starts. It bounds how much a reader holds at
// once, and offsets stay far below the 4 GiB that a frame can name.
const DefaultSegmentBytes = 16 << 20

// Log is an open log. It is safe for concurrent use.
type Log struct {
	fs           vfs.FS
	dir          string
	segmentBytes int64

	// mu guards the fields below; syncMu is taken before it and lets one Sync run at a time without
	// holding up appends.
	syncMu  sync.Mutex
	mu      sync.Mutex
	file    vfs.File // nil until the first append, and after a failure that needs a new segment
	number  int      // of the newest segment, 0 where there is none
	size    int64    // of the newest segment
	synced  int64    // how much of it is durable
	older   int64    // bytes in the other segments
	sizes   map[int]int64
	dirty   bool // cut is needed before the next write: a write failed half way
	closed  bool
	durable int64 // how much of the newest segment is durable, for the header of the next
}

// ErrClosed is returned after Close.
var ErrClosed = errors.New("log is closed")

// Open opens the log in dir and makes the directory where there is none. Replay must be called
// before the first Append.
func Open(fsys vfs.FS, dir string, segmentBytes int64) (*Log, error) {
	if segmentBytes <= 0 {
		segmentBytes = DefaultSegmentBytes
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("make log directory: %w", err)
	}
	return &Log{fs: fsys, dir: dir, segmentBytes: segmentBytes, sizes: map[int]int64{}}, nil
}

// Segments returns the numbers of the segments on disk in order.
func (l *Log) Segments() ([]int, error) { return segments(l.fs, l.dir) }

func segments(fsys vfs.FS, dir string) ([]int, error) {
	names, err := fsys.List(dir)
	if err != nil {
		return nil, fmt.Errorf("list log segments: %w", err)
	}
	var numbers []int
	for _, name := range names {
		if number, is := segmentNumber(name); is {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// Append writes frames with one write. When it returns nil they survive the death of the process, and
// a power loss too if durable is asked for. After an error none of them is in the log, unless the
// process dies before the log could be cut again.
func (l *Log) Append(frames *Frames, durable bool) error {
	if frames.Len() == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	if l.file == nil || l.size >= l.segmentBytes {
		if err := l.startSegment(); err != nil {
			return err
		}
	}
	if err := l.cut(); err != nil {
		return err
	}
	frames.seal(l.synced)
	n, err := l.file.Write(frames.buf)
	if err != nil || n < frames.Len() {
		l.dirty = true
		// At once, so that a crash finds no half frame; else before the next write.
		return fmt.Errorf("write to log: %w", errors.Join(err, l.cut()))
	}
	if durable {
		if err := l.file.Sync(); err != nil {
			l.dirty = true
			return fmt.Errorf("sync log: %w", errors.Join(err, l.cut(), l.abandon()))
		}
		l.synced, l.durable = l.size+int64(n), l.size+int64(n)
	}
	l.size += int64(n)
	return nil
}

// abandon closes the newest segment after a failed sync: the system may have dropped what it could not
// write and say nothing next time, so nothing may ever rely on what was not durable before.
func (l *Log) abandon() error {
	l.durable = l.synced
	err := l.file.Close()
	l.file = nil
	return err
}

// cut takes away what a failed write left.
func (l *Log) cut() error {
	if !l.dirty {
		return nil
	}
	if err := l.fs.Truncate(segmentPath(l.dir, l.number), l.size); err != nil {
		return fmt.Errorf("cut log after a failed write: %w", err)
	}
	l.dirty = false
	return nil
}

// startSegment closes the newest segment and makes the next. It expects l.mu to be held.
func (l *Log) startSegment() error {
	if err := l.cut(); err != nil {
		return err
	}
	if l.file != nil {
		if err := l.file.Sync(); err != nil {
			return fmt.Errorf("sync log segment: %w", errors.Join(err, l.abandon()))
		}
		l.synced, l.durable = l.size, l.size
		l.file.Close()
		l.file = nil
	}
	path := segmentPath(l.dir, l.number+1)
	file, err := l.fs.Create(path)
	if err != nil {
		return fmt.Errorf("make log segment: %w", err)
	}
	header := appendSegmentHeader(nil, l.durable)
	_, err = file.Write(header)
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = l.fs.SyncDir(l.dir)
	}
	if err != nil {
		return fmt.Errorf("make log segment: %w", errors.Join(err, file.Close(), l.fs.Remove(path)))
	}
	if l.number > 0 {
		l.sizes[l.number] = l.size
		l.older += l.size
	}
	l.number++
	l.file, l.size, l.synced, l.durable, l.dirty = file, int64(len(header)), int64(len(header)), int64(len(header)), false
	return nil
}

// Sync makes all that was appended durable.
func (l *Log) Sync() error {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	l.mu.Lock()
	file, number, size := l.file, l.number, l.size
	if file == nil || l.synced == size {
		l.mu.Unlock()
		return nil
	}
	l.mu.Unlock()

	err := file.Sync()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.number != number || l.file == nil {
		return nil // a new segment was started meanwhile, which synced this one or reported it
	}
	if err != nil {
		return fmt.Errorf("sync log: %w", errors.Join(err, l.abandon()))
	}
	l.synced, l.durable = max(l.synced, size), max(l.durable, size)
	return nil
}

// Rotate makes all that was appended durable and returns the number of the segment that the next
// append goes to: all segments before it are complete.
func (l *Log) Rotate() (int, error) {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, ErrClosed
	}
	if l.file != nil && l.size == segmentHeader {
		return l.number, nil
	}
	if err := l.startSegment(); err != nil {
		return 0, err
	}
	return l.number, nil
}

// Drop removes the segments before number.
func (l *Log) Drop(number int) error {
	numbers, err := l.Segments()
	if err != nil {
		return err
	}
	for _, n := range numbers {
		if n >= number {
			break
		}
		if err := l.fs.Remove(segmentPath(l.dir, n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove log segment: %w", err)
		}
		l.mu.Lock()
		l.older -= l.sizes[n]
		delete(l.sizes, n)
		l.mu.Unlock()
	}
	return nil
}

// Bytes is the size of all segments.
func (l *Log) Bytes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.older + l.size
}

// Close makes the log durable and closes it.
func (l *Log) Close() error {
	err := l.Sync()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.file != nil {
		err = errors.Join(err, l.file.Close())
		l.file = nil
	}
	return err
}
