package tsdb

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/neuroweaver/heddle/tsdb/codec"
)

const (
	// mergeRows is how long the group-blocks of a compacted block become: beyond it the codec gains
	// nothing more, and a reader decodes more than it needs.
	mergeRows = 8192
	// mergeCells bounds the samples that are decoded at once: 1 Mi cells are 8 MiB of values.
	mergeCells = 1 << 20
)

// mergePart is a sealed chunk or a group-block that takes part in a merge.
type mergePart struct {
	mint, maxt int64
	rows       int
	samples    int
	// visit decodes the columns one after another. A series may have several.
	visit func(func(SeriesID, column)) error
	// read returns the group-block as it is, in the tier; nil for a chunk.
	read func() ([]byte, error)
	tier codec.Tier
}

// merger joins the group-blocks of one group after another into larger ones. It keeps its memory
// between groups.
type merger struct {
	tier    codec.Tier
	builder groupBuilder
	out     []byte
	// keep decides which samples of a series stay; nil: all.
	keep func(SeriesID, column) column
}

// merge gives emit the joined group-blocks of a group, in ascending time. Where two parts have a
// sample of one series at one time, the earlier one in parts wins; overlapping parts are always
// merged together.
func (m *merger) merge(parts []mergePart, places func() map[SeriesID]columnPlace, emit func(section) error) error {
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(parts[a].mint, parts[b].mint) })
	for len(order) > 0 {
		n := batchLength(parts, order)
		batch := slices.Sorted(slices.Values(order[:n])) // in the order of precedence
		order = order[n:]
		if err := m.mergeBatch(parts, batch, places, emit); err != nil {
			return err
		}
	}
	return nil
}

// batchLength is how many of the parts, sorted by time, make up the next group-block.
func batchLength(parts []mergePart, order []int) int {
	rows, samples, maxt := 0, 0, int64(noTime)
	for n, i := range order {
		p := &parts[i]
		rows += p.rows
		samples += p.samples
		if n > 0 && p.mint > maxt && (rows > mergeRows || samples > mergeCells) {
			return n
		}
		maxt = max(maxt, p.maxt)
	}
	return len(order)
}

func (m *merger) mergeBatch(parts []mergePart, batch []int, places func() map[SeriesID]columnPlace, emit func(section) error) error {
	if p := &parts[batch[0]]; len(batch) == 1 && p.read != nil && p.tier == m.tier && m.keep == nil {
		data, err := p.read()
		if err != nil {
			return err
		}
		return emit(section{data: data, tier: p.tier, mint: p.mint, maxt: p.maxt, samples: p.samples, rows: p.rows})
	}
	columns, err := m.collect(parts, batch, places())
	if err != nil {
		return err
	}
	return m.emit(columns, emit)
}

// collect decodes a batch and joins what belongs to one series.
func (m *merger) collect(parts []mergePart, batch []int, places map[SeriesID]columnPlace) ([]seriesColumn, error) {
	var ids []SeriesID
	bySeries := map[SeriesID][]column{}
	for _, i := range batch {
		err := parts[i].visit(func(id SeriesID, c column) {
			if _, met := bySeries[id]; !met {
				ids = append(ids, id)
			}
			bySeries[id] = append(bySeries[id], c)
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(ids, func(a, b SeriesID) int { return cmp.Compare(places[a].rank, places[b].rank) })
	columns := make([]seriesColumn, 0, len(ids))
	for _, id := range ids {
		c := mergeColumns(bySeries[id])
		if m.keep != nil {
			c = m.keep(id, c)
		}
		if c.len() > 0 {
			columns = append(columns, seriesColumn{series: id, family: places[id].family, column: c})
		}
	}
	return columns, nil
}

// emit encodes columns, in several group-blocks where one could not hold them.
func (m *merger) emit(columns []seriesColumn, emit func(section) error) error {
	longest, s := -1, section{tier: m.tier, mint: maxTime, maxt: noTime}
	for i := range columns {
		c := &columns[i].column
		if c.len() == 0 {
			continue
		}
		if longest < 0 || c.len() > columns[longest].column.len() {
			longest = i
		}
		s.mint, s.maxt = min(s.mint, c.times[0]), max(s.maxt, c.times[c.len()-1])
		s.samples += c.len()
	}
	if longest < 0 {
		return nil
	}
	s.rows = columns[longest].column.len()
	if s.rows > 2*mergeRows {
		middle := columns[longest].column.times[s.rows/2]
		early, late := slices.Clone(columns), slices.Clone(columns)
		for i := range columns {
			early[i].column = columns[i].column.between(noTime, middle-1)
			late[i].column = columns[i].column.between(middle, maxTime)
		}
		if err := m.emit(early, emit); err != nil {
			return err
		}
		return m.emit(late, emit)
	}
	var err error
	mended := m.builder.encoder.Mended
	if m.out, err = m.builder.fromColumns(m.out[:0], columns, m.tier); err != nil {
		return fmt.Errorf("encode group-block: %w", err)
	}
	s.data, s.mended = m.out, m.builder.encoder.Mended > mended
	return emit(s)
}
