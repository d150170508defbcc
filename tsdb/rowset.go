package tsdb

import (
	"cmp"
	"slices"
)

// rowSet sorts the samples of one append into rows: one per group and time. Rows stand in the order
// in which the sender first named them, but rows of one group in ascending time.
type rowSet struct {
	rows  []pendingRow
	byKey map[rowKey]int32
	rowOf []int32  // by sample; -1 for one without a series
	colOf []uint16 // by sample

	// The cells of all rows, one row after another.
	columns []uint16
	series  []SeriesID
	values  []float64
	samples []int32 // index of the sample, for its histogram and start timestamp
}

type rowKey struct {
	group  groupID
	timeMS int64
}

// pendingRow is one row on its way through a commit. Its cells are rowSet's from..to-1.
type pendingRow struct {
	group    *group
	timeMS   int64
	from, to int
	extra    bool // a cell has a histogram or a start timestamp
	// ascending: the columns strictly ascend, so none is named twice.
	ascending bool
}

func newRowSet() rowSet { return rowSet{byKey: map[rowKey]int32{}} }

func (s *rowSet) reset() {
	clear(s.rows)
	s.rows, s.rowOf, s.colOf = s.rows[:0], s.rowOf[:0], s.colOf[:0]
	s.columns, s.series, s.values, s.samples = s.columns[:0], s.series[:0], s.values[:0], s.samples[:0]
	clear(s.byKey)
}

// gather fills the set from an append. unknown is called with the samples that name no series.
func (s *rowSet) gather(b *appendBuffers, h *head, unknown func(sample int)) {
	s.rowOf = slices.Grow(s.rowOf, len(b.ids))[:len(b.ids)]
	s.colOf = slices.Grow(s.colOf, len(b.ids))[:len(b.ids)]
	current := int32(-1)
	var key rowKey
	several := false // a group has several rows
	lastOf := map[groupID]int32{}
	for i := range b.ids {
		id, g, col := h.target(b.ids[i])
		if g == nil {
			s.rowOf[i] = -1
			unknown(i)
			continue
		}
		if current < 0 || key.group != g.id || key.timeMS != b.times[i] {
			key = rowKey{g.id, b.times[i]}
			row, known := s.byKey[key]
			if !known {
				row = int32(len(s.rows))
				s.byKey[key] = row
				s.rows = append(s.rows, pendingRow{group: g, timeMS: key.timeMS, ascending: true, from: -1})
				_, seen := lastOf[g.id]
				several = several || seen
				lastOf[g.id] = row
			}
			current = row
		}
		row := &s.rows[current]
		// from holds the last column and to the number of cells until the cells are placed.
		row.ascending = row.ascending && col > row.from
		row.from = col
		row.to++
		b.ids[i], s.rowOf[i], s.colOf[i] = id, current, uint16(col)
	}
	s.place(b)
	if several {
		s.sortGroups()
	}
}

// place lays the cells of each row next to each other.
func (s *rowSet) place(b *appendBuffers) {
	total := 0
	for i := range s.rows {
		row := &s.rows[i]
		count := row.to
		row.from, row.to = total, total
		total += count
	}
	s.columns = slices.Grow(s.columns, total)[:total]
	s.series = slices.Grow(s.series, total)[:total]
	s.values = slices.Grow(s.values, total)[:total]
	s.samples = slices.Grow(s.samples, total)[:total]
	for i, r := range s.rowOf {
		if r < 0 {
			continue
		}
		row := &s.rows[r]
		at := row.to
		row.to++
		s.columns[at] = s.colOf[i]
		s.series[at] = b.ids[i]
		s.values[at] = b.values[i]
		s.samples[at] = int32(i)
	}
	if len(b.extra) > 0 {
		for i := range b.extra {
			if r := s.rowOf[i]; r >= 0 {
				s.rows[r].extra = true
			}
		}
	}
}

// sortGroups gives the places that rows of one group have to them in ascending time.
func (s *rowSet) sortGroups() {
	places := map[groupID][]int{}
	for i := range s.rows {
		places[s.rows[i].group.id] = append(places[s.rows[i].group.id], i)
	}
	for _, at := range places {
		if len(at) < 2 {
			continue
		}
		rows := make([]pendingRow, len(at))
		for i, place := range at {
			rows[i] = s.rows[place]
		}
		slices.SortFunc(rows, func(a, b pendingRow) int { return cmp.Compare(a.timeMS, b.timeMS) })
		for i, place := range at {
			s.rows[place] = rows[i]
		}
	}
}

// drop takes cells out of a row: at holds their places in it, ascending.
func (s *rowSet) drop(row *pendingRow, at []int) {
	kept := row.from
	for i := row.from; i < row.to; i++ {
		if len(at) > 0 && i-row.from == at[0] {
			at = at[1:]
			continue
		}
		s.columns[kept], s.series[kept] = s.columns[i], s.series[i]
		s.values[kept], s.samples[kept] = s.values[i], s.samples[i]
		kept++
	}
	row.to = kept
}
