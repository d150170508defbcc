package codec

import "encoding/binary"

// An axis is: varint rows, varint first (zigzag), varint last-first, and an integer stream of the
// distances from the first. For a steady cadence that stream is a grid or a straight line with a
// constant residual, which takes a handful of bytes however many rows there are.

// appendTimes appends an axis of at least one row.
func (e *Encoder) appendTimes(dst []byte, times []int64, tier Tier) []byte {
	n := len(times)
	dst = binary.AppendUvarint(dst, uint64(n))
	dst = binary.AppendVarint(dst, times[0])
	dst = binary.AppendUvarint(dst, uint64(times[n-1])-uint64(times[0]))
	values := grow(&e.values, n)
	for i, t := range times {
		values[i] = t - times[0]
	}
	return e.appendInts(dst, values, tier)
}

// readAxis reads what can be told about an axis without decoding it.
func readAxis(c *cursor) AxisInfo {
	var a AxisInfo
	a.Rows = c.length(MaxRows, "number of rows")
	if c.err == nil && a.Rows == 0 {
		c.fail("axis without rows")
	}
	a.First = c.varint()
	a.Last = a.First + int64(c.uvarint())
	return a
}

// readTimes appends the timestamps of an axis to dst. They increase, or it is an error.
func readTimes(dst []int64, c *cursor, tables *tableSet) []int64 {
	a := readAxis(c)
	if c.err != nil {
		return dst
	}
	start := len(dst)
	dst = append(dst, make([]int64, a.Rows)...)
	times := dst[start:]
	var ints intReader
	ints.open(c, a.Rows, tables)
	ints.all(c, times)
	if c.err != nil {
		return dst[:start]
	}
	for i := range times {
		times[i] += a.First
		if i > 0 && times[i] <= times[i-1] {
			c.fail("axis does not increase at row %d", i)
			return dst[:start]
		}
	}
	if times[0] != a.First || times[a.Rows-1] != a.Last {
		c.fail("axis runs from %d to %d, not from %d to %d", times[0], times[a.Rows-1], a.First, a.Last)
		return dst[:start]
	}
	return dst
}
