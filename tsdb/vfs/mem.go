package vfs

import (
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
)

// Mem is a file system in memory that can lose power. It is safe for concurrent use.
//
// It keeps two states: what everybody sees, and what the platter is sure to have. File.Sync copies a
// file's content from the first to the second, FS.SyncDir the names of a directory. CrashClone is
// what a power loss leaves.
type Mem struct {
	// mu guards all below and the content of every inode.
	mu       sync.Mutex
	dirs     map[string]*memDir
	locks    map[string]bool
	capacity int64 // bytes in all files; 0: no limit
	used     int64
}

// memDir is a directory. ops are the changes of names since the last SyncDir, in order.
type memDir struct {
	names  map[string]*inode
	synced map[string]*inode
	ops    []dirOp
}

// dirOp sets a name, or removes it where file is nil. A rename within a directory is one operation.
type dirOp struct {
	name    string
	file    *inode
	removes string // the old name of a renamed file
}

// inode is a file without its name.
type inode struct {
	data   []byte
	synced []byte
	links  int // names beyond the first
}

// NewMem returns an empty file system.
func NewMem() *Mem {
	return &Mem{dirs: map[string]*memDir{}, locks: map[string]bool{}}
}

// SetCapacity makes the disk as large as size bytes; 0 is without limit.
func (m *Mem) SetCapacity(size int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.capacity = size
}

// Used is the size of all files.
func (m *Mem) Used() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}

// CrashClone returns the file system as it may be found after a power loss at this moment: all that
// was synced, and of the rest what random decides. Of a file's unsynced end a part may be kept, and
// sectors in it may be lost while later ones are not; of the changes of names, the first few.
func (m *Mem) CrashClone(random *rand.Rand) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	clone := NewMem()
	clone.capacity = m.capacity
	copies := map[*inode]*inode{}
	// Directories and names are visited in order, so that a seed always gives the same clone.
	for _, path := range sortedKeys(m.dirs) {
		dir := m.dirs[path]
		names := make(map[string]*inode, len(dir.synced))
		for name, file := range dir.synced {
			names[name] = file
		}
		for _, op := range dir.ops[:random.IntN(len(dir.ops)+1)] {
			op.apply(names)
		}
		crashed := &memDir{names: map[string]*inode{}, synced: map[string]*inode{}}
		for _, name := range sortedKeys(names) {
			file := names[name]
			if copies[file] == nil {
				data := file.afterCrash(random)
				copies[file] = &inode{data: data, synced: slices.Clone(data)}
				clone.used += int64(len(data))
			}
			crashed.names[name], crashed.synced[name] = copies[file], copies[file]
		}
		clone.dirs[path] = crashed
	}
	return clone
}

// sectorSize is what a disk writes at once.
const sectorSize = 512

// afterCrash is the content that a power loss may leave.
func (f *inode) afterCrash(random *rand.Rand) []byte {
	if len(f.data) < len(f.synced) { // cut off since the last sync
		return slices.Clone([][]byte{f.data, f.synced}[random.IntN(2)])
	}
	tail := len(f.data) - len(f.synced)
	data := slices.Clone(f.data[:len(f.synced)+random.IntN(tail+1)])
	if random.IntN(4) == 0 {
		for at := len(f.synced); at < len(data); at += sectorSize {
			if random.IntN(2) == 0 {
				clear(data[at:min(at+sectorSize, len(data))])
			}
		}
	}
	return data
}

// Clone returns the file system as it is, as a process finds it that starts after another was killed.
// Locks died with that process.
func (m *Mem) Clone() *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	clone := NewMem()
	clone.capacity, clone.used = m.capacity, m.used
	copies := map[*inode]*inode{}
	copyOf := func(f *inode) *inode {
		if f != nil && copies[f] == nil {
			copies[f] = &inode{data: slices.Clone(f.data), synced: slices.Clone(f.synced), links: f.links}
		}
		return copies[f]
	}
	for path, dir := range m.dirs {
		d := &memDir{names: map[string]*inode{}, synced: map[string]*inode{}}
		for name, file := range dir.names {
			d.names[name] = copyOf(file)
		}
		for name, file := range dir.synced {
			d.synced[name] = copyOf(file)
		}
		for _, op := range dir.ops {
			d.ops = append(d.ops, dirOp{op.name, copyOf(op.file), op.removes})
		}
		clone.dirs[path] = d
	}
	return clone
}

// Change gives the content of a file to edit and puts back what it returns, as damage would.
func (m *Mem) Change(path string, edit func([]byte) []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	file, err := m.lookup("change", path)
	if err != nil {
		return err
	}
	file.data = edit(slices.Clone(file.data))
	file.synced = slices.Clone(file.data)
	return nil
}

