package codec

import (
	"encoding/binary"
	"math"
)

// An entropy-coded stream of numbers is
//
//	varint table; varint size of the tokens in bytes; the tokens (see appendTokens);
//	varint size of the raw bits in bytes, only if the table has tokens with raw bits; the raw bits
//
// Tables belong to the block: columns of one group are alike, and a table costs as much as a
// hundred tokens.

// minEntropy is the shortest stream that is worth the overhead of entropy coding.
const minEntropy = 64

// entropyGain: a stream is entropy coded when that saves at least one part in so many, because it
// reads at half the speed. On telemetry a third of what is left to save is in noise that gains 2 to 5 %.
const entropyGain = 50

// maxTables bounds the tables of a block, and with them the memory of a reader: to 4 MiB. A node
// exporter's five hundred columns share about eighty.
const maxTables = 512

// streamOverhead is what an entropy-coded stream takes besides tokens and raw bits, in bytes:
// the table's number, two sizes, four states.
const streamOverhead = 11

// chooseTable finds the table that codes the tokens in the fewest bits, its own cost included if it
// is new, and the size of the stream in bytes. keepTable or dropTable must follow.
func (e *Encoder) chooseTable(counts *tokenCounts, total, raw int) (index, size int) {
	best := math.Inf(1)
	for i, t := range e.tables {
		if b := t.bits(counts); b < best {
			best, index = b, i
		}
	}
	e.offered = nil
	if float64(counts.entropy(total)) < best && len(e.tables) < maxTables {
		t := newTable(counts, total)
		if b := t.bits(counts) + float64(8*t.size()+8); b < best {
			best, index = b, len(e.tables)
			e.offered = t
		}
	}
	return index, streamOverhead + (int(best)+raw)/8
}

// keepTable adds the table that chooseTable made, if it made one.
func (e *Encoder) keepTable() {
	if e.offered != nil {
		e.tables = append(e.tables, e.offered)
	}
	e.offered = nil
}

// dropTable forgets it.
func (e *Encoder) dropTable() { e.offered = nil }

// hasRaw reports whether the table has tokens that raw bits follow.
func (t *table) hasRaw() bool { return len(t.norm) > directTokens }

// appendEntropy appends values with the block's table.
func (e *Encoder) appendEntropy(dst []byte, index int, values []uint64) []byte {
	t := e.tables[index]
	dst = binary.AppendUvarint(dst, uint64(index))
	e.side = e.appendTokens(e.side[:0], t, values)
	dst = binary.AppendUvarint(dst, uint64(len(e.side)))
	dst = append(dst, e.side...)
	if !t.hasRaw() {
		return dst
	}
	w := bitWriter{dst: e.side[:0]}
	for _, u := range values {
		part := &tokenParts[tokenOf(u)&255]
		w.writeLong(u-part.base, int(part.bits))
	}
	e.side = w.flush()
	dst = binary.AppendUvarint(dst, uint64(len(e.side)))
	return append(dst, e.side...)
}

// entropyReader decodes what appendEntropy wrote, frame by frame.
type entropyReader struct {
	tokens tokenReader
	raw    bitReader
	direct bool // tokens are the numbers
}

// readEntropy reads the header of a stream of n numbers and steps over the stream.
func readEntropy(c *cursor, n int, tables *tableSet) entropyReader {
	t := tables.table(c)
	tokens := c.sub(c.length(c.left(), "size of tokens"))
	if c.err != nil {
		return entropyReader{}
	}
	r := entropyReader{tokens: newTokenReader(t, tokens.src), direct: !t.hasRaw()}
	if !r.direct {
		raw := c.sub(c.length(c.left(), "size of raw bits"))
		r.raw = bitReader{src: raw.src}
	}
	return r
}

// next decodes at most frameLen numbers.
func (r *entropyReader) next(dst []uint64, c *cursor) {
	var buf [frameLen]uint8
	tokens := buf[:len(dst)]
	r.tokens.next(tokens)
	// The last token of each lane takes bits that were never written.
	if r.tokens.bits.over() > tansLanes*maxTableLog {
		c.fail("tokens end early")
		return
	}
	if r.direct {
		for i, token := range tokens {
			dst[i] = uint64(token)
		}
		return
	}
	src, pos := r.raw.src, uint(r.raw.pos)
	for i, token := range tokens {
		part := &tokenParts[token]
		n := uint(part.bits)
		if n > 57 || pos>>3+8 > uint(len(src)) {
			// Wide, or near the end of the raw bits: there many tokens without any may still follow.
			if n == 0 {
				dst[i] = part.base
				continue
			}
			r.raw.pos = int(pos)
			dst[i] = part.base + r.raw.readLong(int(n))
			pos += n
			continue
		}
		dst[i] = part.base + binary.LittleEndian.Uint64(src[pos>>3:])>>(pos&7)&(1<<n-1)
		pos += n
	}
	r.raw.pos = int(pos)
	if r.raw.over() > 0 {
		c.fail("raw bits end early")
	}
}

// tableSet reads the tables of a block when they are first needed.
type tableSet struct {
	src    []byte
	items  []item
	tables []*table
}

// table reads the number of a table and returns it; nil after a failure.
func (s *tableSet) table(c *cursor) *table {
	i := c.length(len(s.items)-1, "entropy table")
	if c.err != nil {
		return nil
	}
	if s.tables == nil {
		s.tables = make([]*table, len(s.items))
	}
	if s.tables[i] == nil {
		it := s.items[i]
		own := cursor{src: s.src[it.offset : it.offset+it.size], base: it.offset}
		t := own.table()
		if c.err = own.done(); c.err != nil {
			return nil
		}
		s.tables[i] = t
	}
	return s.tables[i]
}
