package tsdb

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/neuroweaver/heddle/tsdb/codec"
)

// A group-block is the samples of one group in a time range, encoded: the unit in memory (sealed
// chunks) and on disk. It says which series its columns belong to; a series has one column for each
// kind of sample it has in the range. The layout is drawn in docs/format/block.md.

// groupBlock reads one group-block. It refers to the bytes it was opened on and is not for
// concurrent use.
type groupBlock struct {
	series  []SeriesID // by column
	columns *codec.GroupReader
	axes    [][]int64 // those that were decoded; columns share them, so they are never changed
	encoded int       // bytes
}

// errGroupBlock marks errors that are about the bytes of a group-block.
var errGroupBlock = errors.New("group-block is damaged")

// openGroupBlock reads the directory of a group-block.
func openGroupBlock(data []byte) (*groupBlock, error) {
	series, n, err := readSeries(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errGroupBlock, err)
	}
	columns, err := codec.OpenGroup(data[n:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errGroupBlock, err)
	}
	if columns.Columns() != len(series) {
		return nil, fmt.Errorf("%w: %d columns for %d series", errGroupBlock, columns.Columns(), len(series))
	}
	return &groupBlock{series: series, columns: columns, axes: make([][]int64, columns.Axes()), encoded: len(data)}, nil
}

// memory is how many bytes the group-block takes, with what was decoded of it and is kept.
func (b *groupBlock) memory() int {
	bytes := b.encoded + b.columns.Kept()
	for _, axis := range b.axes {
		bytes += 8 * cap(axis)
	}
	return bytes
}

var errSeriesList = errors.New("unreadable list of series")

// readSeries reads the series of a group-block and returns the length of the list in bytes.
func readSeries(data []byte) (series []SeriesID, size int, err error) {
	count, n := binary.Uvarint(data)
	if n <= 0 || count == 0 || count > uint64(len(data)-n) {
		return nil, 0, errSeriesList
	}
	size = n
	series = make([]SeriesID, count)
	id := int64(0)
	for i := range series {
		delta, n := binary.Varint(data[size:])
		if n <= 0 {
			return nil, 0, errSeriesList
		}
		size += n
		id += delta
		if id <= 0 {
			return nil, 0, errSeriesList
		}
		series[i] = SeriesID(id)
	}
	return series, size, nil
}

// column decodes the samples of one series; it is empty where the series has none.
func (b *groupBlock) column(id SeriesID) (column, error) {
	var parts []column
	for i, series := range b.series {
		if series != id {
			continue
		}
		part, err := b.decode(i)
		if err != nil {
			return column{}, err
		}
		parts = append(parts, part)
	}
	return mergeColumns(parts), nil
}

// has reports whether a series has a sample in a time range. It decodes no values.
func (b *groupBlock) has(id SeriesID, mint, maxt int64) (bool, error) {
	for i, series := range b.series {
		if series != id {
			continue
		}
		info, err := b.columns.Column(i)
		if err != nil {
			return false, fmt.Errorf("%w: %w", errGroupBlock, err)
		}
		times, err := b.times(i, info)
		if err != nil {
			return false, fmt.Errorf("%w: %w", errGroupBlock, err)
		}
		if from, to := timeRange(times, mint, maxt); from < to {
			return true, nil
		}
	}
	return false, nil
}

// decode decodes one column.
func (b *groupBlock) decode(i int) (column, error) {
	c, err := b.decodeColumn(i)
	if err != nil {
		return column{}, fmt.Errorf("%w: %w", errGroupBlock, err)
	}
	return c, nil
}

func (b *groupBlock) decodeColumn(i int) (column, error) {
	info, err := b.columns.Column(i)
	if err != nil {
		return column{}, err
	}
	var c column
	if c.times, err = b.times(i, info); err != nil {
		return column{}, err
	}
	if info.HasStarts {
		if c.starts, err = b.columns.Starts(make([]int64, 0, info.Samples), i); err != nil {
			return column{}, err
		}
	}
	if err := b.decodeValues(&c, i, info); err != nil {
		return column{}, err
	}
	if len(c.values) != len(c.times) || c.starts != nil && len(c.starts) != len(c.times) {
		return column{}, fmt.Errorf("column %d has %d values for %d times", i, len(c.values), len(c.times))
	}
	return c, nil
}

// times returns the times of the rows in which a column has a sample. They are shared.
func (b *groupBlock) times(i int, info codec.ColumnInfo) ([]int64, error) {
	axis := b.axes[info.Axis]
	if axis == nil {
		var err error
		if axis, err = b.columns.Times(make([]int64, 0, info.Rows), info.Axis); err != nil {
			return nil, err
		}
		b.axes[info.Axis] = axis
	}
	present, err := b.columns.Present(i)
	if err != nil || present == nil {
		return axis, err
	}
	kept := make([]int64, 0, info.Samples)
	for row, t := range axis {
		if present[row>>6]>>(row&63)&1 == 1 {
			kept = append(kept, t)
		}
	}
	return kept, nil
}

func (b *groupBlock) decodeValues(c *column, i int, info codec.ColumnInfo) (err error) {
	c.values = make([]float64, 0, info.Samples)
	switch info.Kind {
	case codec.KindHistogram:
		for h, err := range b.columns.Histograms(i) {
			if err != nil {
				return err
			}
			c.hists = append(c.hists, histogramValue{integer: h})
			c.values = append(c.values, h.Sum)
		}
	case codec.KindFloatHistogram:
		for fh, err := range b.columns.FloatHistograms(i) {
			if err != nil {
				return err
			}
			c.hists = append(c.hists, histogramValue{float: fh})
			c.values = append(c.values, fh.Sum)
		}
	default:
		c.values, err = b.columns.Floats(c.values, i)
	}
	return err
}
