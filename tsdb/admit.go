package tsdb

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/prometheus/prometheus/model/labels"
)

// admit decides which samples of an append are taken, and takes the others out of its rows:
//
//   - more than ten minutes ahead of the clock, or older than the retention, or rolled up: refused;
//   - newer than the newest sample of its series: taken, however old;
//   - else within the out-of-order window: taken, unless the series has a sample at that time, which
//     makes it a duplicate or a conflict;
//   - else too old: refused.
//
// An error is one of reading the store, not a verdict.
func (db *DB) admit(a *Appender, nowMS int64) error {
	newest := nowMS + maxAhead.Milliseconds()
	oldest := max(nowMS-db.options.Retention.Milliseconds(), db.closedBefore.Load())
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
		p.group.mu.RLock()
		inOrder := p.timeMS > p.group.newest()
		p.group.mu.RUnlock()
		if inOrder && p.ascending {
			continue
		}
		if err := db.admitCells(a, p, inOrder); err != nil {
			return err
		}
	}
	set.rows = slices.DeleteFunc(set.rows, func(p pendingRow) bool { return p.from == p.to })
	return nil
}

// maxExemplarLabels bounds the labels of an exemplar, names and values together, in UTF-8 characters:
// OpenMetrics' own limit.
const maxExemplarLabels = 128

// admitAnnotations takes out exemplars that must be refused, and exemplars and metadata that are known.
func (db *DB) admitAnnotations(a *Appender) {
	refuse := func(id SeriesID, why string) {
		a.result.refuse(Invalid, 1, func() string { return fmt.Sprintf("exemplar of %s: %s", db.Labels(id), why) })
	}
	for i, e := range a.exemplars {
		if id, g, _ := db.head.target(e.id); g != nil {
			a.exemplars[i].id = id
		}
	}
	a.exemplars = slices.DeleteFunc(a.exemplars, func(e seriesExemplar) bool {
		length := 0
		e.exemplar.Labels.Range(func(l labels.Label) {
			length += utf8.RuneCountInString(l.Name) + utf8.RuneCountInString(l.Value)
		})
		_, repeated := e.exemplar.Labels.HasDuplicateLabelNames()
		switch g, _ := db.head.locate(e.id); {
		case g == nil:
			refuse(e.id, "the series does not exist")
		case length > maxExemplarLabels:
			refuse(e.id, fmt.Sprintf("its labels have %d characters, at most %d are allowed", length, maxExemplarLabels))
		case repeated:
			refuse(e.id, "a label is given twice")
		default:
			return db.exemplars.isNewest(e.id, e.exemplar)
		}
		return true
	})
	a.metadata = slices.DeleteFunc(a.metadata, func(m seriesMetadata) bool {
		return db.metadata.isKnown(db.metricName(m.id), m.metadata)
	})
}

// refuseRow refuses a whole row.
func (db *DB) refuseRow(a *Appender, p *pendingRow, reason Reason, nowMS int64) {
	a.result.refuse(reason, p.to-p.from, func() string {
		return fmt.Sprintf("%s at %s, the clock is at %s", db.Labels(a.rows.series[p.from]), formatMS(p.timeMS), formatMS(nowMS))
	})
	p.to = p.from
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

// admitCells decides on a row that is not newer than all of its group, or that may name a series more
// than once.
func (db *DB) admitCells(a *Appender, p *pendingRow, inOrder bool) error {
	var out []int
	var first map[uint16]int // where each column is that was taken
	if !p.ascending {
		first = make(map[uint16]int, p.to-p.from)
	}
	for at := p.from; at < p.to; at++ {
		taken := true
		if !inOrder {
			var err error
			if taken, err = db.admitLate(a, p, at); err != nil {
				return err
			}
		}
		if taken && first != nil {
			col := a.rows.columns[at]
			before, repeated := first[col]
			if repeated {
				db.judgeExisting(a, p, at, a.cellAt(before))
				taken = false
			} else {
				first[col] = at
			}
		}
		if !taken {
			out = append(out, at-p.from)
		}
	}
	a.rows.drop(p, out)
	return nil
}

// admitLate decides on one sample of a row that is not newer than all of its group.
func (db *DB) admitLate(a *Appender, p *pendingRow, at int) (taken bool, err error) {
	id, col := a.rows.series[at], int(a.rows.columns[at])
	last, err := db.newestOf(p.group, col, id)
	switch {
	case err != nil:
		return false, err
	case last == neverTime || p.timeMS > last:
		return true, nil
	case p.timeMS < last-db.options.OutOfOrder.Milliseconds():
		a.result.refuse(TooOld, 1, func() string {
			return fmt.Sprintf("%s at %s, its newest sample is at %s", db.Labels(id), formatMS(p.timeMS), formatMS(last))
		})
		return false, nil
	}
	existing, found, err := db.sampleAt(p.group, col, id, p.timeMS)
	if err != nil || !found {
		return !found, err
	}
	db.judgeExisting(a, p, at, existing)
	return false, nil
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
	if err == nil && last == neverTime {
		last, err = db.newestRolled(g.id, id)
	}
	if err != nil {
		return 0, err
	}
	// Rows that were replayed from the log did not touch an unknown time unless they were newer.
	parts, err := g.columns(col, neverTime, maxTime, nil)
	if err != nil {
		return 0, err
	}
	for i := range parts {
		if n := parts[i].len(); n > 0 {
			last = max(last, parts[i].times[n-1])
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
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
