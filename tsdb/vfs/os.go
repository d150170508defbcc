package vfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// OS is the operating system's file system.
type OS struct{}

func (OS) Create(path string) (File, error) {
	return openOS(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND)
}

func (OS) Open(path string) (File, error) {
	return openOS(path, os.O_RDONLY)
}

func (OS) OpenAppend(path string) (File, error) {
	return openOS(path, os.O_RDWR|os.O_CREATE|os.O_APPEND)
}

func openOS(path string, flags int) (File, error) {
	// Readable by the owner alone: what a model's traffic looks like is nobody else's business.
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, diskFull(err)
	}
	return osFile{f}, nil
}

func (OS) Remove(path string) error { return os.Remove(path) }

func (OS) Rename(from, to string) error { return diskFull(os.Rename(from, to)) }

func (OS) Link(from, to string) error { return diskFull(os.Link(from, to)) }

func (OS) Truncate(path string, size int64) error { return diskFull(os.Truncate(path, size)) }

func (OS) MkdirAll(dir string) error { return diskFull(os.MkdirAll(dir, 0o700)) }

func (OS) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, nil
}

func (OS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(diskFull(err), d.Close())
}

func (OS) Lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, diskFull(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// osFile gives os.File the errors and the Size of File.
type osFile struct{ *os.File }

func (f osFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	return n, diskFull(err)
}

func (f osFile) Sync() error { return diskFull(f.File.Sync()) }

func (f osFile) Size() (int64, error) {
	info, err := f.File.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// diskFull marks the errors that mean "no space": a full disk and an exhausted quota.
func diskFull(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w (%w)", ErrDiskFull, err)
	}
	return err
}
