package tsdb

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
)

// sealedChunk is rows of a group that no longer change, column by column, until a flush writes them to
// a block. It lives in memory alone and is packed lightly: samples pass here on their way to a block,
// so what counts is that packing costs next to nothing. Times are shared by all columns.
type sealedChunk struct {
	times   []int64
	data    []byte   // the columns, one after another
	ends    []uint32 // by column: its end in data; a column without bytes has no sample
	samples int
}

// A packed column starts with a byte of flags; the decimal exponent is above them.
const (
	packedGaps     = 1 << iota // a bitmap of the rows that have a sample follows
	packedCells                // samples one by one, with start timestamps or histograms
	packedConstant             // one value stands for all
	packedRaw                  // eight bytes a value; else differences of decimals
	packedExponent = 4         // shift
)

// maxExponent bounds the search for a decimal exponent. Shorter decimals are most gauges; for the rest
// another eight bytes until the flush do not matter.
const maxExponent = 6

var powersOfTen = [maxExponent + 1]float64{1, 10, 100, 1e3, 1e4, 1e5, 1e6}

func (s *sealedChunk) mint() int64 { return s.times[0] }
func (s *sealedChunk) maxt() int64 { return s.times[len(s.times)-1] }

func (s *sealedChunk) overlaps(mint, maxt int64) bool { return s.mint() <= maxt && s.maxt() >= mint }

// chunkPacker packs chunks. It keeps its memory between them; the zero value is ready.
type chunkPacker struct {
	data   []byte
	values []float64
	ints   []int64
	bitmap []uint64
}

// pack returns the rows of c as a sealed chunk.
func (p *chunkPacker) pack(c *openChunk) *sealedChunk {
	s := &sealedChunk{times: append([]int64(nil), c.times...), ends: make([]uint32, c.width), samples: c.samples}
	p.data = p.data[:0]
	for col := range c.width {
		p.packColumn(c, col)
		s.ends[col] = uint32(len(p.data))
	}
	s.data = append([]byte(nil), p.data...)
	return s
}

func (p *chunkPacker) packColumn(c *openChunk, col int) {
	rows, stride := c.rows(), words(c.width)
	word, bit := col>>6, uint(col&63)
	p.values, p.bitmap = p.values[:0], p.bitmap[:0]
	for range words(rows) {
		p.bitmap = append(p.bitmap, 0)
	}
	for row := range rows {
		if c.present[row*stride+word]>>bit&1 == 1 {
			p.values = append(p.values, c.values[row*c.width+col])
			p.bitmap[row>>6] |= 1 << (row & 63)
		}
	}
	if len(p.values) == 0 {
		return
	}
	at := len(p.data)
	p.data = append(p.data, 0)
	flags := byte(0)
	if len(p.values) < rows {
		flags |= packedGaps
		for _, w := range p.bitmap {
			p.data = binary.LittleEndian.AppendUint64(p.data, w)
		}
	}
	if c.isHist != nil || c.starts != nil {
		flags |= packedCells
		for row := range rows {
			if c.has(row, col) {
				p.data = appendCell(p.data, c.cell(row, col))
			}
		}
	} else {
		flags |= p.packFloats()
	}
	p.data[at] = flags
}

// packFloats packs p.values and returns the flags that tell how.
func (p *chunkPacker) packFloats() byte {
	exponent, ok := p.decimals()
	switch {
	case !ok && p.constant():
		p.data = appendFloat(p.data, p.values[0])
		return packedRaw | packedConstant
	case !ok:
		for _, v := range p.values {
			p.data = appendFloat(p.data, v)
		}
		return packedRaw
	}
	flags := byte(exponent << packedExponent)
	if p.constant() {
		p.data = binary.AppendVarint(p.data, p.ints[0])
		return flags | packedConstant
	}
	before := int64(0)
	for _, k := range p.ints {
		p.data = binary.AppendVarint(p.data, k-before)
		before = k
	}
	return flags
}

func (p *chunkPacker) constant() bool {
	first := math.Float64bits(p.values[0])
	for _, v := range p.values[1:] {
		if math.Float64bits(v) != first {
			return false
		}
	}
	return true
}

// decimals fills p.ints with k such that k / 10^exponent is each value, bit for bit.
func (p *chunkPacker) decimals() (exponent int, ok bool) {
	p.ints = p.ints[:0]
	for i := 0; i < len(p.values); {
		v := p.values[i]
		scaled := v * powersOfTen[exponent]
		if math.Abs(scaled) < maxInteger { // false for NaN and infinities
			k := int64(math.Round(scaled))
			if math.Float64bits(float64(k)/powersOfTen[exponent]) == math.Float64bits(v) {
				p.ints = append(p.ints, k)
				i++
				continue
			}
		}
		if exponent == maxExponent {
			return 0, false
		}
		exponent++
		i, p.ints = 0, p.ints[:0]
	}
	return exponent, true
}

