package codec

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/histogram"
)

// layout is what native histograms of one shape share. It is stored as
//
//	varint schema; 8 bytes zero threshold; positive spans; negative spans; custom values
//
// Spans are a varint count and for each varint offset (zigzag) and varint length; custom values a
// varint count and 8 bytes each.
type layout struct {
	schema        int32
	zeroThreshold float64
	positive      []histogram.Span
	negative      []histogram.Span
	custom        []float64
}

// maxBuckets bounds the buckets of one native histogram; Prometheus limits scraped ones to a few
// hundred.
const maxBuckets = 1 << 16

// check reports what a block cannot hold: spans that overlap, or that do not cover exactly the
// buckets there are.
func (l *layout) check(positive, negative int) error {
	for _, side := range []struct {
		spans   []histogram.Span
		buckets int
	}{{l.positive, positive}, {l.negative, negative}} {
		covered := uint64(0)
		for i, s := range side.spans {
			if i > 0 && s.Offset < 0 {
				return fmt.Errorf("has a native histogram whose spans overlap")
			}
			covered += uint64(s.Length)
		}
		if covered != uint64(side.buckets) {
			return fmt.Errorf("has a native histogram with %d buckets in spans for %d", side.buckets, covered)
		}
	}
	if positive+negative > maxBuckets || len(l.custom) > maxBuckets || len(l.positive)+len(l.negative) > maxBuckets {
		return fmt.Errorf("has a native histogram of more than %d buckets, spans or bounds", maxBuckets)
	}
	return nil
}

// append appends the layout.
func (l *layout) append(dst []byte) []byte {
	dst = binary.AppendVarint(dst, int64(l.schema))
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(l.zeroThreshold))
	for _, spans := range [][]histogram.Span{l.positive, l.negative} {
		dst = binary.AppendUvarint(dst, uint64(len(spans)))
		for _, s := range spans {
			dst = binary.AppendVarint(dst, int64(s.Offset))
			dst = binary.AppendUvarint(dst, uint64(s.Length))
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(l.custom)))
	for _, v := range l.custom {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return dst
}

// layout reads a layout and checks it.
func (c *cursor) layout() layout {
	var l layout
	l.schema = c.int32()
	l.zeroThreshold = c.float()
	buckets := 0
	for _, spans := range []*[]histogram.Span{&l.positive, &l.negative} {
		n := c.length(min(maxBuckets, c.left()/2), "number of spans")
		if n == 0 {
			continue
		}
		*spans = make([]histogram.Span, n)
		for i := range *spans {
			s := histogram.Span{Offset: c.int32(), Length: uint32(c.length(maxBuckets-buckets, "length of a span"))}
			if i > 0 && s.Offset < 0 {
				c.fail("spans overlap")
			}
			buckets += int(s.Length)
			(*spans)[i] = s
		}
	}
	if n := c.length(min(maxBuckets, c.left()/8), "number of custom values"); n > 0 {
		l.custom = make([]float64, n)
		for i := range l.custom {
			l.custom[i] = c.float()
		}
	}
	return l
}

// int32 reads a zigzag varint that fits into 32 bits.
func (c *cursor) int32() int32 {
	v := c.varint()
	if v != int64(int32(v)) {
		c.fail("%d does not fit into 32 bits", v)
	}
	return int32(v)
}

// bucketKey names one bucket over all layouts of a column, so that it stays one stream of counts
// when other buckets come and go around it.
type bucketKey struct {
	schema   int32
	negative bool
	index    int64
}

// keys appends the layout's buckets, positive ones first.
func (l *layout) keys(dst []bucketKey) []bucketKey {
	for _, negative := range []bool{false, true} {
		spans := l.positive
		if negative {
			spans = l.negative
		}
		index := int64(0)
		for _, s := range spans {
			index += int64(s.Offset)
			for range s.Length {
				dst = append(dst, bucketKey{l.schema, negative, index})
				index++
			}
		}
	}
	return dst
}

// bucketColumns numbers the buckets of a chunk's layouts in the order in which they first occur.
type bucketColumns struct {
	numbers map[bucketKey]int
	scratch []bucketKey
}

// of returns the column of each bucket of the layout.
func (b *bucketColumns) of(l *layout) []int {
	b.scratch = l.keys(b.scratch[:0])
	columns := make([]int, len(b.scratch))
	for i, key := range b.scratch {
		n, ok := b.numbers[key]
		if !ok {
			n = len(b.numbers)
			b.numbers[key] = n
		}
		columns[i] = n
	}
	return columns
}
