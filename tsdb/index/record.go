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
	return appendLabels(dst, r.Labels)
}

// AppendNextRecord appends a record by what its numbers add to those of another one.
func AppendNextRecord(dst []byte, before, r Record) []byte {
	dst = binary.AppendVarint(dst, int64(r.ID)-int64(before.ID))
	dst = binary.AppendVarint(dst, int64(r.Group)-int64(before.Group))
	dst = binary.AppendVarint(dst, int64(r.Column)-int64(before.Column))
	return appendLabels(dst, r.Labels)
}

func appendLabels(dst []byte, ls labels.Labels) []byte {
	dst = binary.AppendUvarint(dst, uint64(ls.Len()))
	ls.Range(func(l labels.Label) {
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
	var numbers [3]uint64
	for i := range numbers {
		v, n := binary.Uvarint(src[size:])
		if n <= 0 {
			return EncodedRecord{}, 0, errRecord
		}
		numbers[i] = v
		size += n
	}
	return readPairs(src, size, numbers)
}

// ReadNextRecord reads what AppendNextRecord wrote, and returns its size. The record refers to src.
func ReadNextRecord(src []byte, before EncodedRecord) (r EncodedRecord, size int, err error) {
	numbers := [3]uint64{uint64(before.ID), uint64(before.Group), uint64(before.Column)}
	for i := range numbers {
		v, n := binary.Varint(src[size:])
		if n <= 0 {
			return EncodedRecord{}, 0, errRecord
		}
		numbers[i] += uint64(v) // below 0 it is far above any number
		size += n
	}
	return readPairs(src, size, numbers)
}

// readPairs reads the labels behind the numbers of a record, which take so many bytes.
func readPairs(src []byte, size int, numbers [3]uint64) (EncodedRecord, int, error) {
	count, n := binary.Uvarint(src[size:])
	if n <= 0 || count > maxLabels || numbers[0] > math.MaxUint32 || numbers[1] > math.MaxUint32 || numbers[2] > math.MaxUint16 {
		return EncodedRecord{}, 0, errRecord
	}
	size += n
	start := size
	for range 2 * count {
		_, n := readString(src[size:])
		if n == 0 {
			return EncodedRecord{}, 0, errRecord
		}
		size += n
	}
	r := EncodedRecord{ID: uint32(numbers[0]), Group: uint32(numbers[1]), Column: uint16(numbers[2]), count: int(count), pairs: src[start:size]}
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
