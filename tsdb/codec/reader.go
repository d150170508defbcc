package codec

import (
	"iter"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
)

// GroupReader decodes columns of one block. It keeps what columns share once it is decoded, and it
// refers to the block's bytes, which must not change while it is in use. It is not safe for
// concurrent use; opening a second reader is cheap.
type GroupReader struct {
	src     []byte
	items   []item // all of these:
	axes    []item
	bitmaps []item
	columns []item
	full    []int32 // for each column itself, or where it is empty, the one before that it is the same as

	axis    []AxisInfo       // those that are known; else without rows
	present map[int]presence // decoded bitmaps
	kept    keptIntegers
	chain   []link // working memory
	tables  tableSet
}

// item is where a part of the block lies.
type item struct{ offset, size int }

// ColumnInfo is what a block tells about a column without decoding it.
type ColumnInfo struct {
	Kind      Kind
	Axis      int
	Rows      int  // rows of the axis
	Samples   int  // present rows
	HasStarts bool // start timestamps are known
	Bytes     int  // what the column takes in the block; things that columns share not counted
	Summary   Summary
}

// AxisInfo is what a block tells about an axis without decoding it.
type AxisInfo struct {
	Rows        int
	First, Last int64 // milliseconds
}

// OpenGroup reads the directory of a block. It does not look into the columns.
func OpenGroup(src []byte) (*GroupReader, error) {
	r := new(GroupReader)
	if err := r.Reset(src); err != nil {
		return nil, err
	}
	return r, nil
}

// Reset makes r a reader of another block, as OpenGroup would, and keeps its working memory. After an
// error only Reset may be called.
func (r *GroupReader) Reset(src []byte) error {
	c := &cursor{src: src}
	if m := c.bytes(len(magic)); c.err == nil && string(m) != magic {
		c.pos = 0
		c.fail("magic is %q, want %q", m, magic)
	}
	if v := c.byte(); c.err == nil && (v < oldestVersion || v > version) {
		c.fail("version %d, this program reads versions %d to %d", v, oldestVersion, version)
	}
	// Each item has a byte in the directory, and but for columns a byte of its own at least.
	axes := c.length(c.left()/2, "number of axes")
	bitmaps := c.length(c.left()/2, "number of bitmaps")
	columns := c.length(c.left(), "number of columns")
	tables := c.length(min(maxTables, c.left()/2), "number of tables")
	if n := 2*(axes+bitmaps+tables) + columns; c.err == nil && n > c.left() {
		c.fail("%d items in %d bytes", axes+bitmaps+columns+tables, c.left())
	}
	if c.err != nil {
		return c.err
	}
	items := grow(&r.items, axes+bitmaps+columns+tables)
	offset := 0
	for i := range items {
		size := c.length(len(src)-offset, "length of an item")
		items[i] = item{offset, size}
		offset += size
	}
	if c.err == nil && offset != c.left() {
		c.fail("items of %d bytes in %d bytes", offset, c.left())
	}
	for i := range items {
		items[i].offset += c.pos
	}
	r.src = src
	clear(r.present)
	r.kept.forget()
	r.axes, items = items[:axes], items[axes:]
	r.axis = slices.Grow(r.axis[:0], axes)[:axes]
	clear(r.axis)
	r.bitmaps, items = items[:bitmaps], items[bitmaps:]
	r.columns, items = items[:columns], items[columns:]
	r.tables = tableSet{src: src, items: items}
	full := grow(&r.full, columns)
	for i, it := range r.columns {
		switch {
		case it.size > 0:
			full[i] = int32(i)
		case i > 0:
			full[i] = full[i-1]
		default:
			c.fail("the first column is empty")
		}
	}
	return c.err
}

// cursor returns a cursor over an item.
func (r *GroupReader) cursor(it item) cursor {
	return cursor{src: r.src[it.offset : it.offset+it.size], base: it.offset}
}

// Axes is the number of axes.
func (r *GroupReader) Axes() int { return len(r.axes) }

// Axis describes an axis without decoding it.
func (r *GroupReader) Axis(i int) (AxisInfo, error) {
	if r.axis[i].Rows > 0 {
		return r.axis[i], nil
	}
	c := r.cursor(r.axes[i])
	a := readAxis(&c)
	if c.err == nil {
		r.axis[i] = a
	}
	return a, c.err
}

// Times appends the timestamps of an axis (milliseconds) to dst.
func (r *GroupReader) Times(dst []int64, axis int) ([]int64, error) {
	c := r.cursor(r.axes[axis])
	dst = readTimes(dst, &c, &r.tables)
	return dst, c.done()
}

