package tsdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb/codec"
)

// DeleteSeries deletes the samples of the selected series between two times, both included, in
// milliseconds, and returns how many series were selected. It covers what was appended before the
// call; what arrives meanwhile stays. The samples are gone from disk when it returns nil: the blocks
// that held them were written anew, one after another, so after an error some are gone already and a
// second call does the rest.
func (db *DB) DeleteSeries(ctx context.Context, mint, maxt int64, matchers ...*labels.Matcher) (series int, err error) {
	if len(matchers) == 0 {
		return 0, errors.New("delete series: no matcher is given; to delete everything, say {__name__=~\".+\"}")
	}
	db.maintenance.Lock()
	defer db.maintenance.Unlock()
	if db.isClosed() {
		return 0, ErrClosed
	}
	doomed := map[groupID]map[SeriesID]bool{}
	for _, id := range db.head.index.Matching(matchers...) {
		g, col := db.head.locate(SeriesID(id))
		// How late a sample may be does not change because older ones are deleted.
		if _, err := db.newestOf(g, col, SeriesID(id)); err != nil {
			return 0, fmt.Errorf("delete series: %w", err)
		}
		if doomed[g.id] == nil {
			doomed[g.id] = map[SeriesID]bool{}
		}
		doomed[g.id][SeriesID(id)] = true
		series++
	}
	if series == 0 || mint > maxt {
		return 0, nil
	}
	if err := db.flush(ctx, codec.Hot); err != nil {
		return 0, err
	}
	raw := doomedSamples{series: doomed, mint: mint, maxt: maxt, places: db.places}
	if err := db.deleteFromSet(ctx, db.blocks, raw); err != nil {
		return 0, fmt.Errorf("delete series: %w", err)
	}
	for _, s := range db.rollups {
		buckets := raw
		buckets.fieldBits, buckets.places = rollupFieldBits, db.rollupPlaces
		if mint > noTime+s.stepMS { // a bucket that touches the range goes as a whole
			buckets.mint -= s.stepMS - 1
		}
		if err := db.deleteFromSet(ctx, s.blockSet, buckets); err != nil {
			return 0, fmt.Errorf("delete series: %w", err)
		}
	}
	return series, nil
}

// doomedSamples is what a deletion takes out of a set of blocks.
type doomedSamples struct {
	series     map[groupID]map[SeriesID]bool
	fieldBits  int // what the number of a column has below that of its series
	mint, maxt int64
	places     placesOf
}

func (db *DB) deleteFromSet(ctx context.Context, set *blockSet, doomed doomedSamples) (err error) {
	blocks := set.acquire(doomed.mint, doomed.maxt)
	defer func() { err = errors.Join(err, releaseAll(blocks)) }()
	for _, b := range blocks {
		if err := db.deleteFromBlock(ctx, set, b, doomed); err != nil {
			return err
		}
	}
	return nil
}

// deleteFromBlock puts a block without the doomed samples in the place of b.
func (db *DB) deleteFromBlock(ctx context.Context, set *blockSet, b *block, doomed doomedSamples) error {
	touched := func(e *blockEntry) bool {
		return doomed.series[e.group] != nil && e.mint <= doomed.maxt && e.maxt >= doomed.mint
	}
	any := false
	for i := range b.entries {
		any = any || touched(&b.entries[i])
	}
	if !any {
		return nil
	}
	return db.rewriteBlocks(set, []*block{b}, b.meta.level, func(w *blockWriter) error {
		for i := range b.entries {
			e := &b.entries[i]
			if err := ctx.Err(); err != nil {
				return err
			}
			m := merger{tier: e.tier}
			if touched(e) {
				m.keep = func(id SeriesID, c column) column {
					if !doomed.series[e.group][id>>doomed.fieldBits] {
						return c
					}
					return c.without(doomed.mint, doomed.maxt)
				}
			}
			parts := []mergePart{b.part(*e)}
			err := m.merge(parts, func() map[SeriesID]columnPlace { return doomed.places(e.group) }, func(s section) error { return w.add(e.group, s) })
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// without returns the samples outside of a time range.
func (c *column) without(mint, maxt int64) column {
	from, to := timeRange(c.times, mint, maxt)
	if from == to {
		return *c
	}
	var kept column
	kept.appendAll(c.slice(0, from))
	kept.appendAll(c.slice(to, c.len()))
	return kept
}
