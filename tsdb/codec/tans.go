package codec

import "encoding/binary"

// Entropy coding is tANS (J. Duda, "Asymmetric numeral systems", arXiv:1311.2540) with tables as
// in Y. Collet's Finite State Entropy: a table of 1<<log states, of which each token owns a share
// that approximates its probability. Four states take turns, so that a decoder can work on four
// tokens at once; they share one stream of bits.
const (
	minTableLog = 5
	maxTableLog = 11 // 2048 states of 4 bytes: half of a small first-level cache holds four tables
	tansLanes   = 4
)

// tansBits are the bits that leave with one token.
type tansBits struct {
	value uint16
	bits  uint8
}

// appendTokens appends the tokens of values: the states in which a decoder starts, then the bits.
// The work is done from the last token to the first, and the bits are kept until then, so that a
// decoder goes forward.
func (e *Encoder) appendTokens(dst []byte, t *table, values []uint64) []byte {
	enc := t.forEncoding()
	leave := grow(&e.leave, len(values))
	var states [tansLanes]uint32
	for i := len(values) - 1; i >= 0; i-- {
		token := tokenOf(values[i])
		state := states[i%tansLanes]
		if state == 0 {
			// The first token of a lane needs no earlier state: nothing leaves.
			states[i%tansLanes] = uint32(enc.first[token])
			leave[i] = tansBits{}
			continue
		}
		n := (state + enc.addBits[token]) >> 16
		leave[i] = tansBits{uint16(state & (1<<n - 1)), uint8(n)}
		states[i%tansLanes] = uint32(enc.next[int32(state>>n)+enc.start[token]])
	}
	w := bitWriter{dst: dst}
	for _, s := range states {
		w.write(uint64(s)&(1<<t.log-1), t.log)
	}
	for _, l := range leave {
		w.write(uint64(l.value), int(l.bits))
	}
	return w.flush()
}

// tokenReader decodes tokens.
type tokenReader struct {
	table  *decodeTable
	bits   bitReader
	states [tansLanes]uint32
}

// newTokenReader starts at the front of src.
func newTokenReader(t *table, src []byte) tokenReader {
	r := tokenReader{table: t.forDecoding(), bits: bitReader{src: src}}
	for i := range r.states {
		r.states[i] = uint32(r.bits.read(t.log))
	}
	return r
}

// next decodes tokens into dst; all calls but the last ask for a multiple of tansLanes.
func (r *tokenReader) next(dst []uint8) {
	table := r.table
	a, b, c, d := r.states[0], r.states[1], r.states[2], r.states[3]
	src, pos := r.bits.src, uint(r.bits.pos)
	i := 0
	for ; i+tansLanes <= len(dst) && pos>>3+8 <= uint(len(src)); i += tansLanes {
		word := binary.LittleEndian.Uint64(src[pos>>3:]) >> (pos & 7)
		a, b, c, d = table[a%uint32(len(table))], table[b%uint32(len(table))], table[c%uint32(len(table))], table[d%uint32(len(table))]
		tokens := a>>entryToken&0xff | b>>entryToken&0xff<<8 | c>>entryToken&0xff<<16 | d>>entryToken<<24
		binary.LittleEndian.PutUint32(dst[i:], tokens)
		n := a & entryBits
		pos += uint(n)
		a = a>>entryBase + uint32(word)&(1<<n-1)
		word >>= n
		n = b & entryBits
		pos += uint(n)
		b = b>>entryBase + uint32(word)&(1<<n-1)
		word >>= n
		n = c & entryBits
		pos += uint(n)
		c = c>>entryBase + uint32(word)&(1<<n-1)
		word >>= n
		n = d & entryBits
		pos += uint(n)
		d = d>>entryBase + uint32(word)&(1<<n-1)
	}
	r.bits.pos = int(pos)
	r.states = [tansLanes]uint32{a, b, c, d}
	for ; i < len(dst); i++ { // near the end of the bits
		e := table[r.states[i%tansLanes]%uint32(len(table))]
		dst[i] = uint8(e >> entryToken)
		r.states[i%tansLanes] = e>>entryBase + uint32(r.bits.read(int(e&entryBits)))
	}
}
