package tsdb

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/neuroweaver/heddle/tsdb/codec"
)

const (
	// flushLogBytes is the size of the log at which memory is flushed: about 50 M samples, some ten
	// seconds to replay after a kill.
	flushLogBytes = 256 << 20
	// flushAge is how long samples stay in memory alone at most. Longer chunks compress better, shorter
	// ones bound memory and replay; two hours is what operators of Prometheus are used to.
	flushAge = 2 * time.Hour
)

// maintain does what is due.
func (db *DB) maintain(ctx context.Context) {
	db.maintenance.Lock()
	defer db.maintenance.Unlock()
	if db.isClosed() {
		return
	}
	now := db.options.Now()
	if db.flushIsDue(now) {
		db.run(ctx, "flush", func(ctx context.Context) error { return db.flush(ctx, codec.Hot) })
		db.lastFlush = now
	}
	db.run(ctx, "retention", func(ctx context.Context) error { return db.dropOldBlocks(ctx, now) })
	if now.Sub(db.lastForget) >= forgetAfter {
		db.run(ctx, "forgetting", func(context.Context) error { return db.forgetSeries(now) })
		db.lastForget = now
	}
	db.run(ctx, "compaction", db.compactNext)
}

func (db *DB) flushIsDue(now time.Time) bool {
	if db.lastFlush.IsZero() {
		db.lastFlush = now
	}
	return db.log.Bytes() >= flushLogBytes || now.Sub(db.lastFlush) >= flushAge
}

// run runs one task of maintenance. It is tried again at the next turn when it fails.
func (db *DB) run(ctx context.Context, task string, do func(context.Context) error) {
	start := time.Now()
	err := do(ctx)
	if took := time.Since(start); took > time.Millisecond {
		db.metrics.maintenance.WithLabelValues(task).Observe(took.Seconds())
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		db.metrics.failedRuns.WithLabelValues(task).Inc()
		db.options.Logger.Error("maintenance of the store failed and will be tried again", "task", task, "err", err)
	}
}

// dropOldBlocks removes blocks beyond the retention by age and by size, once they are rolled up, and
// rollups beyond theirs.
func (db *DB) dropOldBlocks(ctx context.Context, now time.Time) error {
	var errs []error
	for _, s := range db.rollups {
		errs = append(errs, s.dropOld(now))
	}
	return errors.Join(append(errs, db.dropOldRaw(ctx, now))...)
}

func (db *DB) dropOldRaw(ctx context.Context, now time.Time) error {
	rollsUp := slices.ContainsFunc(db.rollups, func(s *rollupSet) bool { return s.retention >= 0 })
	hourMS := rollup1h.Milliseconds()
	oldest, newest := now.Add(-db.options.Retention).UnixMilli(), int64(noTime)
	if rollsUp {
		oldest = floorTo(oldest, hourMS) // rollups need whole hours
	}
	var gone []*block
	var kept int64
	db.blocks.mu.RLock()
	for i := len(db.blocks.blocks) - 1; i >= 0; i-- {
		b := db.blocks.blocks[i]
		kept += b.size
		tooLarge := db.options.RetentionSizeBytes > 0 && kept > db.options.RetentionSizeBytes
		if b.meta.maxt < oldest || tooLarge {
			gone = append(gone, b)
			newest = max(newest, b.meta.maxt)
			kept -= b.size
		}
	}
	db.blocks.mu.RUnlock()
	if len(gone) == 0 {
		return nil
	}
	if !rollsUp {
		return db.blocks.replace(nil, gone, nil)
	}
	// A limit of size may be reached within the hour: what still takes late samples is not rolled up.
	to := min(ceilTo(newest+1, hourMS), floorTo(now.Add(-db.options.OutOfOrder).UnixMilli(), hourMS))
	if err := db.rollUpBefore(ctx, to); err != nil {
		return err
	}
	return db.blocks.replace(nil, gone, func() { db.rawFrom = max(db.rawFrom, db.rolledBefore()) })
}
