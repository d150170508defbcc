package tsdb

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// blockSet is the blocks of a store.
type blockSet struct {
	fs    vfs.FS
	dir   string
	cache *groupCache

	// mu guards the fields below. It is also held, for reading, while a reader collects what memory and
	// blocks have of a series, and for writing while samples move from memory to a block: so a reader
	// sees each sample in one place or the other. It is taken before the group lock.
	mu     sync.RWMutex
	blocks []*block // by mint
	next   int      // number of the next block
}

// openBlockSet opens all blocks in dir. Blocks that another one replaced, and files that were being
// written when the process died, are removed.
func openBlockSet(fsys vfs.FS, dir string, cache *groupCache) (*blockSet, error) {
	s := &blockSet{fs: fsys, dir: dir, cache: cache, next: 1}
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("make block directory: %w", err)
	}
	names, err := fsys.List(dir)
	if err != nil {
		return nil, fmt.Errorf("list blocks: %w", err)
	}
	replaced := map[int]bool{}
	for _, name := range names {
		if strings.HasSuffix(name, ".tmp") {
			if err := fsys.Remove(filepath.Join(dir, name)); err != nil {
				return nil, errors.Join(fmt.Errorf("remove unfinished block: %w", err), s.close())
			}
			continue
		}
		number, is := blockNumber(name)
		if !is {
			continue
		}
		b, err := openBlock(fsys, dir, number, cache)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.blocks = append(s.blocks, b)
		s.next = max(s.next, number+1)
		for _, old := range b.meta.replaces {
			replaced[old] = true
		}
	}
	for _, b := range s.blocks {
		if replaced[b.number] {
			b.remove.Store(true)
			err = errors.Join(err, b.release())
		}
	}
	s.blocks = slices.DeleteFunc(s.blocks, func(b *block) bool { return replaced[b.number] })
	s.sort()
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *blockSet) sort() {
	slices.SortFunc(s.blocks, func(a, b *block) int {
		return cmp.Or(cmp.Compare(a.meta.mint, b.meta.mint), cmp.Compare(a.number, b.number))
	})
}

// nextNumber gives a number for a new block.
func (s *blockSet) nextNumber() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	return s.next - 1
}

// replace puts added in and takes gone out, and calls also with the set locked. Blocks that are gone
// are removed from disk when their last reader is done.
func (s *blockSet) replace(added []*block, gone []*block, also func()) error {
	s.mu.Lock()
	s.blocks = slices.DeleteFunc(slices.Clone(s.blocks), func(b *block) bool { return slices.Contains(gone, b) })
	s.blocks = append(s.blocks, added...)
	s.sort()
	if also != nil {
		also()
	}
	s.mu.Unlock()
	if len(gone) == 0 {
		return nil
	}
	var err error
	for _, b := range gone {
		b.remove.Store(true)
		err = errors.Join(err, b.release())
	}
	if err := s.fs.SyncDir(s.dir); err != nil { // what is deleted must not come back
		return fmt.Errorf("sync block directory: %w", err)
	}
	return err
}

// acquire returns the blocks that overlap a time range; each must be released.
func (s *blockSet) acquire(mint, maxt int64) []*block {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.acquireLocked(mint, maxt)
}

func (s *blockSet) acquireLocked(mint, maxt int64) []*block {
	var blocks []*block
	for _, b := range s.blocks {
		if b.meta.mint <= maxt && b.meta.maxt >= mint {
			b.acquire()
			blocks = append(blocks, b)
		}
	}
	return blocks
}

func releaseAll(blocks []*block) error {
	var err error
	for _, b := range blocks {
		err = errors.Join(err, b.release())
	}
	return err
}

// newestOf returns the time of the newest sample of a series, neverTime if it has none.
func (s *blockSet) newestOf(group groupID, id SeriesID) (_ int64, err error) {
	blocks := s.acquire(neverTime, maxTime)
	defer func() { err = errors.Join(err, releaseAll(blocks)) }()
	newest := int64(neverTime)
	for _, b := range slices.Backward(blocks) {
		for _, e := range slices.Backward(b.of(group)) {
			if e.maxt <= newest {
				continue
			}
			c, err := b.column(e, id)
			if err != nil {
				return 0, err
			}
			if n := c.len(); n > 0 {
				newest = max(newest, c.times[n-1])
			}
		}
	}
	return newest, nil
}

// find returns the sample of a series at t.
func (s *blockSet) find(group groupID, id SeriesID, t int64) (_ cell, found bool, err error) {
	blocks := s.acquire(t, t)
	defer func() { err = errors.Join(err, releaseAll(blocks)) }()
	for _, b := range blocks {
		for _, e := range b.of(group) {
			if t < e.mint || t > e.maxt {
				continue
			}
			c, err := b.column(e, id)
			if err != nil {
				return cell{}, false, err
			}
			if part := c.between(t, t); part.len() > 0 {
				return part.at(0), true, nil
			}
		}
	}
	return cell{}, false, nil
}

func (s *blockSet) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := releaseAll(s.blocks)
	s.blocks = nil
	return err
}
