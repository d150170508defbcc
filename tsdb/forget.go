package tsdb

import (
	"fmt"
	"slices"
	"time"

	"github.com/neuroweaver/heddle/tsdb/index"
	"github.com/neuroweaver/heddle/tsdb/wal"
)

// Instances come and go, and each brings new series. A series of which no sample is left is forgotten:
// the index drops it, and the series log is written anew without it. Its id is given to no other. An
// append that is under way may still name it; then it is brought back.

// forgetAfter is how often the store looks for series to forget. The look walks all of them.
const forgetAfter = time.Hour

// forgetSeries forgets the series whose newest sample is older than every block, rollups included. It expects
// db.maintenance to be held.
func (db *DB) forgetSeries(now time.Time) error {
	expired := now.Add(-db.options.Retention).UnixMilli()
	oldest := expired
	db.blocks.mu.RLock()
	if len(db.blocks.blocks) > 0 {
		oldest = max(oldest, db.blocks.blocks[0].meta.mint)
	}
	db.blocks.mu.RUnlock()
	for _, s := range db.rollups {
		s.mu.RLock()
		if len(s.blocks) > 0 {
			oldest = min(oldest, s.blocks[0].meta.mint)
		}
		s.mu.RUnlock()
	}
	expired = min(expired, oldest)

	db.commitMu.Lock() // no append is half way
	gone := db.head.forget(oldest, expired)
	db.commitMu.Unlock()
	if len(gone) == 0 {
		return nil
	}
	if err := db.rewriteSeries(); err != nil {
		return fmt.Errorf("forget series: %w", err)
	}
	db.options.Logger.Info("series without samples were forgotten", "series", len(gone))
	return nil
}

// forget takes series out of the index that have no sample since oldest, the first time in any block,
// or, while their group has samples in memory, since expired.
func (h *head) forget(oldest, expired int64) index.Postings {
	var gone index.Postings
	for _, g := range h.all() {
		gone = append(gone, g.idle(oldest, expired)...)
	}
	if len(gone) == 0 {
		return nil
	}
	slices.Sort(gone)
	h.mu.Lock()
	defer h.mu.Unlock()
	isGone := func(id SeriesID) bool {
		_, is := slices.BinarySearch(gone, uint32(id))
		return is
	}
	// What the log does not have yet has just been made by an append that is under way. To bring all of it
	// back, out of the order of ids, would take longer the more series there are.
	underWay := slices.Sorted(slices.Values(h.unlogged))
	gone = slices.DeleteFunc(gone, func(id uint32) bool {
		if _, is := slices.BinarySearch(underWay, SeriesID(id)); is {
			return true
		}
		ref := h.refs.at(int(id))
		packed := ref.packed.Load()
		ref.packed.Store(packed | deadRef)
		return packed&deadRef != 0 // forgotten before
	})
	h.index.Delete(gone)
	h.unsaved = slices.DeleteFunc(slices.Clone(h.unsaved), isGone)
	h.seriesCount.Add(-int64(len(gone)))
	return gone
}

// idle returns the series of a group that forget may take.
func (g *group) idle(oldest, expired int64) []uint32 {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if !g.isEmpty() {
		oldest = expired
	}
	var idle []uint32
	for col, last := range g.last {
		if last == noTime { // not asked for since the start; then the group's blocks bound it
			last = g.newest()
		}
		if last < oldest && g.series[col] != 0 {
			idle = append(idle, uint32(g.series[col]))
		}
	}
	return idle
}

// revive brings a forgotten series back, or returns the newer one with its labels.
func (h *head) revive(id SeriesID) SeriesID {
	h.mu.Lock()
	defer h.mu.Unlock()
	now, changed := h.index.Revive(uint32(id))
	if changed {
		ref := h.refs.at(int(id))
		ref.packed.Store(ref.packed.Load() &^ deadRef)
		h.unlogged = append(h.unlogged, id)
		h.unsaved = append(h.unsaved, id)
		h.seriesCount.Add(1)
	}
	return SeriesID(now)
}

// rewriteSeries writes the series log anew. The older segments go only once the new one is durable.
func (db *DB) rewriteSeries() error {
	packer, err := newEntryEncoder()
	if err != nil {
		return err
	}
	segment, err := db.seriesLog.Rotate()
	if err != nil {
		return err
	}
	var frames wal.Frames
	entries := appendReserveEntry(nil, db.head.index.Last())
	for batch := range slices.Chunk(db.head.index.IDs(), recordsPerFrame) {
		var before index.Record // none: the first is told whole
		for _, id := range batch {
			// A series may be forgotten, but not made, out of the order of ids while this goes on.
			if record := db.head.record(SeriesID(id)); !record.Labels.IsEmpty() {
				entries = appendNextSeriesEntry(entries, before, record)
				before = record
			}
		}
		frames.Add(func(dst []byte) []byte { return appendCompressedEntry(dst, packer, entries) })
		entries = entries[:0]
	}
	if len(entries) > 0 {
		frames.Add(func(dst []byte) []byte { return appendCompressedEntry(dst, packer, entries) })
	}
	if err := db.seriesLog.Append(&frames, true); err != nil {
		return err
	}
	return db.seriesLog.Drop(segment)
}
