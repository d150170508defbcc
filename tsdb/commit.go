package tsdb

import (
	"fmt"

	"github.com/prometheus/prometheus/model/histogram"
)

// commitAll takes appends through the stages of a commit: sort into rows, refuse what must be
// refused, write to the log, apply to memory, tell the hook. It is called by one goroutine at a time.
func (db *DB) commitAll(batch []*Appender) {
	db.commitMu.Lock()
	defer db.commitMu.Unlock()
	if db.isClosed() {
		failAll(batch, ErrClosed)
		return
	}
	nowMS := db.options.Now().UnixMilli()
	for _, a := range batch {
		a.rows.gather(a.appendBuffers, db.head, func(sample int) {
			a.result.refuse(Invalid, 1, func() string { return fmt.Sprintf("series %d does not exist", a.ids[sample]) })
		})
		db.admitAnnotations(a)
	}
	// Only now: series that were forgotten since the append resolved them have just been brought back,
	// and the log must name them ahead of their samples.
	unlogged := db.head.takeUnlogged()
	db.frames.Reset()
	if len(unlogged) > 0 {
		db.frames.Add(func(dst []byte) []byte { return db.head.appendSeries(dst, unlogged) })
	}
	for _, a := range batch {
		if a.err = db.admit(a, nowMS); a.err == nil {
			db.logAppend(a)
		}
	}
	err := db.log.Append(&db.frames, db.options.WALSync < 0)
	if db.frames.Len() > 0 {
		db.disk.note(db.options.Logger, err, db.options.Now())
	}
	if err != nil {
		db.head.putBackUnlogged(unlogged)
		db.metrics.failedCommits.Add(float64(len(batch)))
		failAll(batch, err)
		return
	}
	for _, a := range batch {
		if a.err == nil {
			db.applyAppend(a)
		}
	}
}

func failAll(batch []*Appender, err error) {
	for _, a := range batch {
		a.err = err
	}
}

// logAppend adds a frame with all that was admitted of an append.
func (db *DB) logAppend(a *Appender) {
	if len(a.rows.rows) == 0 && len(a.exemplars) == 0 && len(a.metadata) == 0 {
		return
	}
	db.frames.Add(func(dst []byte) []byte {
		for i := range a.rows.rows {
			row := a.logRow(&a.rows.rows[i])
			dst = appendRowEntry(dst, &row)
		}
		for _, e := range a.exemplars {
			dst = appendExemplarEntry(dst, &db.encoder, e.id, e.exemplar)
		}
		for _, m := range a.metadata {
			dst = appendMetadataEntry(dst, db.metricName(m.id), m.metadata)
		}
		return dst
	})
}

// logRow is a row as the log and the head take it.
func (b *appendBuffers) logRow(p *pendingRow) logRow {
	row := logRow{group: p.group.id, timeMS: p.timeMS, columns: b.rows.columns[p.from:p.to], values: b.rows.values[p.from:p.to]}
	if p.extra {
		row.hists, row.starts = make([]histogramValue, p.to-p.from), make([]int64, p.to-p.from)
		hists, starts := false, false
		for i := range row.hists {
			x := b.extra[int(b.rows.samples[p.from+i])]
			row.hists[i], row.starts[i] = x.hist, x.startMS
			hists, starts = hists || x.hist.isSet(), starts || x.startMS != 0
		}
		if !hists {
			row.hists = nil
		}
		if !starts {
			row.starts = nil
		}
	}
	return row
}

// applyAppend makes an append visible and tells the hook.
func (db *DB) applyAppend(a *Appender) {
	set := &a.rows
	db.hookRows = db.hookRows[:0]
	for i := range set.rows {
		p := &set.rows[i]
		row := a.logRow(p)
		if lost := p.group.apply(&row); len(lost) > 0 {
			db.dropLost(a, p, lost)
			row = a.logRow(p)
		}
		kept := p.to - p.from
		if kept == 0 {
			continue
		}
		a.result.Appended += kept
		db.hookRows = append(db.hookRows, a.hookRow(p, row.hists))
	}
	for _, e := range a.exemplars {
		if db.exemplars.add(e.id, e.exemplar) {
			a.result.Exemplars++
		}
	}
	for _, m := range a.metadata {
		db.metadata.set(db.metricName(m.id), m.metadata)
	}
	db.metrics.appended.Add(float64(a.result.Appended))
	db.metrics.duplicates.Add(float64(a.result.Duplicates))
	for _, refusal := range a.result.Refused {
		db.metrics.refused.WithLabelValues(string(refusal.Reason)).Add(float64(refusal.Count))
	}
	if len(db.hookRows) > 0 {
		db.options.Commit(&Batch{Arrived: a.arrived, Rows: db.hookRows})
	}
}

// dropLost accounts for cells that another append of the same commit filled first.
func (db *DB) dropLost(a *Appender, p *pendingRow, lost []int) {
	for _, at := range lost {
		existing, _, _ := p.group.findLocked(int(a.rows.columns[p.from+at]), p.timeMS)
		db.judgeExisting(a, p, p.from+at, existing)
	}
	a.rows.drop(p, lost)
}

// hookRow is a row as the commit hook gets it.
func (b *appendBuffers) hookRow(p *pendingRow, hists []histogramValue) Row {
	row := Row{TimeMS: p.timeMS, Series: b.rows.series[p.from:p.to], Values: b.rows.values[p.from:p.to]}
	if hists != nil {
		row.Histograms = make([]*histogram.FloatHistogram, len(hists))
		for i, h := range hists {
			if h.isSet() {
				row.Histograms[i] = h.toFloat()
			}
		}
	}
	return row
}
