package codec

import "encoding/binary"

// bitWriter appends bits to bytes, the first bit lowest.
type bitWriter struct {
	dst  []byte
	word uint64
	used int // bits in word, at most 7 between calls
}

// write appends the low n bits of v, whose other bits are zero; n is at most 57.
func (w *bitWriter) write(v uint64, n int) {
	w.word |= v << w.used
	w.used += n
	for w.used >= 8 {
		w.dst = append(w.dst, byte(w.word))
		w.word >>= 8
		w.used -= 8
	}
}

// writeLong is write for any n up to 64.
func (w *bitWriter) writeLong(v uint64, n int) {
	if n > 32 {
		w.write(v&(1<<32-1), 32)
		v >>= 32
		n -= 32
	}
	w.write(v, n)
}

// flush pads to a whole byte with zeros and returns everything.
func (w *bitWriter) flush() []byte {
	if w.used > 0 {
		w.dst = append(w.dst, byte(w.word))
	}
	w.word, w.used = 0, 0
	return w.dst
}

// bitReader reads what a bitWriter wrote. Beyond the end there are zeros; over reports that it was
// read there.
type bitReader struct {
	src []byte
	pos int // in bits
}

// peek returns at least 57 bits from the current position.
func (r *bitReader) peek() uint64 {
	at := r.pos >> 3
	if at+8 <= len(r.src) {
		return binary.LittleEndian.Uint64(r.src[at:]) >> (r.pos & 7)
	}
	if at >= len(r.src) {
		return 0
	}
	word, _ := loadUpTo8(r.src[at:])
	return word >> (r.pos & 7)
}

// read returns the next n bits, at most 57.
func (r *bitReader) read(n int) uint64 {
	v := r.peek() & (1<<n - 1)
	r.pos += n
	return v
}

// readLong is read for any n up to 64.
func (r *bitReader) readLong(n int) uint64 {
	if n <= 57 {
		return r.read(n)
	}
	low := r.read(32)
	return low | r.read(n-32)<<32
}

// over is how many bits were read beyond the end.
func (r *bitReader) over() int { return max(0, r.pos-8*len(r.src)) }