func appendCell(dst []byte, x cell) []byte {
	dst = binary.AppendVarint(dst, x.startMS)
	if x.hist.isSet() {
		return appendHistogram(append(dst, 1), x.hist)
	}
	return appendFloat(append(dst, 0), x.value)
}

var errSealed = errors.New("sealed chunk is damaged in memory")

// hasColumn reports whether a column has a sample between two times. It unpacks no values.
func (s *sealedChunk) hasColumn(col int, mint, maxt int64) bool {
	packed := s.packed(col)
	if len(packed) == 0 {
		return false
	}
	from, to := timeRange(s.presentTimes(packed[0], &logDecoder{src: packed[1:]}), mint, maxt)
	return from < to
}

func (s *sealedChunk) packed(col int) []byte {
	if col >= len(s.ends) {
		return nil
	}
	from := uint32(0)
	if col > 0 {
		from = s.ends[col-1]
	}
	return s.data[from:s.ends[col]]
}

// column unpacks the samples of a column. Its times may be shared and must not be changed.
func (s *sealedChunk) column(col int) (column, error) {
	packed := s.packed(col)
	if len(packed) == 0 {
		return column{}, nil
	}
	flags, d := packed[0], logDecoder{src: packed[1:]}
	times := s.presentTimes(flags, &d)
	c := column{times: times, values: make([]float64, 0, len(times))}
	if flags&packedCells != 0 {
		c.times = make([]int64, 0, len(times))
		for _, t := range times {
			c.append(t, d.cell())
		}
	} else {
		c.values = d.packedFloats(c.values, flags, len(times))
	}
	if d.err != nil || len(d.src) > 0 {
		return column{}, errSealed
	}
	return c, nil
}

// appendFloats appends the values of a column that has a plain float in every row; plain is false where
// it has not.
func (s *sealedChunk) appendFloats(dst []float64, col int) (_ []float64, plain bool, err error) {
	packed := s.packed(col)
	if len(packed) == 0 || packed[0]&(packedGaps|packedCells) != 0 {
		return dst, false, nil
	}
	d := logDecoder{src: packed[1:]}
	dst = d.packedFloats(dst, packed[0], len(s.times))
	if d.err != nil || len(d.src) > 0 {
		return dst, false, errSealed
	}
	return dst, true, nil
}

// packedFloats appends n values that packFloats packed.
func (d *logDecoder) packedFloats(dst []float64, flags byte, n int) []float64 {
	if flags&packedRaw != 0 {
		v := d.float()
		for i := range n {
			if i > 0 && flags&packedConstant == 0 {
				v = d.float()
			}
			dst = append(dst, v)
		}
		return dst
	}
	k, scale := d.varint(), powersOfTen[flags>>packedExponent]
	for i := range n {
		if i > 0 && flags&packedConstant == 0 {
			k += d.varint()
		}
		dst = append(dst, float64(k)/scale)
	}
	return dst
}

func (s *sealedChunk) presentTimes(flags byte, d *logDecoder) []int64 {
	if flags&packedGaps == 0 {
		return s.times
	}
	var times []int64
	for w := range words(len(s.times)) {
		for bitmap := d.uint64(); bitmap != 0; bitmap &= bitmap - 1 {
			times = append(times, s.times[w<<6+bits.TrailingZeros64(bitmap)])
		}
	}
	return times
}

func (d *logDecoder) cell() cell {
	x := cell{startMS: d.varint()}
	if d.byte() == 0 {
		x.value = d.float()
		return x
	}
	x.hist = d.readHistogram()
	x.value = x.hist.sum()
	return x
}

// part is the chunk as a merge takes it; series are those of its columns.
func (s *sealedChunk) part(series []SeriesID) mergePart {
	return mergePart{
		mint: s.mint(), maxt: s.maxt(), rows: len(s.times), samples: s.samples,
		visit: func(visit func(SeriesID, column)) error {
			for col := range s.ends {
				c, err := s.column(col)
				if err != nil {
					return err
				}
				if c.len() > 0 {
					visit(series[col], c)
				}
			}
			return nil
		},
	}
}

// size is the memory it takes.
func (s *sealedChunk) size() int { return len(s.data) + 8*len(s.times) + 4*len(s.ends) }
