package codec

import (
	"encoding/binary"
	"math"
)

// A number is a single float64: a header varint, then for short decimals nothing more.
//
//	bit 0 = 0: the rest is zigzag(k), the value is k/10^e with an exponent that the context gives
//	bit 0 = 1: eight bytes follow with the value's bits; the header is 1

// appendNumber appends v, as a decimal with exponent e where that is exact.
func appendNumber(dst []byte, v float64, e int) []byte {
	if k, ok := (unit{exponent: e}).integer(v); ok && k >= -1<<61 && k < 1<<61 {
		return binary.AppendUvarint(dst, zigzag(k)<<1)
	}
	dst = append(dst, 1)
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}

// number reads what appendNumber wrote.
func (c *cursor) number(e int) float64 {
	header := c.uvarint()
	if header&1 == 0 {
		return unit{exponent: e}.value(unzigzag(header >> 1))
	}
	if header != 1 {
		c.fail("number header %d", header)
	}
	return c.float()
}

// skipNumber steps over what number reads.
func (c *cursor) skipNumber() {
	for i, b := range c.src[c.pos:] {
		if b >= 0x80 {
			continue
		}
		isBits := i == 0 && b == 1
		if c.pos += i + 1; isBits {
			c.bytes(8)
		}
		return
	}
	c.fail("no valid varint")
}
