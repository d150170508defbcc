package tsdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/neuroweaver/heddle/tsdb/codec"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// rollupSet is the rollups of one resolution. Its blocks do not overlap, and together they cover all
// time before covered() that was not dropped since.
type rollupSet struct {
	*blockSet
	stepMS    int64
	retention time.Duration // negative: no such rollups are kept
}

// rollupCacheBytes bounds the opened group-blocks of each resolution.
const rollupCacheBytes = 4 << 20

// rollupDirs are where rollups lie, the finest first.
var rollupDirs = [...]struct {
	name string
	step time.Duration
}{{"rollup-5m", rollup5m}, {"rollup-1h", rollup1h}}

// openRollups opens the rollups of all resolutions, the finest first.
func openRollups(fsys vfs.FS, dir string, o Options) ([]*rollupSet, error) {
	var sets []*rollupSet
	for i, retention := range []time.Duration{o.Rollup5mRetention, o.Rollup1hRetention} {
		set, err := openBlockSet(fsys, filepath.Join(dir, rollupDirs[i].name), newGroupCache(rollupCacheBytes))
		if err != nil {
			return sets, err
		}
		sets = append(sets, &rollupSet{set, rollupDirs[i].step.Milliseconds(), retention})
	}
	return sets, nil
}

// covered returns the time before which raw samples are in the rollup; noTime where it is empty. A
// rollup's block says so as the number of the first bucket after it.
func (s *rollupSet) covered() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	covered := int64(noTime)
	for _, b := range s.blocks {
		covered = max(covered, int64(b.meta.logBefore)*s.stepMS)
	}
	return covered
}

// dropOld removes what is beyond the retention.
func (s *rollupSet) dropOld(now time.Time) error {
	oldest := now.Add(-s.retention).UnixMilli()
	s.mu.RLock()
	var gone []*block
	for _, b := range s.blocks {
		if s.retention < 0 || b.meta.maxt+s.stepMS <= oldest {
			gone = append(gone, b)
		}
	}
	s.mu.RUnlock()
	if len(gone) == 0 {
		return nil
	}
	return s.replace(nil, gone, nil)
}

// rolledBefore returns the time before which rollups have all samples; neverTime if there are none.
func (db *DB) rolledBefore() int64 {
	before := int64(neverTime)
	for _, s := range db.rollups {
		before = max(before, s.covered())
	}
	return before
}

// rollUpBefore brings all rollups up to a multiple of an hour. From then on, nothing older is appended.
// It expects db.maintenance to be held.
func (db *DB) rollUpBefore(ctx context.Context, to int64) error {
	due := func(s *rollupSet) bool { return s.retention >= 0 && s.covered() < to }
	if !slices.ContainsFunc(db.rollups, due) {
		return nil
	}
	db.commitMu.Lock() // no append is half way
	db.closedBefore.Store(max(db.closedBefore.Load(), to))
	db.commitMu.Unlock()
	if err := db.flush(ctx, codec.Hot); err != nil {
		return err
	}
	for _, s := range db.rollups {
		if due(s) {
			if err := db.rollUpBlocks(ctx, s, s.covered(), to); err != nil {
				return fmt.Errorf("roll up: %w", err)
			}
		}
	}
	return nil
}

// rollUpBlocks adds a block to a rollup: of the raw samples with from <= time < to.
func (db *DB) rollUpBlocks(ctx context.Context, s *rollupSet, from, to int64) (err error) {
	blocks := db.blocks.acquire(from, to-1)
	defer func() { err = errors.Join(err, releaseAll(blocks)) }()
	// Where two blocks have a sample of one series at one time, the older block wins.
	slices.SortFunc(blocks, func(a, b *block) int { return a.number - b.number })
	w, err := newBlockWriter(db.options.FS, s.dir, s.nextNumber())
	if err != nil {
		return err
	}
	w.meta.logBefore = int(max(0, to/s.stepMS))
	for _, id := range groupsOf(blocks) {
		if err := ctx.Err(); err != nil {
			return errors.Join(err, w.abandon())
		}
		if err := db.rollUpGroup(s, blocks, id, from, to, w); err != nil {
			return errors.Join(err, w.abandon())
		}
	}
	if len(w.entries) == 0 {
		return w.abandon()
	}
	if err := w.finish(); err != nil {
		return errors.Join(err, w.abandon())
	}
	db.noteMended(w)
	written, err := openBlock(db.options.FS, s.dir, w.number, s.cache)
	if err != nil {
		return errors.Join(err, w.abandon())
	}
	return s.replace([]*block{written}, nil, nil)
}

// rollupRows is how many buckets of a group are made at once: two days of 5 m. With 1024 series and
// seven columns each they take 32 MiB.
const rollupRows = 576

// rollUpGroup rolls up one group, one stretch of time after another.
func (db *DB) rollUpGroup(s *rollupSet, blocks []*block, id groupID, from, to int64, w *blockWriter) error {
	var parts []mergePart
	for _, b := range blocks {
		for _, e := range b.of(id) {
			parts = append(parts, b.part(e))
		}
	}
	places := db.places(id)
	m := merger{tier: codec.Cold}
	for {
		next := int64(maxTime) // the first time that a part may have a sample
		for i := range parts {
			if parts[i].maxt >= from {
				next = min(next, max(parts[i].mint, from))
			}
		}
		if next >= to {
			return nil
		}
		start := floorTo(next, s.stepMS)
		end := min(start+rollupRows*s.stepMS, to)
		var overlapping []int
		for i := range parts {
			if parts[i].mint < end && parts[i].maxt >= start {
				overlapping = append(overlapping, i)
			}
		}
		m.keep = func(_ SeriesID, c column) column { return c.between(max(start, from), end-1) }
		columns, err := m.collect(parts, overlapping, places)
		if err != nil {
			return err
		}
		var fields [rollupFields][]seriesColumn
		for i := range columns {
			c := &columns[i]
			buckets := rollUp(&c.column, s.stepMS)
			rollupColumns(&fields, c.series, c.family, buckets, !db.isCounter(c.series, buckets))
		}
		if err := m.emit(slices.Concat(fields[:]...), func(sec section) error { return w.add(id, sec) }); err != nil {
			return err
		}
		from = end
	}
}
