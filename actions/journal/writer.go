package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// statements are the writer's prepared statements, all on its one connection.
type statements struct {
	conn                        *sql.Conn
	event, put, remove, setHead *sql.Stmt
	begin, commit, rollback     *sql.Stmt
}

func prepare(ctx context.Context, db *sql.DB) (s statements, err error) {
	if s.conn, err = db.Conn(ctx); err != nil {
		return s, err
	}
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&s.event, `INSERT INTO event (seq, time_ns, kind, payload, hash) VALUES (?, ?, ?, CAST(? AS TEXT), ?)`},
		{&s.put, `INSERT INTO state (bucket, key, body) VALUES (?, ?, CAST(? AS TEXT))
			ON CONFLICT (bucket, key) DO UPDATE SET body = excluded.body`},
		{&s.remove, `DELETE FROM state WHERE bucket = ? AND key = ?`},
		{&s.setHead, `UPDATE head SET seq = ?, hash = ?`},
		{&s.begin, `BEGIN IMMEDIATE`},
		{&s.commit, `COMMIT`},
		{&s.rollback, `ROLLBACK`},
	} {
		if *p.stmt, err = s.conn.PrepareContext(ctx, p.text); err != nil {
			return s, errors.Join(err, s.close())
		}
	}
	return s, nil
}

