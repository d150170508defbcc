package codec

import (
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
)

// readNative reads the chunks of rows native histograms and hands them to yield one by one, until
// yield returns false or c has failed. The row and what it refers to are valid during the call.
func readNative[T cell](c *cursor, rows int, tables *tableSet, stream func(dst []T, c *cursor, tables *tableSet), yield func(*nativeRow[T]) bool) {
	for rows > 0 && c.err == nil {
		n := c.length(rows, "rows of a chunk")
		if c.err == nil && n == 0 {
			c.fail("chunk without rows")
		}
		chunk := readChunk(c, n, tables, stream)
		if c.err != nil || !chunk.rows(yield) {
			return
		}
		rows -= n
	}
}

// readChunk reads everything of a chunk of n rows but their number.
func readChunk[T cell](c *cursor, n int, tables *tableSet, stream func(dst []T, c *cursor, tables *tableSet)) *nativeChunk[T] {
	chunk := newNativeChunk[T]()
	layouts := c.length(min(n, c.left()), "number of layouts")
	if c.err == nil && layouts == 0 {
		c.fail("chunk without layouts")
	}
	for range layouts {
		l := c.layout()
		if c.err != nil {
			return nil
		}
		chunk.layouts = append(chunk.layouts, l)
		chunk.columns = append(chunk.columns, chunk.buckets.of(&l))
		// Every bucket takes a byte at least in what follows, and the chunk keeps its own bound.
		if b := len(chunk.buckets.numbers); b > c.left() || n*b > maxCells && n > 1 {
			c.fail("%d rows of %d buckets", n, b)
		}
	}
	chunk.layoutOf, chunk.hints = make([]int64, n), make([]int64, n)
	if layouts > 1 {
		var ints intReader
		ints.open(c, n, tables)
		ints.all(c, chunk.layoutOf)
	}
	var hints intReader
	hints.open(c, n, tables)
	hints.all(c, chunk.hints)
	rowsOf := make([]int, len(chunk.buckets.numbers))
	for row, l := range chunk.layoutOf {
		if l < 0 || l >= int64(layouts) || chunk.hints[row] < 0 || chunk.hints[row] > int64(histogram.GaugeType) {
			c.fail("row %d has layout %d of %d and hint %d", row, l, layouts, chunk.hints[row])
		}
		if c.err != nil {
			return nil
		}
		for _, column := range chunk.columns[l] {
			rowsOf[column]++
		}
	}
	chunk.counts, chunk.zeros, chunk.sums = make([]T, n), make([]T, n), make([]float64, n)
	stream(chunk.counts, c, tables)
	stream(chunk.zeros, c, tables)
	readFloats(chunk.sums, c, tables)
	chunk.cells = make([][]T, len(rowsOf))
	for column, rows := range rowsOf {
		if c.err != nil {
			return nil
		}
		if rows == 0 {
			c.fail("layout without rows")
			return nil
		}
		chunk.cells[column] = make([]T, rows)
		stream(chunk.cells[column], c, tables)
	}
	return chunk
}

// rows hands out the rows of a chunk that was read. It consumes the cells.
func (n *nativeChunk[T]) rows(yield func(*nativeRow[T]) bool) bool {
	var row nativeRow[T]
	for i, l := range n.layoutOf {
		row.layout = n.layouts[l]
		row.hint = histogram.CounterResetHint(n.hints[i])
		row.count, row.zeroCount, row.sum = n.counts[i], n.zeros[i], n.sums[i]
		row.buckets = row.buckets[:0]
		for _, column := range n.columns[l] {
			row.buckets = append(row.buckets, n.cells[column][0])
			n.cells[column] = n.cells[column][1:]
		}
		if !yield(&row) {
			return false
		}
	}
	return true
}

// spanBuckets is how many buckets spans cover.
func spanBuckets(spans []histogram.Span) int {
	n := 0
	for _, s := range spans {
		n += int(s.Length)
	}
	return n
}

// histogramOf builds an integer histogram. Custom values are shared, as Prometheus does.
func histogramOf(row *nativeRow[int64]) *histogram.Histogram {
	l := &row.layout
	positive := spanBuckets(l.positive)
	return &histogram.Histogram{
		CounterResetHint: row.hint, Schema: l.schema, ZeroThreshold: l.zeroThreshold,
		Count: uint64(row.count), ZeroCount: uint64(row.zeroCount), Sum: row.sum,
		PositiveSpans: slices.Clone(l.positive), NegativeSpans: slices.Clone(l.negative),
		PositiveBuckets: deltas(row.buckets[:positive]), NegativeBuckets: deltas(row.buckets[positive:]),
		CustomValues: l.custom,
	}
}

// deltas turns absolute counts into the form in which integer histograms keep them.
func deltas(counts []int64) []int64 {
	if len(counts) == 0 {
		return nil
	}
	out := make([]int64, len(counts))
	last := int64(0)
	for i, n := range counts {
		out[i] = n - last
		last = n
	}
	return out
}

// floatHistogramOf builds a float histogram.
func floatHistogramOf(row *nativeRow[float64]) *histogram.FloatHistogram {
	l := &row.layout
	positive := spanBuckets(l.positive)
	h := &histogram.FloatHistogram{
		CounterResetHint: row.hint, Schema: l.schema, ZeroThreshold: l.zeroThreshold,
		Count: row.count, ZeroCount: row.zeroCount, Sum: row.sum,
		PositiveSpans: slices.Clone(l.positive), NegativeSpans: slices.Clone(l.negative),
		CustomValues: l.custom,
	}
	if positive > 0 {
		h.PositiveBuckets = slices.Clone(row.buckets[:positive])
	}
	if len(row.buckets) > positive {
		h.NegativeBuckets = slices.Clone(row.buckets[positive:])
	}
	return h
}
