package tsdb

import "slices"

// openChunk holds rows of a group that still change, uncompressed. Rows are in ascending time, each
// time once. It is kept row by row, because that is how samples arrive: one append touches a few
// neighbouring cache lines, however many series there are in all.
type openChunk struct {
	width   int // cells in a row; columns beyond it have no sample here
	times   []int64
	values  []float64 // len(times) × width; for a histogram the index into hists
	present []uint64  // len(times) × words(width) bits: the cell has a sample
	isHist  []uint64  // like present: the sample is a native histogram; nil where none is
	starts  []int64   // len(times) × width start timestamps; nil where none is known
	hists   []histogramValue
	samples int
}

func words(width int) int { return (width + 63) / 64 }

func (c *openChunk) rows() int { return len(c.times) }

// reset empties the chunk and keeps its memory for the next rows.
func (c *openChunk) reset() {
	c.times, c.values, c.present = c.times[:0], c.values[:0], c.present[:0]
	c.isHist, c.starts, c.hists = nil, nil, nil
	c.samples = 0
}

// row returns the row at t, and makes it where there is none.
func (c *openChunk) row(t int64) int {
	n := len(c.times)
	if n == 0 || c.times[n-1] < t {
		c.insertRow(n, t)
		return n
	}
	at, found := slices.BinarySearch(c.times, t)
	if !found {
		c.insertRow(at, t)
	}
	return at
}

// reserve makes room for another row; limit is how many rows the chunk will have. Append would leave a
// quarter or half of the room unused, and with many series that is most of the memory of their samples.
func (c *openChunk) reserve(limit int) {
	rows := len(c.times)
	if cap(c.times) > rows && cap(c.values) >= (rows+1)*c.width && cap(c.present) >= (rows+1)*words(c.width) {
		return
	}
	room := max(rows+1, min(max(2*rows, 4), limit))
	c.times = append(make([]int64, 0, room), c.times...)
	c.values = append(make([]float64, 0, room*c.width), c.values...)
	c.present = append(make([]uint64, 0, room*words(c.width)), c.present...)
}

// find returns the row at t.
func (c *openChunk) find(t int64) (row int, found bool) {
	n := len(c.times)
	if n > 0 && c.times[n-1] == t {
		return n - 1, true
	}
	return slices.BinarySearch(c.times, t)
}

func (c *openChunk) insertRow(at int, t int64) {
	c.times = slices.Insert(c.times, at, t)
	c.values = insertZeros(c.values, at*c.width, c.width)
	c.present = insertZeros(c.present, at*words(c.width), words(c.width))
	if c.isHist != nil {
		c.isHist = insertZeros(c.isHist, at*words(c.width), words(c.width))
	}
	if c.starts != nil {
		c.starts = insertZeros(c.starts, at*c.width, c.width)
	}
}

// insertZeros makes room for n zero elements at position at.
func insertZeros[T any](s []T, at, n int) []T {
	old := len(s)
	s = slices.Grow(s, n)[:old+n]
	copy(s[at+n:], s[at:old])
	clear(s[at : at+n])
	return s
}

// widen makes rows have at least width cells. Room to spare is left when rows exist, because series
// of a new target tend to come in a few portions.
func (c *openChunk) widen(width int) {
	if width <= c.width {
		return
	}
	if len(c.times) == 0 {
		c.width = width
		return
	}
	width += width / 4
	rows, oldWidth := len(c.times), c.width
	c.values = restride(c.values, rows, oldWidth, width)
	c.present = restride(c.present, rows, words(oldWidth), words(width))
	if c.isHist != nil {
		c.isHist = restride(c.isHist, rows, words(oldWidth), words(width))
	}
	if c.starts != nil {
		c.starts = restride(c.starts, rows, oldWidth, width)
	}
	c.width = width
}

func restride[T any](s []T, rows, from, to int) []T {
	wide := make([]T, rows*to)
	for r := range rows {
		copy(wide[r*to:], s[r*from:(r+1)*from])
	}
	return wide
}

func (c *openChunk) has(row, col int) bool {
	if col >= c.width {
		return false
	}
	return c.present[row*words(c.width)+col>>6]>>(col&63)&1 == 1
}

// cell returns the sample of a cell that has one.
func (c *openChunk) cell(row, col int) cell {
	x := cell{value: c.values[row*c.width+col]}
	if c.isHist != nil && c.isHist[row*words(c.width)+col>>6]>>(col&63)&1 == 1 {
		x.hist = c.hists[int(x.value)]
		x.value = x.hist.sum()
	}
	if c.starts != nil {
		x.startMS = c.starts[row*c.width+col]
	}
	return x
}

// setFloat sets a plain float cell that has no sample yet.
func (c *openChunk) setFloat(row, col int, v float64) {
	c.values[row*c.width+col] = v
	c.present[row*words(c.width)+col>>6] |= 1 << (col & 63)
	c.samples++
}

// set sets a cell that has no sample yet.
func (c *openChunk) set(row, col int, x cell) {
	v := x.value
	if x.hist.isSet() {
		if c.isHist == nil {
			c.isHist = make([]uint64, len(c.present))
		}
		c.isHist[row*words(c.width)+col>>6] |= 1 << (col & 63)
		v = float64(len(c.hists))
		c.hists = append(c.hists, x.hist)
	}
	if x.startMS != 0 {
		if c.starts == nil {
			c.starts = make([]int64, len(c.values))
		}
		c.starts[row*c.width+col] = x.startMS
	}
	c.setFloat(row, col, v)
}

// column copies the samples of one column.
func (c *openChunk) column(col int) column {
	var out column
	if col >= c.width {
		return out
	}
	out.times = make([]int64, 0, len(c.times))
	out.values = make([]float64, 0, len(c.times))
	for row, t := range c.times {
		if c.has(row, col) {
			out.append(t, c.cell(row, col))
		}
	}
	return out
}

// hasColumn reports whether a column has a sample between two times.
func (c *openChunk) hasColumn(col int, mint, maxt int64) bool {
	from, to := timeRange(c.times, mint, maxt)
	for row := from; row < to; row++ {
		if c.has(row, col) {
			return true
		}
	}
	return false
}
