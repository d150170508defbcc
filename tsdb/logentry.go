package tsdb

import (
	"encoding/binary"
	"math"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/neuroweaver/heddle/tsdb/codec"
	"github.com/neuroweaver/heddle/tsdb/index"
)

// A frame of the write-ahead log is a list of entries, each a byte that names its kind and a body
// that knows its own length. docs/format/wal.md draws them.
type entryKind byte

const (
	entrySeries    entryKind = 1
	entryRow       entryKind = 2
	entryExemplars entryKind = 3
	entryMetadata  entryKind = 4
	// entryCompressed holds other entries, none of them compressed.
	entryCompressed entryKind = 5
	// entryReserve says that ids up to one were given, to series that are known or forgotten.
	entryReserve entryKind = 6
	// entryNextSeries is a series told by what is new after the series entry before it in the frame: most
	// ids and columns are the next ones, which says nothing, but would not compress.
	entryNextSeries entryKind = 7
)

// logRow is the samples of one group at one time.
type logRow struct {
	group   groupID
	timeMS  int64
	columns []uint16
	values  []float64
	hists   []histogramValue // nil, or parallel to values
	starts  []int64          // nil, or parallel to values
}

// Flags of a row.
const (
	rowPrefix = 1 << iota // its columns are 0, 1, 2 …
	rowHists
	rowStarts
)

// How a value of a row is written: two bits each, four to a byte, before the values themselves. Most
// telemetry is counts, and a varint of a count is a third of a float.
const (
	valueZero    = 0 // +0, nothing follows
	valueInteger = 1 // zigzag varint
	valueBits    = 2 // eight bytes, little endian
)

// maxInteger: beyond it a float64 no longer holds every integer.
const maxInteger = 1 << 53

func appendSeriesEntry(dst []byte, r index.Record) []byte {
	return index.AppendRecord(append(dst, byte(entrySeries)), r)
}

// appendNextSeriesEntry appends a series whose entry comes next after that of before.
func appendNextSeriesEntry(dst []byte, before, r index.Record) []byte {
	return index.AppendNextRecord(append(dst, byte(entryNextSeries)), before, r)
}

func appendReserveEntry(dst []byte, last uint32) []byte {
	return binary.AppendUvarint(append(dst, byte(entryReserve)), uint64(last))
}

func appendRowEntry(dst []byte, r *logRow) []byte {
	dst = append(dst, byte(entryRow))
	dst = binary.AppendUvarint(dst, uint64(r.group))
	dst = binary.AppendVarint(dst, r.timeMS)
	var flags byte
	if isPrefix(r.columns) {
		flags |= rowPrefix
	}
	if r.hists != nil {
		flags |= rowHists
	}
	if r.starts != nil {
		flags |= rowStarts
	}
	dst = append(dst, flags)
	dst = binary.AppendUvarint(dst, uint64(len(r.columns)))
	if flags&rowPrefix == 0 {
		before := 0
		for _, col := range r.columns {
			dst = binary.AppendVarint(dst, int64(int(col)-before))
			before = int(col) + 1
		}
	}
	dst = appendValues(dst, r.values)
	for _, start := range r.starts {
		dst = binary.AppendVarint(dst, start)
	}
	for _, h := range r.hists {
		if !h.isSet() {
			dst = append(dst, 0)
			continue
		}
		dst = appendHistogram(append(dst, 1), h)
	}
	return dst
}

func isPrefix(columns []uint16) bool {
	for i, col := range columns {
		if int(col) != i {
			return false
		}
	}
	return true
}

func appendValues(dst []byte, values []float64) []byte {
	kinds := len(dst)
	for range (len(values) + 3) / 4 {
		dst = append(dst, 0)
	}
	for i, v := range values {
		kind := byte(valueBits)
		bits := math.Float64bits(v)
		if bits == 0 {
			kind = valueZero
		} else if k := int64(v); float64(k) == v && k > -maxInteger && k < maxInteger && k != 0 {
			kind = valueInteger
			dst = binary.AppendVarint(dst, k)
		} else {
			dst = binary.LittleEndian.AppendUint64(dst, bits)
		}
		dst[kinds+i/4] |= kind << (i % 4 * 2)
	}
	return dst
}

func appendExemplarEntry(dst []byte, encoder *codec.Encoder, id SeriesID, exemplars ...exemplar.Exemplar) []byte {
	dst = append(dst, byte(entryExemplars))
	dst = binary.AppendUvarint(dst, uint64(id))
	encoded := encoder.AppendExemplars(nil, exemplars)
	dst = binary.AppendUvarint(dst, uint64(len(encoded)))
	return append(dst, encoded...)
}

func appendMetadataEntry(dst []byte, metric string, m metadata.Metadata) []byte {
	dst = append(dst, byte(entryMetadata))
	for _, s := range []string{metric, string(m.Type), m.Unit, m.Help} {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	return dst
}
