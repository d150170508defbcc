package codec

import (
	"math"
	"math/bits"
	"slices"
)

// table is one distribution: norm sums to 1<<log, and a token with norm 0 cannot be coded.
type table struct {
	log    int
	norm   []uint16 // by token
	cost   []float32
	decode *decodeTable
	encode *encodeTable
}

// decodeTable says for each state its token, and how to the next state: it is base plus so many bits
// from the stream. An entry is base<<16 | token<<8 | bits in one word, so that it is one load; the
// array has its largest size, so that a masked index needs no check.
type decodeTable [1 << maxTableLog]uint32

const (
	entryToken = 8
	entryBase  = 16
	entryBits  = 15 // mask
)

// encodeTable is the inverse: for a token in state s (s has bit log set), (s+addBits)>>16 bits leave
// and the next state is next[s>>bits + start].
type encodeTable struct {
	next    []uint16
	addBits [tokenCount]uint32
	start   [tokenCount]int32
	first   [tokenCount]uint16 // a state in which the token costs least
}

// newTable makes a table for tokens that occur so often, more than one of them.
func newTable(counts *tokenCounts, total int) *table {
	log := min(max(bits.Len(uint(total))-3, minTableLog), maxTableLog)
	used, last := 0, 0
	for t, n := range counts {
		if n > 0 {
			used++
			last = t
		}
	}
	for 1<<log < 2*used {
		log++
	}
	t := &table{log: log, norm: make([]uint16, last+1)}
	// Everyone gets the share rounded down, at least one; what is left over or missing is taken from
	// where it changes the cost least.
	size := 1 << log
	sum := 0
	for i := range t.norm {
		if n := counts[i]; n > 0 {
			t.norm[i] = uint16(max(1, n*size/total))
			sum += int(t.norm[i])
		}
	}
	for sum != size {
		step := 1
		if sum > size {
			step = -1
		}
		best, gain := -1, math.Inf(-1)
		for i, share := range t.norm {
			if share == 0 || step < 0 && share == 1 {
				continue
			}
			g := float64(counts[i]) * math.Log2(float64(int(share)+step)/float64(share))
			if g > gain {
				best, gain = i, g
			}
		}
		t.norm[best] = uint16(int(t.norm[best]) + step)
		sum += step
	}
	t.price()
	return t
}

// price fills the cost in bits of each token.
func (t *table) price() {
	t.cost = make([]float32, len(t.norm))
	for i, share := range t.norm {
		t.cost[i] = float32(math.Inf(1))
		if share > 0 {
			t.cost[i] = float32(t.log) - float32(math.Log2(float64(share)))
		}
	}
}

// bits is what the counted tokens cost with this table.
func (t *table) bits(counts *tokenCounts) float64 {
	sum := 0.0
	for token, n := range counts {
		if n == 0 {
			continue
		}
		if token >= len(t.norm) || t.norm[token] == 0 {
			return math.Inf(1)
		}
		sum += float64(n) * float64(t.cost[token])
	}
	return sum
}

// spread returns the token of each state: every token's states are strewn evenly.
func (t *table) spread() []uint8 {
	size := 1 << t.log
	step := size>>1 + size>>3 + 3
	tokens := make([]uint8, size)
	at := 0
	for token, share := range t.norm {
		for range share {
			tokens[at] = uint8(token)
			at = (at + step) & (size - 1)
		}
	}
	return tokens
}

// forDecoding builds the decoder's side once.
func (t *table) forDecoding() *decodeTable {
	if t.decode != nil {
		return t.decode
	}
	next := slices.Clone(t.norm)
	t.decode = new(decodeTable)
	for state, token := range t.spread() {
		x := next[token]
		next[token]++
		n := t.log + 1 - bits.Len16(x)
		base := uint32(x)<<n - 1<<t.log
		t.decode[state] = base<<entryBase | uint32(token)<<entryToken | uint32(n)
	}
	return t.decode
}

// forEncoding builds the encoder's side once.
func (t *table) forEncoding() *encodeTable {
	if t.encode != nil {
		return t.encode
	}
	e := &encodeTable{next: make([]uint16, 1<<t.log)}
	var place [tokenCount]int
	sum := 0
	for token, share := range t.norm {
		if share == 0 {
			continue
		}
		place[token] = sum
		e.start[token] = int32(sum) - int32(share)
		most := t.log // bits that leave from the highest states
		if share > 1 {
			most -= bits.Len16(share-1) - 1
		}
		e.addBits[token] = uint32(most)<<16 - uint32(share)<<most
		sum += int(share)
	}
	for state, token := range t.spread() {
		e.next[place[token]] = uint16(1<<t.log + state)
		place[token]++
	}
	for token, share := range t.norm {
		if share > 0 {
			e.first[token] = e.next[int(e.start[token])+int(share)]
		}
	}
	t.encode = e
	return e
}

// append appends the table: a byte log, and the shares from token 0 up until they sum to 1<<log,
// each in as many bits as the rest of the sum needs.
func (t *table) append(dst []byte) []byte {
	w := bitWriter{dst: append(dst, byte(t.log))}
	left := 1 << t.log
	for _, share := range t.norm {
		w.write(uint64(share), bits.Len(uint(left)))
		left -= int(share)
	}
	return w.flush()
}

// size is how many bytes append writes.
func (t *table) size() int {
	n, left := 0, 1<<t.log
	for _, share := range t.norm {
		n += bits.Len(uint(left))
		left -= int(share)
	}
	return 1 + (n+7)/8
}

// table reads a table.
func (c *cursor) table() *table {
	t := &table{log: c.length(maxTableLog, "table log")}
	if t.log < minTableLog {
		c.fail("table log %d", t.log)
		return nil
	}
	r := bitReader{src: c.src[c.pos:]}
	for left := 1 << t.log; left > 0; {
		share := int(r.read(bits.Len(uint(left))))
		if share > left || len(t.norm) == tokenCount {
			c.fail("shares of a table exceed its size")
			return nil
		}
		t.norm = append(t.norm, uint16(share))
		left -= share
	}
	c.bytes((r.pos + 7) / 8)
	return t
}
