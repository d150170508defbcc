package tsdb

import (
	"encoding/binary"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"

	"github.com/neuroweaver/heddle/tsdb/codec"
)

// groupBuilder encodes group-blocks (see groupblock.go). It keeps its memory between them and is not
// for concurrent use; the zero value is ready.
type groupBuilder struct {
	encoder codec.Encoder
	group   codec.Group
	series  []SeriesID
}

func (b *groupBuilder) reset() {
	clear(b.group.Columns) // lets go of histograms
	b.group.Times, b.group.Columns = b.group.Times[:0], b.group.Columns[:0]
	b.series = b.series[:0]
}

// seriesColumn is a column with the series that it belongs to.
type seriesColumn struct {
	series SeriesID
	family int
	column column
}

// fromColumns encodes columns that each have their own times and appends them to dst. Empty columns
// are left out; at least one must have samples.
func (b *groupBuilder) fromColumns(dst []byte, columns []seriesColumn, tier codec.Tier) ([]byte, error) {
	b.reset()
	axisOf := chooseAxes(columns, &b.group)
	for i := range columns {
		if columns[i].column.len() > 0 {
			b.add(columns[i].series, columns[i].family, axisOf[i], &columns[i].column)
		}
	}
	return b.encode(dst, tier)
}

// add adds the samples of a series, one codec column for each kind.
func (b *groupBuilder) add(id SeriesID, family, axis int, c *column) {
	if c.hists == nil && c.starts == nil && c.len() == len(b.group.Times[axis]) {
		b.series = append(b.series, id)
		b.group.Columns = append(b.group.Columns, codec.Column{Axis: axis, Family: family, Floats: c.values})
		return
	}
	if c.hists == nil {
		b.addKind(id, family, axis, c, codec.KindFloat)
		return
	}
	for _, kind := range []codec.Kind{codec.KindFloat, codec.KindHistogram, codec.KindFloatHistogram} {
		b.addKind(id, family, axis, c, kind)
	}
}

func (b *groupBuilder) addKind(id SeriesID, family, axis int, c *column, kind codec.Kind) {
	times := b.group.Times[axis]
	out := codec.Column{Axis: axis, Family: family}
	bitmap := make([]uint64, words(len(times)))
	var (
		floats []float64
		ints   []*histogram.Histogram
		fhs    []*histogram.FloatHistogram
		starts []int64
	)
	samples, row := 0, 0
	for i, t := range c.times {
		for times[row] < t {
			row++
		}
		x := c.at(i)
		if kindOf(x) != kind {
			continue
		}
		bitmap[row>>6] |= 1 << (row & 63)
		samples++
		switch kind {
		case codec.KindHistogram:
			ints = append(ints, x.hist.integer)
		case codec.KindFloatHistogram:
			fhs = append(fhs, x.hist.float)
		default:
			floats = append(floats, x.value)
		}
		if c.starts != nil {
			starts = append(starts, x.startMS)
		}
	}
	if samples == 0 {
		return
	}
	out.Floats, out.Histograms, out.FloatHistograms = floats, ints, fhs
	if slices.ContainsFunc(starts, func(ms int64) bool { return ms != 0 }) {
		out.Starts = starts
	}
	if samples < len(times) {
		out.Present = bitmap
	}
	b.series = append(b.series, id)
	b.group.Columns = append(b.group.Columns, out)
}

func kindOf(x cell) codec.Kind {
	switch {
	case x.hist.integer != nil:
		return codec.KindHistogram
	case x.hist.float != nil:
		return codec.KindFloatHistogram
	}
	return codec.KindFloat
}

// encode appends the group-block of what was added to dst.
func (b *groupBuilder) encode(dst []byte, tier codec.Tier) ([]byte, error) {
	dst = binary.AppendUvarint(dst, uint64(len(b.series)))
	before := int64(0)
	for _, id := range b.series {
		dst = binary.AppendVarint(dst, int64(id)-before)
		before = int64(id)
	}
	return b.encoder.Append(dst, &b.group, tier)
}
