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

// ReadRecord reads the record at the start of src and returns its size.
func ReadRecord(src []byte) (r Record, size int, err error) {
	var fields [4]uint64
	for i, most := range []uint64{math.MaxUint32, math.MaxUint32, math.MaxUint16, maxLabels} {
		v, n := binary.Uvarint(src[size:])
		if n <= 0 || v > most {
			return Record{}, 0, errRecord
		}
		fields[i] = v
		size += n
	}
	builder := labels.NewScratchBuilder(int(min(fields[3], 32)))
	for range fields[3] {
		name, n := readString(src[size:])
		if n == 0 {
			return Record{}, 0, errRecord
		}
		size += n
		value, n := readString(src[size:])
		if n == 0 {
			return Record{}, 0, errRecord
		}
		size += n
		builder.Add(name, value)
	}
	r = Record{ID: uint32(fields[0]), Group: uint32(fields[1]), Column: uint16(fields[2]), Labels: builder.Labels()}
	return r, size, nil
}

// readString returns the string at the start of src and its encoded size, 0 if there is none.
func readString(src []byte) (string, int) {
	length, n := binary.Uvarint(src)
	if n <= 0 || length > uint64(len(src)-n) {
		return "", 0
	}
	return string(src[n : n+int(length)]), n + int(length)
}
