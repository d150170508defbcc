package tsdb

import (
	"cmp"
	"encoding/binary"
	"errors"
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
	cache   *groupCache
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
func openBlock(fsys vfs.FS, dir string, number int, cache *groupCache) (*block, error) {
	b := &block{fs: fsys, cache: cache, path: blockPath(dir, number), number: number}
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

// use calls do with an opened group-block.
func (b *block) use(e blockEntry, do func(*groupBlock) error) error {
	return b.where(e, b.cache.use(sectionKey{b.number, e.offset}, func() ([]byte, error) { return b.read(e) }, do))
}

// where says in which file and where a group-block is damaged.
func (b *block) where(e blockEntry, err error) error {
	if errors.Is(err, errGroupBlock) {
		return b.corrupt(e.offset, err)
	}
	return err
}

// column decodes the samples of a series in a section.
func (b *block) column(e blockEntry, id SeriesID) (c column, err error) {
	err = b.use(e, func(g *groupBlock) (err error) {
		c, err = g.column(id)
		return err
	})
	return c, err
}

// has reports whether a series has a sample in a section between two times.
func (b *block) has(e blockEntry, id SeriesID, mint, maxt int64) (has bool, err error) {
	err = b.use(e, func(g *groupBlock) (err error) {
		has, err = g.has(id, mint, maxt)
		return err
	})
	return has, err
}

// part is a section as a merge takes it.
func (b *block) part(e blockEntry) mergePart {
	return mergePart{
		tier: e.tier, mint: e.mint, maxt: e.maxt, rows: e.rows, samples: e.samples,
		read: func() ([]byte, error) { return b.read(e) },
		visit: func(visit func(SeriesID, column)) error {
			data, err := b.read(e) // not through the cache: each section is met once
			if err != nil {
				return err
			}
			g, err := openGroupBlock(data)
			for i := 0; err == nil && i < len(g.series); i++ {
				var c column
				if c, err = g.decode(i); err == nil {
					visit(g.series[i], c)
				}
			}
			return b.where(e, err)
		},
	}
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
