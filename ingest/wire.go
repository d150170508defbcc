package ingest

import (
	"encoding/binary"
	"errors"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/neuroweaver/heddle/tsdb"
)

// Wire tags of the messages that are walked by hand: field number << 3 | wire type.
const (
	tagSeriesV1 = 1<<3 | 2 // WriteRequest.timeseries
	tagSeriesV2 = 5<<3 | 2 // Request.timeseries
	tagSymbolV2 = 4<<3 | 2 // Request.symbols

	tagLabel       = 1<<3 | 2 // TimeSeries.labels
	tagSample      = 2<<3 | 2 // TimeSeries.samples, in both versions
	tagExemplarV1  = 3<<3 | 2 // TimeSeries.exemplars
	tagHistogramV1 = 4<<3 | 2 // TimeSeries.histograms

	tagRefsV2      = 1<<3 | 2 // TimeSeries.labels_refs, packed
	tagRefV2       = 1<<3 | 0 // TimeSeries.labels_refs, one by one
	tagHistogramV2 = 3<<3 | 2 // TimeSeries.histograms
	tagExemplarV2  = 4<<3 | 2 // TimeSeries.exemplars
	tagMetadataV2  = 5<<3 | 2 // TimeSeries.metadata

	tagName      = 1<<3 | 2 // Label.name
	tagValue     = 2<<3 | 2 // Label.value
	tagNumber    = 1<<3 | 1 // Sample.value, a double
	tagTimestamp = 2<<3 | 0 // Sample.timestamp
	tagStart     = 3<<3 | 0 // Sample.start_timestamp, 2.0 only
)

var errWire = errors.New("not a valid protobuf message")

// field is one field of a message. For length-delimited fields data is the content; for the others
// the encoded value.
type field struct {
	tag  uint64
	data []byte
}

// nextField splits the first field off message. The tag of a field that no caller knows is returned
// like any other, so that new fields of the protocols are skipped.
func nextField(message []byte) (f field, rest []byte, err error) {
	tag, n := uvarint(message)
	if n <= 0 {
		return f, nil, errWire
	}
	number, kind := protowire.DecodeTag(tag)
	if number < protowire.MinValidNumber {
		return f, nil, errWire
	}
	message = message[n:]
	if kind == protowire.BytesType {
		size, n := uvarint(message)
		if n <= 0 || size > uint64(len(message)-n) {
			return f, nil, errWire
		}
		end := n + int(size)
		return field{tag, message[n:end]}, message[end:], nil
	}
	size := protowire.ConsumeFieldValue(number, kind, message)
	if size < 0 {
		return f, nil, errWire
	}
	return field{tag, message[:size]}, message[size:], nil
}

// uvarint is binary.Uvarint with the one-byte case inlined: most tags and lengths are short.
func uvarint(b []byte) (uint64, int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	return binary.Uvarint(b)
}

// walkSample reads a Sample message of either version and hands it to sink.
func walkSample(message []byte, sink sink) error {
	// The usual form: both fields, in order, and nothing else.
	if len(message) > 10 && message[0] == tagNumber && message[9] == tagTimestamp {
		t, n := binary.Uvarint(message[10:])
		if n > 0 && 10+n == len(message) {
			return sink.sample(int64(t), math.Float64frombits(binary.LittleEndian.Uint64(message[1:])))
		}
	}
	var s tsdb.Sample
	for len(message) > 0 {
		f, rest, err := nextField(message)
		if err != nil {
			return err
		}
		message = rest
		switch f.tag {
		case tagNumber:
			s.Value = math.Float64frombits(binary.LittleEndian.Uint64(f.data))
		case tagTimestamp:
			t, _ := binary.Uvarint(f.data)
			s.TimeMS = int64(t)
		case tagStart:
			t, _ := binary.Uvarint(f.data)
			s.StartMS = int64(t)
		}
	}
	if s.StartMS != 0 {
		return sink.startedSample(s)
	}
	return sink.sample(s.TimeMS, s.Value)
}
