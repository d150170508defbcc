package tsdb

import (
	"fmt"
	"slices"
	"time"
)

// admit decides which samples of an append are taken, and takes the others out of its rows:
//
//   - more than ten minutes ahead of the clock, or older than the retention: refused;
//   - newer than the newest sample of its series: taken, however old;
//   - else within the out-of-order window: taken, unless the series has a sample at that time, which
//     makes it a duplicate or a conflict;
//   - else too old: refused.
//
// An error is one of reading the store, not a verdict.
func (db *DB) admit(a *Appender, nowMS int64) error {
	newest := nowMS + maxAhead.Milliseconds()
	oldest := nowMS - db.options.Retention.Milliseconds()
	set := &a.rows
	for i := range set.rows {
		p := &set.rows[i]
		switch {
		case p.timeMS > newest:
			db.refuseRow(a, p, TooFarAhead, nowMS)
			continue
		case p.timeMS < oldest:
			db.refuseRow(a, p, TooOld, nowMS)
			continue
		}
		if !p.ascending {
			db.dropRepeated(a, p)
		}
		p.group.mu.RLock()
		inOrder := p.timeMS > p.group.newest()
		p.group.mu.RUnlock()
		if inOrder {
			continue
		}
		if err := db.admitLate(a, p); err != nil {
			return err
		}
	}
	set.rows = slices.DeleteFunc(set.rows, func(p pendingRow) bool { return p.from == p.to })
	return nil
}

// refuseRow refuses a whole row.
func (db *DB) refuseRow(a *Appender, p *pendingRow, reason Reason, nowMS int64) {
	a.result.refuse(reason, p.to-p.from, func() string {
		return fmt.Sprintf("%s at %s, the clock is at %s", db.Labels(a.rows.series[p.from]), formatMS(p.timeMS), formatMS(nowMS))
	})
	p.to = p.from
}

// dropRepeated takes out samples whose series has another one at the same time in this append.
func (db *DB) dropRepeated(a *Appender, p *pendingRow) {
	first := make(map[uint16]int, p.to-p.from)
	var repeated []int
	for at := p.from; at < p.to; at++ {
		before, seen := first[a.rows.columns[at]]
		if !seen {
			first[a.rows.columns[at]] = at
			continue
		}
		db.judgeExisting(a, p, at, a.cellAt(before))
		repeated = append(repeated, at-p.from)
	}
	a.rows.drop(p, repeated)
}

// cellAt returns a cell of the row set.
func (b *appendBuffers) cellAt(at int) cell {
	x := b.extra[int(b.rows.samples[at])]
	x.value = b.rows.values[at]
	return x
}

// judgeExisting counts a sample whose place is taken: as a duplicate or as a conflict.
func (db *DB) judgeExisting(a *Appender, p *pendingRow, at int, existing cell) {
	given := a.cellAt(at)
	if given.same(existing) {
		a.result.Duplicates++
		return
	}
	a.result.refuse(Conflict, 1, func() string {
		return fmt.Sprintf("%s at %s is %v, not %v", db.Labels(a.rows.series[at]), formatMS(p.timeMS), existing.value, given.value)
	})
}

// admitLate decides on a row that is not newer than all of its group.
func (db *DB) admitLate(a *Appender, p *pendingRow) error {
	var out []int
	window := db.options.OutOfOrder.Milliseconds()
	for at := p.from; at < p.to; at++ {
		id, col := a.rows.series[at], int(a.rows.columns[at])
		last, err := db.newestOf(p.group, col, id)
		if err != nil {
			return err
		}
		switch {
		case last == neverTime || p.timeMS > last:
			continue
		case p.timeMS < last-window:
			a.result.refuse(TooOld, 1, func() string {
				return fmt.Sprintf("%s at %s, its newest sample is at %s", db.Labels(id), formatMS(p.timeMS), formatMS(last))
			})
			out = append(out, at-p.from)
			continue
		}
		existing, found, err := db.sampleAt(p.group, col, id, p.timeMS)
		if err != nil {
			return err
		}
		if found {
			db.judgeExisting(a, p, at, existing)
			out = append(out, at-p.from)
		}
	}
	a.rows.drop(p, out)
	return nil
}

// newestOf returns the time of the newest sample of a series, neverTime if it has none. After a
// restart it may have to ask the blocks, once for each series.
func (db *DB) newestOf(g *group, col int, id SeriesID) (int64, error) {
	g.mu.RLock()
	last := g.last[col]
	g.mu.RUnlock()
	if last != noTime {
		return last, nil
	}
	last, err := db.blocks.newestOf(g.id, id)
	if err != nil {
		return 0, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	// Rows that were replayed from the log did not touch an unknown time unless they were newer.
	late := g.late.column(col)
	for _, t := range late.times {
		last = max(last, t)
	}
	g.last[col] = max(g.last[col], last)
	return g.last[col], nil
}

// sampleAt returns the sample of a series at a time. Memory is asked first: a flush moves samples
// from there to the blocks, never back.
func (db *DB) sampleAt(g *group, col int, id SeriesID, t int64) (cell, bool, error) {
	existing, found, err := g.findLocked(col, t)
	if err != nil || found {
		return existing, found, err
	}
	return db.blocks.find(g.id, id, t)
}

func formatMS(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano) }
