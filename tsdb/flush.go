package tsdb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/model/metadata"

	"github.com/neuroweaver/heddle/tsdb/codec"
	"github.com/neuroweaver/heddle/tsdb/wal"
)

// flushPoint is what a flush has to cover: all that came before one segment of the log.
type flushPoint struct {
	segment   int
	series    []SeriesID
	exemplars []seriesExemplar
	metadata  map[string]metadata.Metadata
}

// flush writes all samples in memory to a block and forgets the log that held them. Appends go on
// meanwhile. After an error everything is as before. A block in the cold tier is one that need not be
// compacted on its own. It expects db.maintenance to be held.
func (db *DB) flush(ctx context.Context, tier codec.Tier) error {
	// What can be made durable beforehand is, because the next step holds up appends.
	if err := db.log.Sync(); err != nil {
		return err
	}
	point, err := db.takeFlushPoint()
	if err != nil {
		return err
	}
	if err := db.saveSeries(point.series); err != nil {
		return err
	}
	if err := db.saveAnnotations(point.exemplars, point.metadata); err != nil {
		return err
	}
	if err := db.writeHead(ctx, point.segment, tier); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return db.log.Drop(point.segment)
}

// takeFlushPoint starts a new segment of the log while no append is half way between log and memory.
func (db *DB) takeFlushPoint() (flushPoint, error) {
	db.commitMu.Lock()
	defer db.commitMu.Unlock()
	segment, err := db.log.Rotate()
	if err != nil {
		return flushPoint{}, err
	}
	return flushPoint{
		segment:   segment,
		series:    db.head.unsavedSeries(),
		exemplars: db.exemplars.all(),
		metadata:  db.metadata.all(),
	}, nil
}

// saveSeries adds new series to the series log.
func (db *DB) saveSeries(ids []SeriesID) error {
	if len(ids) == 0 {
		return nil
	}
	packer, err := newEntryEncoder()
	if err != nil {
		return err
	}
	var frames wal.Frames
	for batch := range slices.Chunk(ids, recordsPerFrame) {
		entries := db.head.appendSeries(nil, batch)
		frames.Add(func(dst []byte) []byte { return appendCompressedEntry(dst, packer, entries) })
	}
	if err := db.seriesLog.Append(&frames, true); err != nil {
		return fmt.Errorf("save series: %w", err)
	}
	db.head.forgetUnsaved(len(ids))
	return nil
}

// recordsPerFrame keeps a frame of records within a few megabytes, unpacked.
const recordsPerFrame = 10_000

// saveAnnotations writes exemplars and metadata anew. The older segments of their log go only once
// the new one is durable.
func (db *DB) saveAnnotations(exemplars []seriesExemplar, known map[string]metadata.Metadata) error {
	if len(exemplars) == 0 && len(known) == 0 {
		return nil
	}
	packer, err := newEntryEncoder()
	if err != nil {
		return err
	}
	var (
		frames  wal.Frames
		encoder codec.Encoder
		entries []byte
	)
	pack := func() {
		if len(entries) > 0 {
			frames.Add(func(dst []byte) []byte { return appendCompressedEntry(dst, packer, entries) })
		}
		entries = nil
	}
	for batch := range slices.Chunk(exemplars, recordsPerFrame) {
		for _, e := range batch {
			entries = appendExemplarEntry(entries, &encoder, e.id, e.exemplar)
		}
		pack()
	}
	for metric, m := range known {
		entries = appendMetadataEntry(entries, metric, m)
	}
	pack()
	segment, err := db.annotationLog.Rotate()
	if err == nil {
		err = db.annotationLog.Append(&frames, true)
	}
	if err == nil {
		err = db.annotationLog.Drop(segment)
	}
	if err != nil {
		return fmt.Errorf("save exemplars and metadata: %w", err)
	}
	return nil
}

// flushed is what of a group went into a block.
type flushed struct {
	group  *group
	chunks []*sealedChunk
}

// writeHead writes what is in memory to a block, and moves it from memory to the block in one step.
func (db *DB) writeHead(ctx context.Context, segment int, tier codec.Tier) error {
	w, err := newBlockWriter(db.options.FS, db.blocks.dir, db.blocks.nextNumber())
	if err != nil {
		return err
	}
	w.meta.logBefore = segment
	if tier == codec.Cold {
		w.meta.level = 1
	}
	done, err := db.writeGroups(ctx, w, tier)
	if err != nil || len(done) == 0 {
		return errors.Join(err, w.abandon())
	}
	if err := w.finish(); err != nil {
		return errors.Join(err, w.abandon())
	}
	db.noteMended(w)
	written, err := openBlock(db.options.FS, db.blocks.dir, w.number, db.head.cache)
	if err != nil {
		return err
	}
	return db.blocks.replace([]*block{written}, nil, func() {
		for _, f := range done {
			f.group.forget(f.chunks)
		}
	})
}

func (db *DB) writeGroups(ctx context.Context, w *blockWriter, tier codec.Tier) ([]flushed, error) {
	var done []flushed
	m := merger{tier: tier}
	var joiner chunkJoiner
	for _, g := range db.head.all() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		chunks, series, layout := db.sealGroup(g)
		if len(chunks) == 0 {
			continue
		}
		add := func(s section) error { return w.add(g.id, s) }
		columns, joined, err := joiner.join(chunks, series, layout)
		if err == nil && joined {
			err = m.emit(columns, add)
		} else if err == nil {
			parts := make([]mergePart, len(chunks))
			for i, c := range chunks {
				parts[i] = c.part(series)
			}
			err = m.merge(parts, func() map[SeriesID]columnPlace { return layout.places(series) }, add)
		}
		if err != nil {
			return nil, err
		}
		done = append(done, flushed{g, chunks})
	}
	return done, nil
}

// sealGroup packs what is still open in a group and returns all its chunks, its series by column, and
// their layout.
func (db *DB) sealGroup(g *group) ([]*sealedChunk, []SeriesID, columnLayout) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seal(&g.open)
	g.seal(&g.late)
	if len(g.sealed) == 0 {
		return nil, nil, columnLayout{}
	}
	return slices.Clone(g.sealed), slices.Clone(g.series), db.layoutOf(g)
}
