package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"
)

// ErrClosed is the answer to a batch handed in after Close.
var ErrClosed = errors.New("the journal is closed")

// StalledError reports that the journal cannot be written at present. What was handed in waits in
// memory and is written as soon as that works again.
type StalledError struct{ Err error }

func (e *StalledError) Error() string {
	return fmt.Sprintf("the journal cannot be written, it is tried again: %v", e.Err)
}
func (e *StalledError) Unwrap() error { return e.Err }

// Options of a journal; the zero value is fine.
type Options struct {
	// Logger; nil: nothing is logged.
	Logger *slog.Logger
	// Committed, if set, sees every event once it is durable, in order, on the journal's goroutine.
	Committed func([]Event)
	// ReserveBytes is the room kept for a full disk, once space is scarce; 0: 8 MiB; negative: none.
	ReserveBytes int64
	// FreeBytes tells how much room is left on the disk of a directory; nil: the system is asked.
	FreeBytes func(dir string) (int64, error)
	// Fault, if set, is asked before each step of a transaction, and fails it by its error: tests of
	// the journal and of those who live by it use it to be a bad disk.
	Fault func(step string) error
}

// Journal is one SQLite file with one writer. Events get their place in the chain when they are
// handed in; the writer takes all that wait into one transaction, so that they share one fsync.
type Journal struct {
	path   string
	o      Options
	writer *sql.DB
	reader *sql.DB
	insert statements
	head   *headFile
	// spare and seal are the writer's own.
	seal  seal
	spare reserve

	// mu guards what follows. It is never held during I/O.
	mu      sync.Mutex
	space   sync.Cond // a change of queue, stalled or closing
	queue   []*Ticket
	queued  int    // events in queue and under way
	seq     uint64 // of the newest event, durable or not
	hash    Hash
	stalled error
	closing bool

	wake     chan struct{} // buffered by one: there is something in queue
	stopped  chan struct{}
	closeDB  sync.Once
	closeErr error
}

// maxQueued bounds the events that wait for the disk: at about 1 KiB each, 16 MiB. Beyond it, Append
// waits, and so do those who bring samples.
const maxQueued = 16 << 10

// Ticket is the fate of one batch.
type Ticket struct {
	journal *Journal
	batch   *Batch
	done    chan struct{}
	err     error // set before done is closed
}

// Append gives the batch its place in the chain and hands it to the writer. It returns at once,
// unless more than maxQueued events wait. Batches become durable in the order of the calls.
func (j *Journal) Append(b *Batch) *Ticket {
	t := &Ticket{journal: j, batch: b, done: make(chan struct{})}
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.queued > maxQueued && !j.closing {
		j.space.Wait()
	}
	if j.closing && b.err == nil {
		b.err = ErrClosed
	}
	if b.err != nil {
		t.err = b.err
		close(t.done)
		return t
	}
	for i := range b.events {
		event := &b.events[i]
		j.seq++
		event.Seq = j.seq
		event.Hash = chain(j.hash, event.Seq, event.Time.UnixNano(), event.Kind, event.Payload)
		j.hash = event.Hash
	}
	j.queue = append(j.queue, t)
	j.queued += len(b.events)
	select {
	case j.wake <- struct{}{}:
	default:
	}
	return t
}

// Wait returns when the batch is durable. While the journal cannot be written it returns a
// *StalledError instead of waiting on; the batch is then written later.
func (t *Ticket) Wait(ctx context.Context) error {
	j := t.journal
	stop := context.AfterFunc(ctx, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.space.Broadcast()
	})
	defer stop()
	j.mu.Lock()
	defer j.mu.Unlock()
	for {
		select {
		case <-t.done:
			return t.err
		default:
		}
		if j.stalled != nil {
			return &StalledError{j.stalled}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		j.space.Wait()
	}
}

// Events are the batch's events with their places in the chain.
func (t *Ticket) Events() []Event { return t.batch.events }

// Head is the sequence number and hash of the newest event handed in.
func (j *Journal) Head() (uint64, Hash) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.seq, j.hash
}

// Waiting is how many events are not durable yet, and why, if the disk is to blame.
func (j *Journal) Waiting() (events int, stalled error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.queued, j.stalled
}

// Close writes what was handed in, as far as the disk takes it, and closes the file. It is
// idempotent.
func (j *Journal) Close() error {
	j.mu.Lock()
	j.closing = true
	j.space.Broadcast()
	j.mu.Unlock()
	select {
	case j.wake <- struct{}{}:
	default:
	}
	<-j.stopped
	j.closeDB.Do(func() {
		j.mu.Lock()
		var lost error
		if j.queued > 0 {
			lost = fmt.Errorf("%d events could not be written: %w", j.queued, j.stalled)
		}
		j.mu.Unlock()
		lost = errors.Join(lost, j.reader.Close())
		if err := j.seal.make(time.Now(), "TRUNCATE"); err != nil {
			j.o.Logger.Warn("the journal is closed without a seal; a changed byte outside its events would go unnoticed", "path", j.path, "error", err)
		}
		j.closeErr = errors.Join(lost, j.insert.close(), j.writer.Close(), j.head.Close())
	})
	return j.closeErr
}

var _ io.Closer = (*Journal)(nil)

// retryPause is how long the writer waits after the n-th failure in a row: long enough not to burn
// the processor on a full disk, short enough that freed space is used at once.
func retryPause(failures int) time.Duration {
	return min(50*time.Millisecond<<min(failures, 7), 5*time.Second)
}
