package vfs

import "io"

// Op names an operation of a file system.
type Op string

// The operations that a Hook is asked about.
const (
	OpCreate   Op = "create"
	OpOpen     Op = "open"
	OpWrite    Op = "write"
	OpRead     Op = "read"
	OpSync     Op = "sync"
	OpRemove   Op = "remove"
	OpRename   Op = "rename"
	OpLink     Op = "link"
	OpTruncate Op = "truncate"
	OpMkdir    Op = "mkdir"
	OpList     Op = "list"
	OpSyncDir  Op = "syncdir"
	OpLock     Op = "lock"
)

// Hook asks Before ahead of each operation of the file system below it. Where Before returns an
// error, the operation is not done and fails with it. So a test makes the n-th operation fail, or
// takes a picture ahead of each.
type Hook struct {
	FS     FS
	Before func(op Op, path string) error
}

func (h Hook) Create(path string) (File, error) { return h.open(OpCreate, path, h.FS.Create) }
func (h Hook) Open(path string) (File, error)   { return h.open(OpOpen, path, h.FS.Open) }
func (h Hook) OpenAppend(path string) (File, error) {
	return h.open(OpCreate, path, h.FS.OpenAppend)
}

func (h Hook) open(op Op, path string, open func(string) (File, error)) (File, error) {
	if err := h.Before(op, path); err != nil {
		return nil, err
	}
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	return hookFile{file, h, path}, nil
}

func (h Hook) Remove(path string) error {
	if err := h.Before(OpRemove, path); err != nil {
		return err
	}
	return h.FS.Remove(path)
}

func (h Hook) Rename(from, to string) error {
	if err := h.Before(OpRename, to); err != nil {
		return err
	}
	return h.FS.Rename(from, to)
}

func (h Hook) Link(from, to string) error {
	if err := h.Before(OpLink, to); err != nil {
		return err
	}
	return h.FS.Link(from, to)
}

func (h Hook) Truncate(path string, size int64) error {
	if err := h.Before(OpTruncate, path); err != nil {
		return err
	}
	return h.FS.Truncate(path, size)
}

func (h Hook) MkdirAll(dir string) error {
	if err := h.Before(OpMkdir, dir); err != nil {
		return err
	}
	return h.FS.MkdirAll(dir)
}

func (h Hook) List(dir string) ([]string, error) {
	if err := h.Before(OpList, dir); err != nil {
		return nil, err
	}
	return h.FS.List(dir)
}

func (h Hook) SyncDir(dir string) error {
	if err := h.Before(OpSyncDir, dir); err != nil {
		return err
	}
	return h.FS.SyncDir(dir)
}

func (h Hook) Lock(path string) (io.Closer, error) {
	if err := h.Before(OpLock, path); err != nil {
		return nil, err
	}
	return h.FS.Lock(path)
}

type hookFile struct {
	File
	hook Hook
	path string
}

func (f hookFile) Write(p []byte) (int, error) {
	if err := f.hook.Before(OpWrite, f.path); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

func (f hookFile) Read(p []byte) (int, error) {
	if err := f.hook.Before(OpRead, f.path); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f hookFile) ReadAt(p []byte, offset int64) (int, error) {
	if err := f.hook.Before(OpRead, f.path); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, offset)
}

func (f hookFile) Sync() error {
	if err := f.hook.Before(OpSync, f.path); err != nil {
		return err
	}
	return f.File.Sync()
}
