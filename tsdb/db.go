package tsdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb/codec"
	"github.com/neuroweaver/heddle/tsdb/wal"
)

// DB is an open store. It is safe for concurrent use.
//
// A sample lives in the write-ahead log and in a group's open chunk, then encoded in a sealed chunk,
// then in a block, and the log lets go of it. docs/storage.md tells the whole story.
//
// Locks are taken in this order: maintenance, commitMu, blocks.mu, the mu of rollups, head.mu, group.mu, then leaves.
type DB struct {
	options Options
	dir     string
	metrics *metrics

	lock          io.Closer // other processes stay out while it is held
	log           *wal.Log  // appends that are not in a block yet
	seriesLog     *wal.Log  // all series
	annotationLog *wal.Log  // exemplars and metadata
	head          *head
	blocks        *blockSet
	rollups       []*rollupSet // the finest first
	exemplars     *exemplarStore
	metadata      *metadataStore

	// rawFrom is the time before which rollups are read, and raw samples from it on; guarded by blocks.mu.
	rawFrom int64
	// closedBefore is the time before which no sample is taken, because rollups cover it or are about
	// to. It is raised with commitMu held.
	closedBefore atomic.Int64

	commits commitQueue
	buffers sync.Pool // *appendBuffers

	// maintenance lets one flush, compaction or deletion run at a time.
	maintenance sync.Mutex
	lastFlush   time.Time // guarded by maintenance
	lastForget  time.Time // guarded by maintenance
	background  background

	// commitMu guards the fields below and is held from the writing of the log to the hook, so that log,
	// memory and hook see all appends in one order.
	commitMu sync.Mutex
	frames   wal.Frames
	encoder  codec.Encoder // of exemplars
	hookRows []Row
	disk     diskState

	// closed is set with commitMu held, and read without it: the hook may read the store.
	closed atomic.Bool
}

// Open opens the store in dir and makes it where there is none. Errors are ErrLocked where another
// process has it open, and *CorruptionError where a file can not be trusted.
func Open(dir string, o Options) (*DB, error) {
	o = o.withDefaults()
	db := &DB{
		options: o, dir: dir, head: newHead(newLimits(o)),
		exemplars: newExemplarStore(), metadata: newMetadataStore(),
		buffers: sync.Pool{New: func() any { return newAppendBuffers() }},
	}
	db.metrics = newMetrics(o.Registerer, db)
	db.commits.commitAll = db.commitAll
	if err := o.FS.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	err := o.FS.SyncDir(filepath.Dir(filepath.Clean(dir)))
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if db.lock, err = o.FS.Lock(filepath.Join(dir, lockFile)); err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	if err := db.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), db.release())
	}
	db.background.start(db)
	return db, nil
}

// Close flushes what is in memory, so that the next start has nothing to replay, and closes the
// store. Where the flush fails, the log keeps the samples. It may be called again.
func (db *DB) Close() error {
	db.background.stop()
	db.maintenance.Lock()
	defer db.maintenance.Unlock()
	if db.isClosed() {
		return nil
	}
	err := db.flush(context.Background(), codec.Hot)
	db.commitMu.Lock()
	db.closed.Store(true)
	db.commitMu.Unlock()
	if errors.Is(err, ErrDiskFull) {
		db.options.Logger.Warn("closed without a flush, the disk is full; the log keeps the samples", "err", err)
		err = nil
	}
	return errors.Join(err, db.release())
}

// release lets go of files and lock.
func (db *DB) release() error {
	var errs []error
	for _, log := range []*wal.Log{db.log, db.seriesLog, db.annotationLog} {
		if log != nil {
			errs = append(errs, log.Close())
		}
	}
	if db.blocks != nil {
		errs = append(errs, db.blocks.close())
	}
	for _, s := range db.rollups {
		errs = append(errs, s.close())
	}
	db.metrics.unregister()
	return errors.Join(append(errs, db.lock.Close())...)
}

func (db *DB) isClosed() bool { return db.closed.Load() }

// Labels returns the labels of a series; they are empty for an id that was never given.
func (db *DB) Labels(id SeriesID) labels.Labels {
	if id == 0 || id > math.MaxUint32 {
		return labels.EmptyLabels()
	}
	return db.head.index.Labels(uint32(id))
}

// Compact flushes what is in memory and compacts all blocks into one per stretch of time.
func (db *DB) Compact(ctx context.Context) error {
	db.maintenance.Lock()
	defer db.maintenance.Unlock()
	if db.isClosed() {
		return ErrClosed
	}
	if err := db.flush(ctx, codec.Cold); err != nil {
		return err
	}
	return db.compactAll(ctx)
}
