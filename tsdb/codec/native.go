package codec

import (
	"encoding/binary"

	"github.com/prometheus/prometheus/model/histogram"
)

// Native histograms are stored in chunks of consecutive samples. A chunk is
//
//	varint rows; varint layouts; the layouts;
//	integer stream: the layout of each row (only if there are several);
//	integer stream: the counter-reset hint of each row;
//	stream of counts; stream of counts of the zero bucket; float stream of sums;
//	for each bucket, in the order in which the layouts name them: a stream of its counts in the rows
//	whose layout has it.
//
// Streams of counts are integer streams for integer histograms and float streams for float ones.
// Counts in buckets are absolute. Every field is kept, so a stale histogram is one whose sum is the
// stale marker, like any other.

// maxCells bounds rows times buckets of a chunk, and with it the memory of reading one: 32 MiB.
const maxCells = 1 << 22

// cell is the type of a count.
type cell interface{ int64 | float64 }

// nativeRow is one histogram with its counts in one form for both kinds.
type nativeRow[T cell] struct {
	layout    layout
	hint      histogram.CounterResetHint
	count     T
	zeroCount T
	sum       float64
	buckets   []T // absolute, positive ones first
}

// rowOf splits an integer histogram; its buckets are appended to scratch.
func rowOf(h *histogram.Histogram, scratch []int64) nativeRow[int64] {
	row := nativeRow[int64]{
		layout: layout{h.Schema, h.ZeroThreshold, h.PositiveSpans, h.NegativeSpans, h.CustomValues},
		hint:   h.CounterResetHint, count: int64(h.Count), zeroCount: int64(h.ZeroCount), sum: h.Sum,
	}
	for _, deltas := range [][]int64{h.PositiveBuckets, h.NegativeBuckets} {
		count := int64(0)
		for _, d := range deltas {
			count += d
			scratch = append(scratch, count)
		}
	}
	row.buckets = scratch
	return row
}

// floatRowOf splits a float histogram; its buckets are appended to scratch.
func floatRowOf(h *histogram.FloatHistogram, scratch []float64) nativeRow[float64] {
	row := nativeRow[float64]{
		layout: layout{h.Schema, h.ZeroThreshold, h.PositiveSpans, h.NegativeSpans, h.CustomValues},
		hint:   h.CounterResetHint, count: h.Count, zeroCount: h.ZeroCount, sum: h.Sum,
	}
	row.buckets = append(append(scratch, h.PositiveBuckets...), h.NegativeBuckets...)
	return row
}

// nativeChunk collects rows until they are written.
type nativeChunk[T cell] struct {
	layouts []layout
	columns [][]int // for each layout: the bucket column of each of its buckets
	index   map[string]int
	buckets bucketColumns

	layoutOf, hints []int64
	counts, zeros   []T
	sums            []float64
	cells           [][]T // for each bucket column its counts
	key             []byte
}

func newNativeChunk[T cell]() *nativeChunk[T] {
	return &nativeChunk[T]{index: map[string]int{}, buckets: bucketColumns{numbers: map[bucketKey]int{}}}
}

// add takes a row.
func (n *nativeChunk[T]) add(row nativeRow[T]) {
	n.key = row.layout.append(n.key[:0])
	at, ok := n.index[string(n.key)]
	if !ok {
		at = len(n.layouts)
		n.index[string(n.key)] = at
		n.layouts = append(n.layouts, row.layout)
		n.columns = append(n.columns, n.buckets.of(&row.layout))
		for len(n.cells) < len(n.buckets.numbers) {
			n.cells = append(n.cells, nil)
		}
	}
	n.layoutOf = append(n.layoutOf, int64(at))
	n.hints = append(n.hints, int64(row.hint))
	n.counts = append(n.counts, row.count)
	n.zeros = append(n.zeros, row.zeroCount)
	n.sums = append(n.sums, row.sum)
	for i, column := range n.columns[at] {
		n.cells[column] = append(n.cells[column], row.buckets[i])
	}
}

// full reports whether another row of so many buckets, all of them new, might exceed maxCells.
func (n *nativeChunk[T]) full(buckets int) bool {
	return len(n.hints) > 0 && (len(n.hints)+1)*(len(n.cells)+buckets) > maxCells
}

// appendNative appends rows in chunks; stream appends a stream of counts.
func appendNative[T cell](dst []byte, e *Encoder, n int, row func(i int, scratch []T) nativeRow[T], stream func(dst []byte, counts []T) []byte, tier Tier) []byte {
	var scratch []T
	chunk := newNativeChunk[T]()
	for i := range n {
		r := row(i, scratch[:0])
		scratch = r.buckets
		if chunk.full(len(r.buckets)) {
			dst = chunk.append(dst, e, stream, tier)
			chunk = newNativeChunk[T]()
		}
		chunk.add(r)
	}
	return chunk.append(dst, e, stream, tier)
}

// append writes the chunk.
func (n *nativeChunk[T]) append(dst []byte, e *Encoder, stream func(dst []byte, counts []T) []byte, tier Tier) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(n.hints)))
	dst = binary.AppendUvarint(dst, uint64(len(n.layouts)))
	for i := range n.layouts {
		dst = n.layouts[i].append(dst)
	}
	if len(n.layouts) > 1 {
		dst = e.appendInts(dst, n.layoutOf, tier)
	}
	dst = e.appendInts(dst, n.hints, tier)
	dst = stream(dst, n.counts)
	dst = stream(dst, n.zeros)
	dst = e.appendFloats(dst, n.sums, tier)
	for _, counts := range n.cells {
		dst = stream(dst, counts)
	}
	return dst
}

func (e *Encoder) appendHistograms(dst []byte, hs []*histogram.Histogram, tier Tier) []byte {
	return appendNative(dst, e, len(hs),
		func(i int, scratch []int64) nativeRow[int64] { return rowOf(hs[i], scratch) },
		func(dst []byte, counts []int64) []byte { return e.appendInts(dst, counts, tier) }, tier)
}

func (e *Encoder) appendFloatHistograms(dst []byte, hs []*histogram.FloatHistogram, tier Tier) []byte {
	return appendNative(dst, e, len(hs),
		func(i int, scratch []float64) nativeRow[float64] { return floatRowOf(hs[i], scratch) },
		func(dst []byte, counts []float64) []byte { return e.appendFloats(dst, counts, tier) }, tier)
}