func (s statements) close() error {
	var errs []error
	for _, stmt := range []*sql.Stmt{s.event, s.put, s.remove, s.setHead, s.begin, s.commit, s.rollback} {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(append(errs, s.conn.Close())...)
}

// write takes batches from the queue until the journal closes. It ends with an empty queue, or when
// the disk refuses once more after Close.
func (j *Journal) write() {
	defer close(j.stopped)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	failures := 0
	for {
		j.keepRoom()
		tickets, closing := j.take()
		if len(tickets) == 0 {
			if closing {
				return
			}
			select {
			case <-j.wake:
			case <-look.C:
				j.noteSealing(j.seal.rest(time.Now()))
			}
			continue
		}
		err := j.commit(tickets, failures > 0)
		if isFull(err) && j.spare.giveUp() {
			j.o.Logger.Error("the disk is full; the journal goes on in the room that was kept for this: make room", "path", j.path)
			err = j.commit(tickets, true)
		}
		j.settle(tickets, err)
		if err == nil {
			failures = 0
			j.noteSealing(j.seal.committed(lastEvent(tickets)))
			continue
		}
		failures++
		if closing {
			j.abandon(err)
			return
		}
		pause := time.NewTimer(retryPause(failures))
		select {
		case <-pause.C:
		case <-j.wake: // Close, or new work: try at once
			pause.Stop()
		}
	}
}

// keepRoom keeps room for a full disk once space is scarce.
func (j *Journal) keepRoom() {
	if made, _ := j.spare.keep(time.Now()); made {
		j.o.Logger.Warn("the disk is running out; room is kept for the journal", "path", j.spare.path, "bytes", j.spare.bytes)
	}
}

// noteSealing logs what kept the file from being checkpointed or sealed; it is tried again.
func (j *Journal) noteSealing(err error) {
	if err != nil {
		j.o.Logger.Warn("the journal's file cannot be sealed at present", "path", j.path, "error", err)
	}
}

// maxTransaction bounds the events of one transaction, so that the first of them does not wait for
// the last of a flood.
const maxTransaction = 1024

// take returns the batches of the next transaction and leaves them in the queue until settled.
func (j *Journal) take() (tickets []*Ticket, closing bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	events := 0
	for i, t := range j.queue {
		if events += len(t.batch.events); events > maxTransaction && i > 0 {
			return j.queue[:i], j.closing
		}
	}
	return j.queue, j.closing
}

// commit writes the batches in one transaction. After a failure it asks first what the failed
// attempt left: an error of COMMIT does not say whether the transaction is there.
func (j *Journal) commit(tickets []*Ticket, afterFailure bool) error {
	ctx := context.Background()
	if afterFailure {
		durable, err := j.alreadyDurable(ctx, tickets)
		if err != nil || durable == len(tickets) {
			return err
		}
		tickets = tickets[durable:]
	}
	if err := j.transact(ctx, tickets); err != nil {
		j.insert.rollback.ExecContext(ctx) // fails where the transaction has ended by itself
		return err
	}
	return nil
}

// alreadyDurable counts the batches that an earlier attempt wrote although it reported an error.
// Batches after the last written event hold nothing that could not be written twice.
func (j *Journal) alreadyDurable(ctx context.Context, tickets []*Ticket) (int, error) {
	seq, hash, err := storedHead(ctx, j.insert.conn)
	if err != nil {
		return 0, err
	}
	durable := 0
	for i := range tickets {
		last := lastEvent(tickets[i : i+1])
		if last == nil || last.Seq > seq {
			continue
		}
		if last.Seq == seq && last.Hash != hash {
			return 0, fmt.Errorf("event %d is there with another hash: another process writes this journal (%d batches wait)", seq, len(tickets))
		}
		durable = i + 1
	}
	return durable, nil
}

func (j *Journal) transact(ctx context.Context, tickets []*Ticket) error {
	step := func(name string, stmt *sql.Stmt, args ...any) error {
		if j.o.Fault != nil {
			if err := j.o.Fault(name); err != nil {
				return err
			}
		}
		_, err := stmt.ExecContext(ctx, args...)
		return err
	}
	if err := step("begin", j.insert.begin); err != nil {
		return err
	}
	for _, t := range tickets {
		for i := range t.batch.events {
			e := &t.batch.events[i]
			if err := step("event", j.insert.event, int64(e.Seq), e.Time.UnixNano(), e.Kind, []byte(e.Payload), e.Hash[:]); err != nil {
				return err
			}
		}
		for _, row := range t.batch.rows {
			if row.body == nil {
				if err := step("row", j.insert.remove, row.bucket, row.key); err != nil {
					return err
				}
			} else if err := step("row", j.insert.put, row.bucket, row.key, row.body); err != nil {
				return err
			}
		}
	}
	if last := lastEvent(tickets); last != nil {
		if err := step("head", j.insert.setHead, int64(last.Seq), last.Hash[:]); err != nil {
			return err
		}
	}
	if err := step("commit", j.insert.commit); err != nil {
		return err
	}
	if j.o.Fault != nil {
		return j.o.Fault("committed")
	}
	return nil
}

func lastEvent(tickets []*Ticket) *Event {
	for i := len(tickets) - 1; i >= 0; i-- {
		if events := tickets[i].batch.events; len(events) > 0 {
			return &events[len(events)-1]
		}
	}
	return nil
}

// settle tells those who wait how the transaction went.
func (j *Journal) settle(tickets []*Ticket, err error) {
	if err != nil {
		j.mu.Lock()
		first := j.stalled == nil
		j.stalled = err
		j.space.Broadcast()
		j.mu.Unlock()
		if first {
			j.o.Logger.Error("the journal cannot be written; decisions wait in memory and are not acted upon", "path", j.path, "error", err)
		}
		return
	}
	if last := lastEvent(tickets); last != nil {
		if err := j.head.write(last.Seq, last.Hash); err != nil {
			j.o.Logger.Warn("the journal's head file cannot be written; a cut end would go unnoticed", "error", err)
		}
	}
	for _, t := range tickets {
		if j.o.Committed != nil && len(t.batch.events) > 0 {
			j.o.Committed(t.batch.events)
		}
		for _, f := range t.batch.after {
			f()
		}
	}
	j.mu.Lock()
	recovered := j.stalled != nil
	j.stalled = nil
	j.queue = j.queue[len(tickets):]
	if len(j.queue) == 0 {
		j.queue = nil
	}
	for _, t := range tickets {
		j.queued -= len(t.batch.events)
		close(t.done)
	}
	j.space.Broadcast()
	j.mu.Unlock()
	if recovered {
		j.o.Logger.Info("the journal can be written again", "path", j.path)
	}
}

// abandon ends the wait for batches that the disk did not take before the journal closed.
func (j *Journal) abandon(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, t := range j.queue {
		t.err = &StalledError{err}
		close(t.done)
	}
	j.queue = nil
	j.space.Broadcast()
}
