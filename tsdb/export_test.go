package tsdb

import (
	"context"
	"errors"

	"github.com/neuroweaver/heddle/tsdb/codec"
)

// Flush writes what is in memory to a block, as maintenance does when it is due.
func (db *DB) Flush() error {
	db.maintenance.Lock()
	defer db.maintenance.Unlock()
	return db.flush(context.Background(), codec.Hot)
}

// DropOld does what retention demands and forgets series without samples.
func (db *DB) DropOld() error {
	db.maintenance.Lock()
	defer db.maintenance.Unlock()
	now := db.options.Now()
	return errors.Join(db.dropOldBlocks(context.Background(), now), db.forgetSeries(now))
}

// CompactNext compacts one run of blocks, as maintenance does.
func (db *DB) CompactNext() error {
	db.maintenance.Lock()
	defer db.maintenance.Unlock()
	return db.compactNext(context.Background())
}
