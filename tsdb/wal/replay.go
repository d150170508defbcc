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
	numbers, err := l.Segments()
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number = max(0, from-1) // a number is not used again, even if all segments are gone
	var next []byte
	for i, number := range numbers {
		path := segmentPath(l.dir, number)
		if i > 0 && number != numbers[i-1]+1 && numbers[i-1] >= from {
			return &vfs.CorruptionError{File: path, Err: fmt.Errorf("segment %d before it is missing", numbers[i-1]+1)}
		}
		data := next
		if i == 0 {
			if data, err = vfs.ReadFile(l.fs, path); err != nil {
				return fmt.Errorf("read log: %w", err)
			}
		}
		last := i+1 == len(numbers)
		durable := int64(0)
		if !last {
			nextPath := segmentPath(l.dir, numbers[i+1])
			if next, err = vfs.ReadFile(l.fs, nextPath); err != nil {
				return fmt.Errorf("read log: %w", err)
			}
			// A torn header is possible in the newest segment; then nothing is known of this one's end.
			if durable, err = readSegmentHeader(next); err != nil && (i+2 < len(numbers) || len(next) >= segmentHeader) {
				return &vfs.CorruptionError{File: nextPath, Err: err}
			}
		}
		size := int64(len(data))
		if number >= from {
			if size, err = l.replaySegment(path, data, durable, apply, torn); err != nil {
				return err
			}
		}
		if last {
			return l.takeOver(path, number, int64(len(data)), size)
		}
		l.sizes[number] = int64(len(data))
		l.older += int64(len(data))
	}
	return nil
}

// takeOver makes the newest segment, found with length bytes of which size are readable, one that the
// next can follow: its torn end is cut, and what the dead process left to the system is durable.
func (l *Log) takeOver(path string, number int, length, size int64) error {
	if size == 0 {
		if err := l.fs.Remove(path); err != nil {
			return fmt.Errorf("remove torn log segment: %w", err)
		}
		l.number = max(l.number, number-1)
		return nil
	}
	if size < length {
		if err := l.fs.Truncate(path, size); err != nil {
			return fmt.Errorf("cut torn end of log: %w", err)
		}
	}
	file, err := l.fs.OpenAppend(path)
	if err == nil {
		err = errors.Join(file.Sync(), file.Close())
	}
	if err != nil {
		return fmt.Errorf("sync log after restart: %w", err)
	}
	l.number = max(l.number, number)
	l.size, l.synced, l.durable = size, size, size
	return nil
}

// replaySegment applies one segment, of which durable bytes at least must be readable, and returns
// how many are; 0 means that not even its header is.
func (l *Log) replaySegment(path string, data []byte, durable int64, apply func([]byte) error, torn func(Torn)) (int64, error) {
	if len(data) < segmentHeader && durable == 0 {
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
