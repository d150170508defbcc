package tsdb

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/neuroweaver/heddle/tsdb/index"
	"github.com/neuroweaver/heddle/tsdb/wal"
)

// recover brings back what the directory holds: blocks, series, exemplars and metadata, then the
// appends that no block has.
func (db *DB) recover() error {
	fs := db.options.FS
	var err error
	if db.blocks, err = openBlockSet(fs, filepath.Join(db.dir, blocksDir), db.head.cache); err != nil {
		return err
	}
	if db.rollups, err = openRollups(fs, db.dir, db.options); err != nil {
		return err
	}
	db.rawFrom = db.rolledBefore()
	db.closedBefore.Store(db.rawFrom)
	open := func(name string) (log *wal.Log) {
		if err == nil {
			log, err = wal.Open(fs, filepath.Join(db.dir, name), 0)
		}
		return log
	}
	db.seriesLog, db.annotationLog, db.log = open(seriesDir), open(annotationsDir), open(logDir)
	if err != nil {
		return err
	}
	if err := fs.SyncDir(db.dir); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}

	r := &replay{db: db}
	torn := func(t wal.Torn) {
		db.options.Logger.Warn("the end of a log was torn off, it had not been made durable",
			"file", t.File, "offset", t.Offset, "bytes", t.Bytes, "reason", t.Reason)
	}
	if err := db.seriesLog.Replay(1, r.frame, torn); err != nil {
		return err
	}
	if err := db.annotationLog.Replay(1, r.frame, torn); err != nil {
		return err
	}
	db.adoptBlocks()
	r.fresh = true
	covered := 1
	for _, b := range db.blocks.blocks {
		covered = max(covered, b.meta.logBefore)
	}
	if err := db.log.Drop(covered); err != nil {
		return err
	}
	return db.log.Replay(covered, r.frame, torn)
}

// adoptBlocks tells the groups how far the blocks reach.
func (db *DB) adoptBlocks() {
	for _, b := range db.blocks.blocks {
		for i := range b.entries {
			e := &b.entries[i]
			if g := db.head.group(e.group); g != nil {
				g.flushed = max(g.flushed, e.maxt)
				g.boundary = max(g.boundary, e.maxt)
			}
		}
	}
	for _, s := range db.rollups {
		for _, b := range s.blocks {
			for i := range b.entries {
				e := &b.entries[i]
				if g := db.head.group(e.group); g != nil {
					g.flushed = max(g.flushed, e.maxt+s.stepMS-1)
					g.boundary = max(g.boundary, e.maxt+s.stepMS-1)
				}
			}
		}
	}
	for _, g := range db.head.all() {
		if g.flushed == noTime {
			for col := range g.last {
				g.last[col] = neverTime
			}
		}
	}
}

// replay applies what the logs hold.
type replay struct {
	db      *DB
	decoder logDecoder
	fresh   bool // series from here on are not in the series log yet
}

func (r *replay) frame(payload []byte) error { return r.decoder.decode(payload, r) }

func (r *replay) seriesEntry(record index.EncodedRecord) error {
	if g, _ := r.db.head.locate(SeriesID(record.ID)); g == nil && r.fresh {
		r.db.head.unsaved = append(r.db.head.unsaved, SeriesID(record.ID))
	}
	return r.db.head.restore(record)
}

func (r *replay) reserveEntry(last uint32) { r.db.head.index.Reserve(last) }

var errReplay = errors.New("log entry names a series that does not exist")

func (r *replay) rowEntry(row *logRow) error {
	g := r.db.head.group(row.group)
	if g == nil {
		return errReplay
	}
	for _, col := range row.columns {
		if int(col) >= len(g.series) {
			return errReplay
		}
	}
	g.apply(row)
	return nil
}

func (r *replay) exemplarEntry(id SeriesID, e exemplar.Exemplar) error {
	if g, _ := r.db.head.locate(id); g == nil {
		return errReplay
	}
	r.db.exemplars.add(id, e)
	return nil
}

func (r *replay) metadataEntry(metric string, m metadata.Metadata) error {
	r.db.metadata.set(metric, m)
	return nil
}
