package tsdb

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"sync/atomic"

	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// block is an open block file. It is safe for concurrent use. It is closed when the last of its users
// lets go of it; a block that was replaced is removed then.
type block struct {
	fs      vfs.FS
	path    string
	number  int
	file    vfs.File
	size    int64
	meta    blockMeta
	entries []blockEntry // by group, then by time

	users  atomic.Int32 // the block set is one of them
	remove atomic.Bool
}

// openBlock opens a block and checks its frame; its group-blocks are checked when they are read.
func openBlock(fsys vfs.FS, dir string, number int) (*block, error) {
	b := &block{fs: fsys, path: blockPath(dir, number), number: number}
	b.users.Store(1)
	file, err := fsys.Open(b.path)
	if err != nil {
		return nil, fmt.Errorf("open block: %w", err)
	}
	b.file = file
	if err := b.load(); err != nil {
		file.Close()
		return nil, err
	}
	return b, nil
}

func (b *block) load() error {
	size, err := b.file.Size()
	if err != nil {
		return fmt.Errorf("open block: %w", err)
	}
	b.size = size
	if size < int64(len(blockMagic))+blockFooter {
		return b.corrupt(0, errBlockFooter)
	}
	magic := make([]byte, len(blockMagic))
	if err := b.readAt(magic, 0); err != nil {
		return err
	}
	if string(magic[:7]) != blockMagic[:7] {
		return b.corrupt(0, errBlockMagic)
	}
	if magic[7] != blockMagic[7] {
		return b.corrupt(7, errBlockVersion)
	}
	footer := make([]byte, blockFooter)
	if err := b.readAt(footer, size-blockFooter); err != nil {
		return err
	}
	offset, length, crc, err := readFooter(footer, size)
	if err != nil {
		return b.corrupt(size-blockFooter, err)
	}
	directory := make([]byte, length)
	if err := b.readAt(directory, offset); err != nil {
		return err
	}
	if crc32.Checksum(directory, castagnoli) != crc {
		return b.corrupt(offset, errBlockDirectory)
	}
	if b.meta, b.entries, err = readDirectory(directory, offset); err != nil {
		return b.corrupt(offset, err)
	}
	return nil
}

func (b *block) corrupt(offset int64, err error) error {
	return &CorruptionError{File: b.path, Offset: offset, Err: err}
}

func (b *block) readAt(p []byte, offset int64) error {
	if n, err := b.file.ReadAt(p, offset); n < len(p) {
		return fmt.Errorf("read block %s: %w", b.path, err)
	}
	return nil
}

// of returns the sections of a group, in ascending time.
func (b *block) of(group groupID) []blockEntry {
	from, found := slices.BinarySearchFunc(b.entries, group, func(e blockEntry, g groupID) int { return cmp.Compare(e.group, g) })
	if !found {
		return nil
	}
	to := from
	for to < len(b.entries) && b.entries[to].group == group {
		to++
	}
	return b.entries[from:to]
}

// read returns the bytes of a group-block.
func (b *block) read(e blockEntry) ([]byte, error) {
	data := make([]byte, e.length+4)
	if err := b.readAt(data, e.offset); err != nil {
		return nil, err
	}
	data, sum := data[:e.length:e.length], binary.LittleEndian.Uint32(data[e.length:])
	if crc32.Checksum(data, castagnoli) != sum {
		return nil, b.corrupt(e.offset, errBlockSection)
	}
	return data, nil
}

// open reads a group-block.
func (b *block) open(e blockEntry) (*groupBlock, error) {
	data, err := b.read(e)
	if err != nil {
		return nil, err
	}
	g, err := openGroupBlock(data)
	if err != nil {
		return nil, b.corrupt(e.offset, err)
	}
	return g, nil
}

// column decodes the samples of a series in a section.
func (b *block) column(e blockEntry, id SeriesID) (column, error) {
	g, err := b.open(e)
	if err != nil {
		return column{}, err
	}
	c, err := g.column(id)
	if err != nil {
		return column{}, b.corrupt(e.offset, err)
	}
	return c, nil
}

// acquire keeps the block open until release.
func (b *block) acquire() { b.users.Add(1) }

func (b *block) release() error {
	if b.users.Add(-1) > 0 {
		return nil
	}
	err := b.file.Close()
	if b.remove.Load() {
		if e := b.fs.Remove(b.path); e != nil {
			err = fmt.Errorf("remove replaced block: %w", e)
		}
	}
	return err
}
