package tsdb

import (
	"context"
	"errors"
	"fmt"
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

// compactNext compacts one run of blocks, if there is one.
func (db *DB) compactNext(ctx context.Context) error {
	db.blocks.mu.RLock()
	run := nextRun(db.blocks.blocks, db.blockSpanMS())
	db.blocks.mu.RUnlock()
	if len(run) == 0 {
		return nil
	}
	return db.compactBlocks(ctx, run)
}

// blockSpanMS is how much time a block may cover.
func (db *DB) blockSpanMS() int64 {
	return min(maxBlockSpan, max(db.options.Retention/10, 24*time.Hour)).Milliseconds()
}

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
			if err := db.compactBlocks(ctx, blocks[from:to]); err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

// compactBlocks writes one block with all that run holds and puts it in the place of run.
func (db *DB) compactBlocks(ctx context.Context, run []*block) error {
	level := 0
	for _, b := range run {
		level = max(level, b.meta.level+1)
	}
	err := db.rewriteBlocks(run, level, func(w *blockWriter) error { return db.mergeBlocks(ctx, run, w) })
	if err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	return nil
}

// rewriteBlocks puts a block that fill writes in the place of old; none, if it stays empty. A crash at
// any moment leaves the old blocks or the new one.
func (db *DB) rewriteBlocks(old []*block, level int, fill func(*blockWriter) error) error {
	w, err := newBlockWriter(db.options.FS, db.blocks.dir, db.blocks.nextNumber())
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
		return errors.Join(w.abandon(), db.blocks.replace(nil, old, nil))
	}
	if err := w.finish(); err != nil {
		return errors.Join(err, w.abandon())
	}
	written, err := openBlock(db.options.FS, db.blocks.dir, w.number, db.head.cache)
	if err != nil {
		return err
	}
	return db.blocks.replace([]*block{written}, old, nil)
}

// mergeBlocks merges group after group. Where two blocks have a sample of one series at one time, the
// older block wins: its sample was there first.
func (db *DB) mergeBlocks(ctx context.Context, run []*block, w *blockWriter) error {
	run = slices.Clone(run)
	slices.SortFunc(run, func(a, b *block) int { return a.number - b.number })
	groups := map[groupID]bool{}
	for _, b := range run {
		for i := range b.entries {
			groups[b.entries[i].group] = true
		}
	}
	ids := make([]groupID, 0, len(groups))
	for id := range groups {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	m := merger{tier: codec.Cold}
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return err
		}
		var parts []mergePart
		for _, b := range run {
			for _, e := range b.of(id) {
				parts = append(parts, b.part(e))
			}
		}
		err := m.merge(parts, func() map[SeriesID]columnPlace { return db.places(id) }, func(s section) error { return w.add(id, s) })
		if err != nil {
			return err
		}
	}
	return nil
}

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
