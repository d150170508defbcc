package tsdb

import (
	"context"
	"sync"
	"time"
)

// background does what nobody asks for: it makes the log durable, flushes, compacts and lets old
// blocks go.
type background struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup
	once   sync.Once
}

// maintenanceInterval is how often the store looks whether there is something to do. The look costs
// microseconds.
const maintenanceInterval = 5 * time.Second

func (b *background) start(db *DB) {
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	if db.options.WALSync > 0 {
		b.wg.Go(func() { b.syncLog(ctx, db) })
	}
	b.wg.Go(func() {
		ticker := time.NewTicker(maintenanceInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				db.maintain(ctx)
			}
		}
	})
}

// syncLog makes the log durable at every interval. A failure is told once, until it is over.
func (b *background) syncLog(ctx context.Context, db *DB) {
	ticker := time.NewTicker(db.options.WALSync)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			err := db.log.Sync()
			if err != nil && !failing {
				db.options.Logger.Error("the log could not be made durable; a power loss now would lose samples", "err", err)
			}
			failing = err != nil
		}
	}
}

// stop ends the background work and waits for it.
func (b *background) stop() {
	b.once.Do(func() {
		if b.cancel != nil {
			b.cancel()
		}
		b.wg.Wait()
	})
}
