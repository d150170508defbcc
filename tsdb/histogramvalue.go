package tsdb

import (
	"encoding/binary"
	"math"

	"github.com/prometheus/prometheus/model/histogram"
)

// histogramValue is a native histogram with integer or float counts; at most one is set. Both are
// never changed once they are here.
type histogramValue struct {
	integer *histogram.Histogram
	float   *histogram.FloatHistogram
}

func (h histogramValue) isSet() bool { return h.integer != nil || h.float != nil }

func (h histogramValue) validate() error {
	if h.integer != nil {
		return h.integer.Validate()
	}
	return h.float.Validate()
}

// sum is the value that stands for the histogram where only floats are looked at.
func (h histogramValue) sum() float64 {
	if h.integer != nil {
		return h.integer.Sum
	}
	return h.float.Sum
}

// toFloat returns the histogram with float counts.
func (h histogramValue) toFloat() *histogram.FloatHistogram {
	if h.integer != nil {
		return h.integer.ToFloat(nil)
	}
	return h.float
}

// same reports whether two histograms have the same content. The counter reset hint is not compared:
// it says how a sample relates to its neighbour.
func (h histogramValue) same(o histogramValue) bool {
	switch {
	case h.integer != nil && o.integer != nil:
		return h.integer.Equals(o.integer)
	case h.float != nil && o.float != nil:
		return h.float.Equals(o.float)
	}
	return false
}

// Flags of a histogram in the write-ahead log; the two bits above them are the counter reset hint.
const (
	histogramFloat  = 1
	histogramCustom = 2
	histogramHint   = 2 // shift
)

// maxBuckets bounds the buckets of one histogram from a log; the data model's schemas need far fewer.
const maxBuckets = 1 << 16

// appendHistogram writes a histogram as docs/format/wal.md draws it.
func appendHistogram(dst []byte, h histogramValue) []byte {
	f := h.toFields()
	flags := byte(f.hint) << histogramHint
	if h.float != nil {
		flags |= histogramFloat
	}
	if len(f.custom) > 0 {
		flags |= histogramCustom
	}
	dst = append(dst, flags)
	dst = binary.AppendVarint(dst, int64(f.schema))
	dst = appendFloat(dst, f.zeroThreshold)
	dst = appendFloat(dst, f.sum)
	for _, spans := range [][]histogram.Span{f.positive, f.negative} {
		dst = binary.AppendUvarint(dst, uint64(len(spans)))
		for _, span := range spans {
			dst = binary.AppendVarint(dst, int64(span.Offset))
			dst = binary.AppendUvarint(dst, uint64(span.Length))
		}
	}
	if flags&histogramCustom != 0 {
		dst = binary.AppendUvarint(dst, uint64(len(f.custom)))
		for _, bound := range f.custom {
			dst = appendFloat(dst, bound)
		}
	}
	if h.float != nil {
		dst = appendFloat(appendFloat(dst, h.float.ZeroCount), h.float.Count)
		for _, buckets := range [][]float64{h.float.PositiveBuckets, h.float.NegativeBuckets} {
			dst = binary.AppendUvarint(dst, uint64(len(buckets)))
			for _, v := range buckets {
				dst = appendFloat(dst, v)
			}
		}
		return dst
	}
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, h.integer.ZeroCount), h.integer.Count)
	for _, buckets := range [][]int64{h.integer.PositiveBuckets, h.integer.NegativeBuckets} {
		dst = binary.AppendUvarint(dst, uint64(len(buckets)))
		for _, v := range buckets {
			dst = binary.AppendVarint(dst, v)
		}
	}
	return dst
}

func appendFloat(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}

// histogramFields are what integer and float histograms share.
type histogramFields struct {
	hint               histogram.CounterResetHint
	schema             int32
	zeroThreshold, sum float64
	positive, negative []histogram.Span
	custom             []float64
}

func (h histogramValue) toFields() histogramFields {
	if i := h.integer; i != nil {
		return histogramFields{i.CounterResetHint, i.Schema, i.ZeroThreshold, i.Sum, i.PositiveSpans, i.NegativeSpans, i.CustomValues}
	}
	f := h.float
	return histogramFields{f.CounterResetHint, f.Schema, f.ZeroThreshold, f.Sum, f.PositiveSpans, f.NegativeSpans, f.CustomValues}
}

// readHistogram reads what appendHistogram wrote.
func (d *logDecoder) readHistogram() histogramValue {
	flags := d.byte()
	if flags>>histogramHint > byte(histogram.GaugeType) {
		d.fail()
	}
	f := histogramFields{hint: histogram.CounterResetHint(flags >> histogramHint), schema: int32(d.varint())}
	f.zeroThreshold, f.sum = d.float(), d.float()
	for _, spans := range []*[]histogram.Span{&f.positive, &f.negative} {
		for range d.count() {
			*spans = append(*spans, histogram.Span{Offset: int32(d.varint()), Length: uint32(d.uvarint(math.MaxUint32))})
		}
	}
	if flags&histogramCustom != 0 {
		f.custom = d.floats()
	}
	if flags&histogramFloat != 0 {
		h := &histogram.FloatHistogram{
			CounterResetHint: f.hint, Schema: f.schema, ZeroThreshold: f.zeroThreshold, Sum: f.sum,
			PositiveSpans: f.positive, NegativeSpans: f.negative, CustomValues: f.custom,
		}
		h.ZeroCount, h.Count = d.float(), d.float()
		h.PositiveBuckets, h.NegativeBuckets = d.floats(), d.floats()
		return histogramValue{float: h}
	}
	h := &histogram.Histogram{
		CounterResetHint: f.hint, Schema: f.schema, ZeroThreshold: f.zeroThreshold, Sum: f.sum,
		PositiveSpans: f.positive, NegativeSpans: f.negative, CustomValues: f.custom,
	}
	h.ZeroCount, h.Count = d.uvarint(math.MaxUint64), d.uvarint(math.MaxUint64)
	h.PositiveBuckets, h.NegativeBuckets = d.integers(), d.integers()
	return histogramValue{integer: h}
}

// count reads a number of things that take at least a byte each.
func (d *logDecoder) count() uint64 { return d.uvarint(min(maxBuckets, uint64(len(d.src)))) }

func (d *logDecoder) float() float64 { return math.Float64frombits(d.uint64()) }

func (d *logDecoder) uint64() uint64 {
	if d.err != nil || len(d.src) < 8 {
		d.fail()
		return 0
	}
	v := binary.LittleEndian.Uint64(d.src)
	d.src = d.src[8:]
	return v
}

func (d *logDecoder) floats() []float64 {
	var list []float64
	for range d.count() {
		list = append(list, d.float())
	}
	return list
}

func (d *logDecoder) integers() []int64 {
	var list []int64
	for range d.count() {
		list = append(list, d.varint())
	}
	return list
}
