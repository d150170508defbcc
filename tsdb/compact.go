package tsdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/neuroweaver/heddle/tsdb/codec"
)

const (
	// compactFanIn is how many blocks of a level become one of the next. With two hours in a flushed
	// block and group-blocks that are copied once they are long, a sample is encoded about three times.
	compactFanIn = 6
	// maxBlockSpan bounds what one compaction reads and writes, and what retention must keep because a
	// part of it is still wanted.
	maxBlockSpan = 14 * 24 * time.Hour
)

// compactNext compacts one run of blocks of samples and of each rollup, if there is one.
func (db *DB) compactNext(ctx context.Context) error {
	err := db.compactNextOf(ctx, db.blocks, db.blockSpanMS(), db.places)
	for _, s := range db.rollups {
		err = errors.Join(err, db.compactNextOf(ctx, s.blockSet, s.blockSpanMS(), db.rollupPlaces))
	}
	return err
}

func (db *DB) compactNextOf(ctx context.Context, set *blockSet, spanMS int64, places placesOf) error {
	set.mu.RLock()
	run := nextRun(set.blocks, spanMS)
	set.mu.RUnlock()
	if len(run) == 0 {
		return nil
	}
	return db.compactBlocks(ctx, set, run, places)
}

// placesOf says where the columns of a group stand in a group-block.
type placesOf func(groupID) map[SeriesID]columnPlace

// blockSpanMS is how much time a block may cover.
func (db *DB) blockSpanMS() int64 {
	return min(maxBlockSpan, max(db.options.Retention/10, 24*time.Hour)).Milliseconds()
}

// blockSpanMS is how much time a block of a rollup may cover.
func (s *rollupSet) blockSpanMS() int64 { return (s.retention / 10).Milliseconds() }

// nextRun returns the oldest run of neighbouring blocks of one level that is long enough to compact.
func nextRun(blocks []*block, spanMS int64) []*block {
	for from := 0; from < len(blocks); {
		to := from + 1
		maxt := blocks[from].meta.maxt
		for to < len(blocks) && blocks[to].meta.level == blocks[from].meta.level &&
			max(maxt, blocks[to].meta.maxt)-blocks[from].meta.mint <= spanMS {
			maxt = max(maxt, blocks[to].meta.maxt)
			to++
		}
		if to-from >= compactFanIn {
			return slices.Clone(blocks[from : from+compactFanIn])
		}
		from = to
	}
	return nil
}

// compactAll compacts everything, into as few blocks as their allowed span permits.
func (db *DB) compactAll(ctx context.Context) error {
	db.blocks.mu.RLock()
	blocks := slices.Clone(db.blocks.blocks)
	db.blocks.mu.RUnlock()
	spanMS := db.blockSpanMS()
	for from := 0; from < len(blocks); {
		to, maxt := from+1, blocks[from].meta.maxt
		for to < len(blocks) && (max(maxt, blocks[to].meta.maxt)-blocks[from].meta.mint <= spanMS || blocks[to].meta.mint <= maxt) {
			maxt = max(maxt, blocks[to].meta.maxt)
			to++
		}
		if to-from > 1 || blocks[from].meta.level == 0 {
			if err := db.compactBlocks(ctx, db.blocks, blocks[from:to], db.places); err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

// compactBlocks writes one block with all that run holds and puts it in the place of run.
func (db *DB) compactBlocks(ctx context.Context, set *blockSet, run []*block, places placesOf) error {
	level := 0
	for _, b := range run {
		level = max(level, b.meta.level+1)
	}
	err := db.rewriteBlocks(set, run, level, func(w *blockWriter) error { return mergeBlocks(ctx, run, places, w) })
	if err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	return nil
}

// rewriteBlocks puts a block that fill writes in the place of old; none, if it stays empty. A crash at
// any moment leaves the old blocks or the new one.
func (db *DB) rewriteBlocks(set *blockSet, old []*block, level int, fill func(*blockWriter) error) error {
	w, err := newBlockWriter(db.options.FS, set.dir, set.nextNumber())
	if err != nil {
		return err
	}
	w.meta.level = level
	for _, b := range old {
		w.meta.logBefore = max(w.meta.logBefore, b.meta.logBefore)
		w.meta.replaces = append(w.meta.replaces, b.number)
	}
	if err := fill(w); err != nil {
		return errors.Join(err, w.abandon())
	}
	if len(w.entries) == 0 {
		return errors.Join(w.abandon(), set.replace(nil, old, nil))
	}
	if err := w.finish(); err != nil {
		return errors.Join(err, w.abandon())
	}
	db.noteMended(w)
	written, err := openBlock(db.options.FS, set.dir, w.number, set.cache)
	if err != nil {
		return err
	}
	return set.replace([]*block{written}, old, nil)
}

// mergeBlocks merges group after group. Where two blocks have a sample of one series at one time, the
// older block wins: its sample was there first.
func mergeBlocks(ctx context.Context, run []*block, places placesOf, w *blockWriter) error {
	run = slices.Clone(run)
	slices.SortFunc(run, func(a, b *block) int { return a.number - b.number })
	m := merger{tier: codec.Cold}
	for _, id := range groupsOf(run) {
		if err := ctx.Err(); err != nil {
			return err
		}
		var parts []mergePart
		for _, b := range run {
			for _, e := range b.of(id) {
				parts = append(parts, b.part(e))
			}
		}
		err := m.merge(parts, func() map[SeriesID]columnPlace { return places(id) }, func(s section) error { return w.add(id, s) })
		if err != nil {
			return err
		}
	}
	return nil
}

// groupsOf returns the groups that blocks have, in ascending order.
func groupsOf(blocks []*block) []groupID {
	groups := map[groupID]bool{}
	for _, b := range blocks {
		for i := range b.entries {
			groups[b.entries[i].group] = true
		}
	}
	return slices.Sorted(maps.Keys(groups))
}

// rollupPlaces returns where the columns of a group's rollup stand in a group-block.
func (db *DB) rollupPlaces(id groupID) map[SeriesID]columnPlace { return rollupPlaces(db.places(id)) }

// places returns where the series of a group stand in a group-block.
func (db *DB) places(id groupID) map[SeriesID]columnPlace {
	g := db.head.group(id)
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return db.layoutOf(g).places(g.series)
}

// layoutOf returns the layout of a group's columns. It expects the group to be locked.
func (db *DB) layoutOf(g *group) columnLayout {
	if len(g.layout.order) != len(g.series) {
		g.layout = newColumnLayout(g.series, db.Labels)
	}
	return g.layout
}
