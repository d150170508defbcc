package codec

import (
	"iter"

	"github.com/prometheus/prometheus/model/histogram"
)

// GroupReader decodes columns of one block. It keeps what columns share once it is decoded, and it
// refers to the block's bytes, which must not change while it is in use. It is not safe for
// concurrent use; opening a second reader is cheap.
type GroupReader struct {
}

// ColumnInfo is what a block tells about a column without decoding it.
type ColumnInfo struct {
	Kind      Kind
	Axis      int
	Rows      int  // rows of the axis
	Samples   int  // present rows
	HasStarts bool // start timestamps are known
	Summary   Summary
}

// Summary answers questions about a whole column. Stale markers do not count as samples of it. For
// native histograms every field but Count is zero.
type Summary struct {
	Count       int     // samples that are not stale markers
	First, Last float64 // values of the first and the last such sample; 0 if Count is 0
	Sum         float64 // in row order, Kahan-Neumaier compensated
	Min, Max    float64 // NaN only if every sample is NaN
	Resets      float64 // sum of the values from which the column fell: increase = Last - First + Resets
}

// AxisInfo is what a block tells about an axis without decoding it.
type AxisInfo struct {
	Rows        int
	First, Last int64 // milliseconds
}

// OpenGroup reads the directory of a block. It does not look into the columns.
func OpenGroup(src []byte) (*GroupReader, error) { panic("not yet") }

// Axes is the number of axes.
func (r *GroupReader) Axes() int { panic("not yet") }

// Axis describes an axis without decoding it.
func (r *GroupReader) Axis(i int) (AxisInfo, error) { panic("not yet") }

// Times appends the timestamps of an axis (milliseconds) to dst.
func (r *GroupReader) Times(dst []int64, axis int) ([]int64, error) { panic("not yet") }

// Columns is the number of columns.
func (r *GroupReader) Columns() int { panic("not yet") }

// Column describes a column without decoding it.
func (r *GroupReader) Column(i int) (ColumnInfo, error) { panic("not yet") }

// Present returns the presence bitmap of a column as Column.Present has it: nil if every row of its
// axis has a sample. The slice belongs to the reader.
func (r *GroupReader) Present(i int) ([]uint64, error) { panic("not yet") }

// Floats appends the samples of a float column to dst.
func (r *GroupReader) Floats(dst []float64, i int) ([]float64, error) { panic("not yet") }

// Starts appends the start timestamps of a column to dst; nothing if it has none.
func (r *GroupReader) Starts(dst []int64, i int) ([]int64, error) { panic("not yet") }

// Histograms decodes a column of integer native histograms, one by one, each freshly allocated.
// After an error there is nothing more.
func (r *GroupReader) Histograms(i int) iter.Seq2[*histogram.Histogram, error] { panic("not yet") }

// FloatHistograms decodes a column of float native histograms, one by one, each freshly allocated.
func (r *GroupReader) FloatHistograms(i int) iter.Seq2[*histogram.FloatHistogram, error] {
	panic("not yet")
}