// Columns is the number of columns.
func (r *GroupReader) Columns() int { return len(r.columns) }

// Column describes a column without decoding it.
func (r *GroupReader) Column(i int) (ColumnInfo, error) {
	c, at := r.column(i)
	var h columnHead
	info := ColumnInfo{Bytes: r.columns[i].size}
	r.columnHead(&h, &info.Summary, &c, at)
	info.Kind, info.Axis, info.Rows, info.Samples, info.HasStarts = h.Kind, h.Axis, h.Rows, h.Samples, h.HasStarts
	return info, c.err
}

// presence is a decoded bitmap of a block.
type presence struct {
	axis, count int
	bits        []uint64
}

// keptBitmaps bounds the decoded bitmaps that a reader keeps, to half a megabyte.
const keptBitmaps = 64

// bitmap returns a bitmap of the block, which the reader keeps.
func (r *GroupReader) bitmap(i int, c *cursor) presence {
	if p, ok := r.present[i]; ok {
		return p
	}
	own := r.cursor(r.bitmaps[i])
	var p presence
	p.axis = own.length(len(r.axes)-1, "axis")
	if own.err == nil {
		axis, err := r.Axis(p.axis)
		if own.err = err; err == nil {
			p.bits = own.bitmap(axis.Rows, &r.tables)
			p.count = countBits(p.bits)
		}
	}
	if own.err == nil && p.count == 0 {
		own.fail("bitmap without a row")
	}
	if c.err = own.done(); c.err != nil {
		return presence{}
	}
	if r.present == nil {
		r.present = map[int]presence{}
	}
	if len(r.present) == keptBitmaps {
		clear(r.present)
	}
	r.present[i] = p
	return p
}

// Kept is how many bytes the reader keeps decoded.
func (r *GroupReader) Kept() int {
	bytes := 0
	for _, p := range r.present {
		bytes += 8 * len(p.bits)
	}
	for i := range r.kept.columns {
		bytes += 8 * cap(r.kept.columns[i].ks)
	}
	return bytes
}

// Present returns the presence bitmap of a column as Column.Present has it: nil if every row of its
// axis has a sample. The slice belongs to the reader.
func (r *GroupReader) Present(i int) ([]uint64, error) {
	var h columnHead
	c := r.samples(&h, i)
	return h.present, c.err
}

// Starts appends the start timestamps of a column to dst; nothing if it has none.
func (r *GroupReader) Starts(dst []int64, i int) ([]int64, error) {
	var h columnHead
	c := r.samples(&h, i)
	if c.err != nil || !h.HasStarts {
		return dst, c.err
	}
	start := len(dst)
	dst = slices.Grow(dst, h.Samples)[:start+h.Samples]
	var ints intReader
	ints.open(&h.starts, h.Samples, &r.tables)
	ints.all(&h.starts, dst[start:])
	if err := h.starts.done(); err != nil {
		return dst[:start], err
	}
	return dst, nil
}

// Histograms decodes a column of integer native histograms, one by one, each freshly allocated but
// for custom values, which those of one shape share. After an error there is nothing more.
func (r *GroupReader) Histograms(i int) iter.Seq2[*histogram.Histogram, error] {
	return func(yield func(*histogram.Histogram, error) bool) {
		var h columnHead
		c := r.samplesOf(&h, i, KindHistogram)
		stopped := false
		readNative(&c, h.Samples, &r.tables, readIntStream, func(row *nativeRow[int64]) bool {
			stopped = !yield(histogramOf(row), nil)
			return !stopped
		})
		if stopped {
			return
		}
		if err := c.done(); err != nil {
			yield(nil, err)
		}
	}
}

// FloatHistograms decodes a column of float native histograms like Histograms.
func (r *GroupReader) FloatHistograms(i int) iter.Seq2[*histogram.FloatHistogram, error] {
	return func(yield func(*histogram.FloatHistogram, error) bool) {
		var h columnHead
		c := r.samplesOf(&h, i, KindFloatHistogram)
		stopped := false
		readNative(&c, h.Samples, &r.tables, readFloats, func(row *nativeRow[float64]) bool {
			stopped = !yield(floatHistogramOf(row), nil)
			return !stopped
		})
		if stopped {
			return
		}
		if err := c.done(); err != nil {
			yield(nil, err)
		}
	}
}

// readIntStream decodes a whole integer stream.
func readIntStream(dst []int64, c *cursor, tables *tableSet) {
	var ints intReader
	ints.open(c, len(dst), tables)
	ints.all(c, dst)
}
