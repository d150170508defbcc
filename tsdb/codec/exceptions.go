package codec

import (
	"encoding/binary"
	"math"
)

// Exceptions are the values of a column that its integers cannot express: stale markers and other
// NaNs, infinities, -0, and the odd number of another scale. They are stored as
//
//	varint n; n varints, each the distance from the exception before (the first: from row -1) less 1;
//	byte 1 and eight bytes if all have the same bits, else byte 0 and eight bytes for each.

// exception is one such value; row counts the values of the stream.
type exception struct {
	row   int
	value float64
}

// appendExceptions appends the values at rows, of which there is at least one; rows increase.
func appendExceptions(dst []byte, rows []int, values []float64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(rows)))
	last := -1
	same := true
	first := math.Float64bits(values[rows[0]])
	for _, row := range rows {
		dst = binary.AppendUvarint(dst, uint64(row-last-1))
		last = row
		same = same && math.Float64bits(values[row]) == first
	}
	if same {
		dst = append(dst, 1)
		return binary.LittleEndian.AppendUint64(dst, first)
	}
	dst = append(dst, 0)
	for _, row := range rows {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(values[row]))
	}
	return dst
}

// exceptions reads the exceptions of a stream of n values.
func (c *cursor) exceptions(n int) []exception {
	count := c.length(min(n, c.left()), "number of exceptions") // each takes a byte at least
	all := make([]exception, count)
	row := -1
	for i := range all {
		row += 1 + c.length(n-row-2, "distance between exceptions")
		all[i].row = row
	}
	same := c.byte() == 1
	value := c.float()
	for i := range all {
		if i > 0 && !same {
			value = c.float()
		}
		all[i].value = value
	}
	if c.err != nil {
		return nil
	}
	return all
}
