package wal

import (
	"errors"
	"fmt"

	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// Torn describes the end of a segment that a power loss left unreadable. Nothing in it was durable.
type Torn struct {
	File   string
	Offset int64 // of the first byte that is lost
	Bytes  int64 // how many are
	Reason error
}

// Replay calls apply with every payload from segment number on, in order, and makes the log ready for
// appends: they go to a new segment. A payload is valid during the call. Damage where the log was
// durable, and an error of apply, is returned as a *vfs.CorruptionError; what a power loss tore off
// is reported to torn.
func (l *Log) Replay(from int, apply func(payload []byte) error, torn func(Torn)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number = max(0, from-1) // a number is not used again, even if all segments are gone
	return scan(l.fs, l.dir, from, apply, torn, func(s scanned) error {
		if s.newest {
			return l.takeOver(s)
		}
		l.sizes[s.number] = s.length
		l.older += s.length
		return nil
	})
}

// Verify reads the log in dir as Replay does and changes nothing.
func Verify(fsys vfs.FS, dir string, from int, apply func(payload []byte) error, torn func(Torn)) error {
	return scan(fsys, dir, from, apply, torn, func(scanned) error { return nil })
}

// scanned is a segment that was read.
type scanned struct {
	path     string
	number   int
	newest   bool
	length   int64 // of the file
	readable int64 // bytes from its start; 0: not even its header
}

// scan reads the segments from number on and calls done after each; older ones are only measured.
func scan(fsys vfs.FS, dir string, from int, apply func([]byte) error, torn func(Torn), done func(scanned) error) error {
	numbers, err := segments(fsys, dir)
	if err != nil {
		return err
	}
	var next []byte
	for i, number := range numbers {
		path := segmentPath(dir, number)
		if i > 0 && number != numbers[i-1]+1 && numbers[i-1] >= from {
			return &vfs.CorruptionError{File: path, Err: fmt.Errorf("segment %d before it is missing", numbers[i-1]+1)}
		}
		data := next
		if i == 0 {
			if data, err = vfs.ReadFile(fsys, path); err != nil {
				return fmt.Errorf("read log: %w", err)
			}
		}
		newest := i+1 == len(numbers)
		durable := int64(0)
		if !newest {
			nextPath := segmentPath(dir, numbers[i+1])
			if next, err = vfs.ReadFile(fsys, nextPath); err != nil {
				return fmt.Errorf("read log: %w", err)
			}
			// A torn header is possible in the newest segment; then nothing is known of this one's end.
			if durable, err = readSegmentHeader(next); err != nil && (i+2 < len(numbers) || !isTornHeader(next)) {
				return &vfs.CorruptionError{File: nextPath, Err: err}
			}
		}
		readable := int64(len(data))
		if number >= from {
			if readable, err = scanSegment(path, data, durable, apply, torn); err != nil {
				return err
			}
		}
		if err := done(scanned{path, number, newest, int64(len(data)), readable}); err != nil {
			return err
		}
	}
	return nil
}

// takeOver makes the newest segment one that the next can follow: its torn end is cut, and what the
// dead process left to the system is durable.
func (l *Log) takeOver(s scanned) error {
	if s.readable == 0 {
		if err := l.fs.Remove(s.path); err != nil {
			return fmt.Errorf("remove torn log segment: %w", err)
		}
		l.number = max(l.number, s.number-1)
		return nil
	}
	if s.readable < s.length {
		if err := l.fs.Truncate(s.path, s.readable); err != nil {
			return fmt.Errorf("cut torn end of log: %w", err)
		}
	}
	file, err := l.fs.OpenAppend(s.path)
	if err == nil {
		err = errors.Join(file.Sync(), file.Close())
	}
	if err != nil {
		return fmt.Errorf("sync log after restart: %w", err)
	}
	l.number = max(l.number, s.number)
	l.size, l.synced, l.durable = s.readable, s.readable, s.readable
	return nil
}

// scanSegment applies one segment, of which durable bytes at least must be readable, and returns
// how many are; 0 means that not even its header is.
func scanSegment(path string, data []byte, durable int64, apply func([]byte) error, torn func(Torn)) (int64, error) {
	if isTornHeader(data) && durable == 0 {
		torn(Torn{path, 0, int64(len(data)), errHeader})
		return 0, nil
	}
	if _, err := readSegmentHeader(data); err != nil {
		return 0, &vfs.CorruptionError{File: path, Err: err}
	}
	at := segmentHeader
	for at < len(data) {
		payload, size, synced, err := readFrame(data[at:])
		if err != nil {
			if int64(at) < max(durable, durableBehind(data[at:])) {
				return 0, &vfs.CorruptionError{File: path, Offset: int64(at), Err: err}
			}
			torn(Torn{path, int64(at), int64(len(data) - at), err})
			return int64(at), nil
		}
		if synced > int64(at) {
			return 0, &vfs.CorruptionError{File: path, Offset: int64(at), Err: errSynced}
		}
		if err := apply(payload); err != nil {
			return 0, &vfs.CorruptionError{File: path, Offset: int64(at), Err: err}
		}
		at += size
	}
	if int64(at) < durable {
		return 0, &vfs.CorruptionError{File: path, Offset: int64(at), Err: fmt.Errorf("%d bytes are missing", durable-int64(at))}
	}
	return int64(at), nil
}

var errSynced = errors.New("frame claims to follow itself")
