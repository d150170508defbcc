package tsdb

import (
	"context"

	"github.com/neuroweaver/heddle/tsdb/codec"
)

// Flush writes what is in memory to a block, as maintenance does when it is due.
func (db *DB) Flush() error {
	db.maintenance.Lock()
	defer db.maintenance.Unlock()
	return db.flush(context.Background(), codec.Hot)
}

// CompactNext compacts one run of blocks, as maintenance does.
func (db *DB) CompactNext() error {
	db.maintenance.Lock()
	defer db.maintenance.Unlock()
	return db.compactNext(context.Background())
}
