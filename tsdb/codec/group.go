package codec

import (
	"fmt"

	"github.com/prometheus/prometheus/model/histogram"
)

// MaxRows bounds the rows of one axis. A decoder allocates at most this many values for a column,
// whatever a block claims. It leaves room above the 8 k rows that compaction aims at.
const MaxRows = 1 << 16

// MaxColumns bounds the columns of one block.
const MaxColumns = 1 << 20

// Tier says how much work the encoder puts into a block.
type Tier uint8

const (
	// Hot is for blocks that were just flushed: bit-packed, cheap to write, fastest to read.
	Hot Tier = iota
	// Cold is for compacted blocks: it adds entropy coding where that saves at least a
	// fiftieth, and looks for columns that are sums, products and multiples of others.
	Cold
)

// Kind is what a column holds.
type Kind uint8

const (
	KindFloat Kind = iota
	KindHistogram
	KindFloatHistogram
)

func (k Kind) String() string {
	switch k {
	case KindFloat:
		return "floats"
	case KindHistogram:
		return "native histograms"
	case KindFloatHistogram:
		return "native float histograms"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Group is the content of one block.
type Group struct {
	// Times are the axes, one per distinct cadence: milliseconds, strictly increasing, 1 to MaxRows
	// of them. Series that are written together share an axis; that is what makes blocks small.
	Times [][]int64
	// Columns are the series; the reader knows them by their index.
	Columns []Column
}

// Column is one series, or that part of it that has one kind. Exactly one of Floats, Histograms and
// FloatHistograms is set, with one element for each row that is present.
type Column struct {
	// Axis is the index in Group.Times.
	Axis int
	// Present has bit i%64 of word i/64 set if row i of the axis has a sample; bits beyond the last
	// row are zero. nil: every row has one. At least one row must be present.
	Present []uint64
	// Family is 0, or a number that the buckets of one classic histogram share. They are
	// cumulative, and they stand one after the other in the order of le, +Inf last. A wrong family
	// costs bytes, never correctness.
	Family int

	Floats          []float64
	Histograms      []*histogram.Histogram
	FloatHistograms []*histogram.FloatHistogram

	// Starts are the start timestamps in milliseconds, one per sample; nil: none are known.
	Starts []int64
}

// Kind is what the column holds.
func (c *Column) Kind() Kind {
	switch {
	case c.Histograms != nil:
		return KindHistogram
	case c.FloatHistograms != nil:
		return KindFloatHistogram
	}
	return KindFloat
}

// samples is the number of present rows.
func (c *Column) samples() int {
	return max(len(c.Floats), len(c.Histograms), len(c.FloatHistograms))
}

// check reports the first thing in the group that a block cannot hold. Such a group is a mistake of
// the caller; nothing that arrives from outside should get this far.
func (g *Group) check() error {
	if len(g.Columns) > MaxColumns {
		return fmt.Errorf("codec: %d columns, at most %d fit in a block", len(g.Columns), MaxColumns)
	}
	for i, times := range g.Times {
		if len(times) == 0 || len(times) > MaxRows {
			return fmt.Errorf("codec: axis %d has %d rows, want 1 to %d", i, len(times), MaxRows)
		}
		for j := 1; j < len(times); j++ {
			if times[j] <= times[j-1] {
				return fmt.Errorf("codec: axis %d does not increase at row %d (%d after %d)", i, j, times[j], times[j-1])
			}
		}
	}
	for i := range g.Columns {
		if err := g.checkColumn(&g.Columns[i]); err != nil {
			return fmt.Errorf("codec: column %d %w", i, err)
		}
	}
	return nil
}

func (g *Group) checkColumn(c *Column) error {
	if c.Axis < 0 || c.Axis >= len(g.Times) {
		return fmt.Errorf("names axis %d of %d", c.Axis, len(g.Times))
	}
	kinds := 0
	for _, set := range []bool{c.Floats != nil, c.Histograms != nil, c.FloatHistograms != nil} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		return fmt.Errorf("holds %d kinds of samples, want 1", kinds)
	}
	rows := len(g.Times[c.Axis])
	want := rows
	if c.Present != nil {
		if len(c.Present) != bitmapWords(rows) {
			return fmt.Errorf("has a presence bitmap of %d words, want %d", len(c.Present), bitmapWords(rows))
		}
		if rows%64 != 0 && c.Present[len(c.Present)-1]>>(rows%64) != 0 {
			return fmt.Errorf("has presence bits beyond row %d", rows)
		}
		want = countBits(c.Present)
	}
	if n := c.samples(); n != want || n == 0 {
		return fmt.Errorf("has %d samples for %d present rows", n, want)
	}
	if c.Starts != nil && len(c.Starts) != want {
		return fmt.Errorf("has %d start timestamps for %d samples", len(c.Starts), want)
	}
	for _, h := range c.Histograms {
		if h == nil {
			return fmt.Errorf("has a nil histogram")
		}
		l := layout{positive: h.PositiveSpans, negative: h.NegativeSpans, custom: h.CustomValues}
		if err := l.check(len(h.PositiveBuckets), len(h.NegativeBuckets)); err != nil {
			return err
		}
	}
	for _, h := range c.FloatHistograms {
		if h == nil {
			return fmt.Errorf("has a nil histogram")
		}
		l := layout{positive: h.PositiveSpans, negative: h.NegativeSpans, custom: h.CustomValues}
		if err := l.check(len(h.PositiveBuckets), len(h.NegativeBuckets)); err != nil {
			return err
		}
	}
	return nil
}
