// Package vfs is the file system that the store writes to: the operating system's, one in memory
// that can lose power, and one that fails on command.
//
// The interface holds what a log-structured store needs and nothing more. Two rules of POSIX are
// part of it, because the in-memory implementation enforces them: what was written survives a
// power loss only after File.Sync, and a created, renamed or removed name only after FS.SyncDir of
// its directory.
package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// FS is a file system. Paths use the operating system's separator; errors are *fs.PathError or
// wrap one, so errors.Is(err, fs.ErrNotExist) works.
type FS interface {
	// Create makes or truncates a file for writing. Writes go to its end, wherever that is by then.
	Create(path string) (File, error)
	// Open opens a file for reading.
	Open(path string) (File, error)
	// OpenAppend opens a file for writing at its end, and makes it where there is none.
	OpenAppend(path string) (File, error)
	// Remove deletes a file or an empty directory.
	Remove(path string) error
	// Rename moves a file over another, atomically.
	Rename(from, to string) error
	// Link gives a file a second name, in any directory of the same file system.
	Link(from, to string) error
	// Truncate cuts a file to size bytes.
	Truncate(path string, size int64) error
	// MkdirAll makes a directory with its parents.
	MkdirAll(dir string) error
	// List returns the names in a directory in order.
	List(dir string) ([]string, error)
	// SyncDir makes the names in a directory durable.
	SyncDir(dir string) error
	// Lock takes an exclusive lock that ends with the process or with Close. It fails at once with
	// ErrLocked when another holder has it.
	Lock(path string) (io.Closer, error)
}

// File is an open file.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.Closer
	// Sync makes what was written durable.
	Sync() error
	// Size is the file's length in bytes.
	Size() (int64, error)
}

// ErrLocked is returned by FS.Lock when another process holds the lock.
var ErrLocked = errors.New("locked by another process")

// ErrDiskFull is what a write fails with when no space is left. errors.Is also finds the operating
// system's own error behind it.
var ErrDiskFull = errors.New("no space left on device")

// CorruptionError says where a file does not hold what its format demands.
type CorruptionError struct {
	File   string // path
	Offset int64  // in bytes from the start of the file
	Err    error  // what is wrong there
}

func (e *CorruptionError) Error() string {
	return fmt.Sprintf("%s: corrupt at offset %d: %v", e.File, e.Offset, e.Err)
}

func (e *CorruptionError) Unwrap() error { return e.Err }

// Exists reports whether path names a file or a directory.
func Exists(fsys FS, path string) (bool, error) {
	f, err := fsys.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, f.Close()
}

// ReadFile reads a whole file.
func ReadFile(fsys FS, path string) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	n, err := io.ReadFull(f, data)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return data[:n], nil
}