// Files returns the paths of all files in order.
func (m *Mem) Files() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var paths []string
	for dir, d := range m.dirs {
		for name := range d.names {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	slices.Sort(paths)
	return paths
}

func (op dirOp) apply(names map[string]*inode) {
	if op.removes != "" {
		delete(names, op.removes)
	}
	if op.file == nil {
		delete(names, op.name)
	} else {
		names[op.name] = op.file
	}
}

func (d *memDir) do(op dirOp) {
	op.apply(d.names)
	d.ops = append(d.ops, op)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// unlink counts one name of a file less.
func (m *Mem) unlink(file *inode) {
	if file.links > 0 {
		file.links--
		return
	}
	m.used -= int64(len(file.data))
}

func (m *Mem) dir(op, path string) (*memDir, error) {
	dir := m.dirs[filepath.Clean(path)]
	if dir == nil {
		return nil, &fs.PathError{Op: op, Path: path, Err: fs.ErrNotExist}
	}
	return dir, nil
}

func (m *Mem) lookup(op, path string) (*inode, error) {
	dir, err := m.dir(op, filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	file := dir.names[filepath.Base(path)]
	if file == nil {
		return nil, &fs.PathError{Op: op, Path: path, Err: fs.ErrNotExist}
	}
	return file, nil
}

func (m *Mem) Create(path string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, err := m.dir("create", filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	if old := dir.names[name]; old != nil {
		m.used -= int64(len(old.data))
		old.data = nil
		return &memFile{fs: m, inode: old, path: path}, nil
	}
	file := &inode{}
	dir.do(dirOp{name: name, file: file})
	return &memFile{fs: m, inode: file, path: path}, nil
}

func (m *Mem) Open(path string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dirs[filepath.Clean(path)] != nil {
		return &memFile{fs: m, inode: &inode{}, path: path}, nil
	}
	file, err := m.lookup("open", path)
	if err != nil {
		return nil, err
	}
	return &memFile{fs: m, inode: file, path: path}, nil
}

func (m *Mem) OpenAppend(path string) (File, error) {
	m.mu.Lock()
	file, err := m.lookup("open", path)
	m.mu.Unlock()
	if err != nil {
		return m.Create(path)
	}
	return &memFile{fs: m, inode: file, path: path}, nil
}

func (m *Mem) Remove(path string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	file, err := m.lookup("remove", path)
	if err != nil {
		return err
	}
	m.unlink(file)
	m.dirs[filepath.Dir(path)].do(dirOp{name: filepath.Base(path)})
	return nil
}

func (m *Mem) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	file, err := m.lookup("rename", from)
	if err != nil {
		return err
	}
	if filepath.Dir(from) != filepath.Dir(to) {
		return &fs.PathError{Op: "rename", Path: to, Err: fmt.Errorf("between directories: %w", fs.ErrInvalid)}
	}
	dir := m.dirs[filepath.Dir(to)]
	if old := dir.names[filepath.Base(to)]; old != nil {
		m.unlink(old)
	}
	dir.do(dirOp{name: filepath.Base(to), file: file, removes: filepath.Base(from)})
	return nil
}

func (m *Mem) Link(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	file, err := m.lookup("link", from)
	if err != nil {
		return err
	}
	dir, err := m.dir("link", filepath.Dir(to))
	if err != nil {
		return err
	}
	if dir.names[filepath.Base(to)] != nil {
		return &fs.PathError{Op: "link", Path: to, Err: fs.ErrExist}
	}
	file.links++
	dir.do(dirOp{name: filepath.Base(to), file: file})
	return nil
}

func (m *Mem) Truncate(path string, size int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	file, err := m.lookup("truncate", path)
	if err != nil {
		return err
	}
	if size > int64(len(file.data)) {
		return &fs.PathError{Op: "truncate", Path: path, Err: fs.ErrInvalid}
	}
	m.used -= int64(len(file.data)) - size
	file.data = file.data[:size:size]
	return nil
}

// MkdirAll makes directories that a power loss does not take away: what the store relies on is the
// names in them.
func (m *Mem) MkdirAll(path string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for path = filepath.Clean(path); m.dirs[path] == nil; path = filepath.Dir(path) {
		m.dirs[path] = &memDir{names: map[string]*inode{}, synced: map[string]*inode{}}
	}
	return nil
}

func (m *Mem) List(path string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, err := m.dir("list", path)
	if err != nil {
		return nil, err
	}
	names := sortedKeys(dir.names)
	for other := range m.dirs {
		if filepath.Dir(other) == filepath.Clean(path) && other != filepath.Clean(path) {
			names = append(names, filepath.Base(other))
		}
	}
	slices.Sort(names)
	return names, nil
}

func (m *Mem) SyncDir(path string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, err := m.dir("sync", path)
	if err != nil {
		return err
	}
	for _, op := range dir.ops {
		op.apply(dir.synced)
	}
	dir.ops = nil
	return nil
}

func (m *Mem) Lock(path string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locks[path] {
		return nil, ErrLocked
	}
	m.locks[path] = true
	return memLock{m, path}, nil
}

type memLock struct {
	fs   *Mem
	path string
}

func (l memLock) Close() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	delete(l.fs.locks, l.path)
	return nil
}

// memFile is an open file of a Mem.
type memFile struct {
	fs     *Mem
	inode  *inode
	path   string
	offset int64 // of the next Read
	closed bool
}

func (f *memFile) check(op string) error {
	if f.closed {
		return &fs.PathError{Op: op, Path: f.path, Err: fs.ErrClosed}
	}
	return nil
}

func (f *memFile) Write(p []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.check("write"); err != nil {
		return 0, err
	}
	n := len(p)
	if f.fs.capacity > 0 {
		n = int(max(0, min(int64(n), f.fs.capacity-f.fs.used)))
	}
	f.inode.data = append(f.inode.data, p[:n]...)
	f.fs.used += int64(n)
	if n < len(p) {
		return n, &fs.PathError{Op: "write", Path: f.path, Err: ErrDiskFull}
	}
	return n, nil
}

func (f *memFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.offset)
	f.offset += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *memFile) ReadAt(p []byte, offset int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.check("read"); err != nil {
		return 0, err
	}
	if offset >= int64(len(f.inode.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.inode.data[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.check("sync"); err != nil {
		return err
	}
	f.inode.synced = slices.Clone(f.inode.data)
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return int64(len(f.inode.data)), f.check("size")
}

func (f *memFile) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	err := f.check("close")
	f.closed = true
	return err
}
