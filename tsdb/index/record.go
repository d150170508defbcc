package index

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/prometheus/prometheus/model/labels"
)

// Record is a series as the logs keep it (docs/format/series.md): its id, its place, its labels.
type Record struct {
	ID     uint32
	Group  uint32
	Column uint16
	Labels labels.Labels
}

// maxLabels bounds the labels of a record; no sender is allowed near as many.
const maxLabels = 1 << 12

var errRecord = errors.New("unreadable series record")

// AppendRecord appends a record to dst.
func AppendRecord(dst []byte, r Record) []byte {
	dst = binary.AppendUvarint(dst, uint64(r.ID))
	dst = binary.AppendUvarint(dst, uint64(r.Group))
	dst = binary.AppendUvarint(dst, uint64(r.Column))
	dst = binary.AppendUvarint(dst, uint64(r.Labels.Len()))
	r.Labels.Range(func(l labels.Label) {
		dst = appendString(dst, l.Name)
		dst = appendString(dst, l.Value)
	})
	return dst
}

func appendString(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// EncodedRecord is a record as it was read. Its labels are still bytes of the log: with a million series,
// a restart has no time to make label sets of which nearly all strings are known.
type EncodedRecord struct {
	ID     uint32
	Group  uint32
	Column uint16
	count  int    // of labels
	pairs  []byte // the labels, whole
}

// ReadRecord reads the record at the start of src and returns its size. The record refers to src.
func ReadRecord(src []byte) (r EncodedRecord, size int, err error) {
	var fields [4]uint64
	for i, most := range []uint64{math.MaxUint32, math.MaxUint32, math.MaxUint16, maxLabels} {
		v, n := binary.Uvarint(src[size:])
		if n <= 0 || v > most {
			return EncodedRecord{}, 0, errRecord
		}
		fields[i] = v
		size += n
	}
	start := size
	for range 2 * fields[3] {
		_, n := readString(src[size:])
		if n == 0 {
			return EncodedRecord{}, 0, errRecord
		}
		size += n
	}
	r = EncodedRecord{ID: uint32(fields[0]), Group: uint32(fields[1]), Column: uint16(fields[2]), count: int(fields[3]), pairs: src[start:size]}
	return r, size, nil
}

// Labels returns the labels.
func (r EncodedRecord) Labels() labels.Labels {
	builder := labels.NewScratchBuilder(r.count)
	r.each(func(name, value []byte) { builder.Add(string(name), string(value)) })
	return builder.Labels()
}

// Record returns the record with its labels made.
func (r EncodedRecord) Record() Record {
	return Record{ID: r.ID, Group: r.Group, Column: r.Column, Labels: r.Labels()}
}

// each calls do with every label.
func (r EncodedRecord) each(do func(name, value []byte)) {
	for at := 0; at < len(r.pairs); {
		name, n := readString(r.pairs[at:])
		value, m := readString(r.pairs[at+n:])
		at += n + m
		do(name, value)
	}
}

// readString returns the string at the start of src and its encoded size, 0 if there is none.
func readString(src []byte) ([]byte, int) {
	length, n := binary.Uvarint(src)
	if n <= 0 || length > uint64(len(src)-n) {
		return nil, 0
	}
	return src[n : n+int(length)], n + int(length)
}
