package codec

import (
	"encoding/binary"
	"fmt"
	"math"
)

// cursor reads a block from front to back. After the first failure it stays failed: every read
// returns zero, and err tells the first place and reason. So a decoder reads a whole header and
// checks once, before it uses what it read as a size.
type cursor struct {
	src  []byte
	pos  int // index of the next byte in src
	base int // offset of src[0] in the block
	err  error
}

// fail records the first failure at the current position.
func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = &CorruptionError{Offset: c.base + c.pos, Reason: fmt.Sprintf(format, args...)}
	}
}

// left is how many bytes have not been read.
func (c *cursor) left() int { return len(c.src) - c.pos }

func (c *cursor) byte() byte {
	if c.err != nil {
		return 0
	}
	if c.pos >= len(c.src) {
		c.fail("ends where a byte is expected")
		return 0
	}
	b := c.src[c.pos]
	c.pos++
	return b
}

func (c *cursor) uvarint() uint64 {
	if c.err != nil {
		return 0
	}
	if c.pos < len(c.src) && c.src[c.pos] < 0x80 { // most are short
		c.pos++
		return uint64(c.src[c.pos-1])
	}
	v, n := binary.Uvarint(c.src[c.pos:])
	if n <= 0 {
		c.fail("no valid varint")
		return 0
	}
	c.pos += n
	return v
}

func (c *cursor) varint() int64 { return unzigzag(c.uvarint()) }

// length reads a varint that must not exceed limit. what names it in the error.
func (c *cursor) length(limit int, what string) int {
	at := c.pos
	v := c.uvarint()
	if c.err == nil && (limit < 0 || v > uint64(limit)) {
		c.pos = at
		c.fail("%s is %d, at most %d are possible here", what, v, limit)
	}
	if c.err != nil {
		return 0
	}
	return int(v)
}

// bytes returns the next n bytes without copying them.
func (c *cursor) bytes(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n < 0 || n > c.left() {
		c.fail("%d bytes expected, %d left", n, c.left())
		return nil
	}
	b := c.src[c.pos : c.pos+n : c.pos+n]
	c.pos += n
	return b
}

// sub returns a cursor over the next n bytes and steps over them.
func (c *cursor) sub(n int) cursor {
	base := c.base + c.pos
	b := c.bytes(n)
	return cursor{src: b, base: base, err: c.err}
}

func (c *cursor) uint64() uint64 {
	b := c.bytes(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

func (c *cursor) float() float64 { return math.Float64frombits(c.uint64()) }

// done reports the first failure, or that bytes are left over.
func (c *cursor) done() error {
	if c.err == nil && c.left() != 0 {
		c.fail("%d bytes left over", c.left())
	}
	return c.err
}

// zigzag maps 0, -1, 1, -2, 2 … to 0, 1, 2, 3, 4 …, so that small distances are small numbers.
func zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) }

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }
