package tsdb

import (
	"math"
	"slices"
	"sync"
)

// groupID names a group for the life of a data directory. IDs are dense and start at 1.
type groupID uint32

// group is the series that are written together, and their samples that are not in a block yet.
//
// A series is a column: its place in series. Columns are only ever added. A row goes to open if it is
// newer than all that was sealed in order, else to late; both are sealed when they are full.
type group struct {
	id   groupID
	head *head

	// mu guards all below. It may be taken while the commit lock or the view lock is held; the index
	// lock may be taken under it.
	mu     sync.RWMutex
	series []SeriesID // by column; 0 where a deleted series was
	last   []int64    // by column: time of the newest sample; noTime: not known; neverTime: none
	open   openChunk
	late   openChunk
	sealed []*sealedChunk
	// boundary is the newest time that open must not go back to: what was sealed or flushed in order
	// ends there.
	boundary int64
	flushed  int64 // newest time that a block has of the group, noTime where none has
	layout   columnLayout
}

// Times that no sample can have.
const (
	noTime    = math.MinInt64
	neverTime = math.MinInt64 + 1
	maxTime   = math.MaxInt64
)

func newGroup(id groupID, h *head) *group {
	return &group{id: id, head: h, boundary: noTime, flushed: noTime}
}

// setSeries gives a series a column. last is the time of its newest sample.
func (g *group) setSeries(col int, id SeriesID, last int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.series) <= col {
		g.series = append(g.series, 0)
		g.last = append(g.last, neverTime)
	}
	g.series[col], g.last[col] = id, last
}

// apply adds a row. It returns the places of cells that were there already; they are left as they
// are. A chunk that has grown to its limit is sealed.
func (g *group) apply(r *logRow) (lost []int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.chunkAt(r.timeMS)
	limit := g.rowLimit(c)
	c.reserve(limit)
	row := c.row(r.timeMS)
	for i, col := range r.columns {
		col := int(col)
		if c.has(row, col) {
			lost = append(lost, i)
			continue
		}
		if r.hists == nil && r.starts == nil {
			c.setFloat(row, col, r.values[i])
		} else {
			c.set(row, col, r.cell(i))
		}
		if r.timeMS > g.last[col] && (g.last[col] != noTime || r.timeMS > g.flushed) {
			g.last[col] = r.timeMS
		}
	}
	if c.rows() >= limit {
		g.seal(c)
	}
	return lost
}

// seal packs an open chunk and empties it. It expects g.mu to be held.
func (g *group) seal(c *openChunk) {
	if c.rows() == 0 {
		return
	}
	packer := g.head.packers.Get().(*chunkPacker)
	defer g.head.packers.Put(packer)
	g.sealed = append(g.sealed, packer.pack(c))
	if c == &g.open {
		g.boundary = c.times[c.rows()-1]
	}
	c.reset()
}

func (r *logRow) cell(i int) cell {
	x := cell{value: r.values[i]}
	if r.hists != nil {
		x.hist = r.hists[i]
	}
	if r.starts != nil {
		x.startMS = r.starts[i]
	}
	return x
}

// chunkCells bounds the memory of one open chunk: 64 Ki cells are 512 KiB.
const chunkCells = 1 << 16

// rowLimit is how many rows a chunk takes. It differs a little from group to group: else all targets
// that started together would be encoded in one and the same commit.
func (g *group) rowLimit(c *openChunk) int {
	limit := g.head.chunkRows()
	limit -= int(uint32(g.id)*37) % (limit / 4)
	return min(limit, max(8, chunkCells/max(c.width, 1)))
}

// chunkAt returns the chunk that takes rows at t, wide enough for all columns.
func (g *group) chunkAt(t int64) *openChunk {
	c := &g.open
	if t <= g.boundary {
		c = &g.late
	}
	c.widen(len(g.series))
	return c
}

// newest is the time of the group's newest sample, noTime where there is none.
func (g *group) newest() int64 {
	if n := g.open.rows(); n > 0 {
		return g.open.times[n-1]
	}
	return g.boundary
}

// findLocked is find with the group locked for it.
func (g *group) findLocked(col int, t int64) (cell, bool, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.find(col, t)
}

// find returns the sample of a column at t from memory.
func (g *group) find(col int, t int64) (cell, bool, error) {
	for _, c := range []*openChunk{&g.open, &g.late} {
		if row, found := c.find(t); found && c.has(row, col) {
			return c.cell(row, col), true, nil
		}
	}
	for _, s := range g.sealed {
		if !s.overlaps(t, t) {
			continue
		}
		c, err := s.column(col)
		if err != nil {
			return cell{}, false, err
		}
		if part := c.between(t, t); part.len() > 0 {
			return part.at(0), true, nil
		}
	}
	return cell{}, false, nil
}

// columns returns the samples of a column in a time range, in parts that may overlap.
func (g *group) columns(col int, mint, maxt int64, parts []column) ([]column, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if col >= len(g.series) {
		return parts, nil
	}
	for _, s := range g.sealed {
		if !s.overlaps(mint, maxt) {
			continue
		}
		c, err := s.column(col)
		if err != nil {
			return nil, err
		}
		parts = append(parts, c.between(mint, maxt))
	}
	for _, c := range []*openChunk{&g.late, &g.open} {
		if n := c.rows(); n > 0 && c.times[0] <= maxt && c.times[n-1] >= mint {
			whole := c.column(col)
			parts = append(parts, whole.between(mint, maxt))
		}
	}
	return parts, nil
}

// isEmpty reports whether no sample is in memory.
func (g *group) isEmpty() bool {
	return g.open.rows() == 0 && g.late.rows() == 0 && len(g.sealed) == 0
}

// forget drops chunks that are in a block now. It expects the view lock to be held.
func (g *group) forget(chunks []*sealedChunk) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sealed = slices.DeleteFunc(g.sealed, func(c *sealedChunk) bool { return slices.Contains(chunks, c) })
	for _, c := range chunks {
		g.flushed = max(g.flushed, c.maxt())
	}
	if len(g.sealed) == 0 {
		g.sealed = nil
	}
}

// hasSamples reports whether a column has samples in a time range.
func (g *group) hasSamples(col int, mint, maxt int64) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if col >= len(g.series) {
		return false
	}
	for _, s := range g.sealed {
		if s.overlaps(mint, maxt) && s.hasColumn(col, mint, maxt) {
			return true
		}
	}
	for _, c := range []*openChunk{&g.open, &g.late} {
		if c.hasColumn(col, mint, maxt) {
			return true
		}
	}
	return false
}
