package ingest

import (
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"

	"github.com/neuroweaver/heddle/tsdb"
)

// walkWriteRequest walks a remote write 1.0 WriteRequest on its wire bytes, without building it, and
// calls sink for each series and each thing in it. Metadata is skipped: 1.0 sends it by metric
// family, apart from any series.
//
// An error (errWire, or one from sink) ends the walk: nothing of the request may be kept then.
func walkWriteRequest(body []byte, sink sink) error {
	for len(body) > 0 {
		f, rest, err := nextField(body)
		if err != nil {
			return err
		}
		body = rest
		if f.tag != tagSeriesV1 {
			continue
		}
		if err := walkSeriesV1(f.data, sink); err != nil {
			return err
		}
	}
	return nil
}

// walkSeriesV1 walks one TimeSeries. Senders write a message's fields in the order of their numbers,
// so its labels are its first bytes, and these are the series' key as they stand.
func walkSeriesV1(message []byte, sink sink) error {
	rest, err := skipFields(message[shortLabels(message):], tagLabel)
	if err != nil {
		return err
	}
	key := message[:len(message)-len(rest)]
	if key, err = gatherLaterLabels(key, rest); err != nil {
		return err
	}
	if err := sink.series(key); err != nil {
		return err
	}
	for len(rest) > 0 {
		var f field
		if f, rest, err = nextField(rest); err != nil {
			return err
		}
		switch f.tag {
		case tagSample:
			err = walkSample(f.data, sink)
		case tagExemplarV1:
			err = walkExemplarV1(f.data, sink)
		case tagHistogramV1:
			err = walkHistogramV1(f.data, sink)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// shortLabels returns how many bytes the labels take that begin message and are shorter than 128
// bytes, which is nearly all of them. This loop runs once for each label of each request: it is half
// as long as that of skipFields.
func shortLabels(message []byte) int {
	end := 0
	for end+1 < len(message) && message[end] == tagLabel && message[end+1] < 0x80 {
		next := end + 2 + int(message[end+1])
		if next > len(message) {
			break
		}
		end = next
	}
	return end
}

// skipFields returns message without its leading fields of the given tag.
func skipFields(message []byte, tag uint64) ([]byte, error) {
	for len(message) > 0 {
		f, rest, err := nextField(message)
		if err != nil {
			return nil, err
		}
		if f.tag != tag {
			break
		}
		message = rest
	}
	return message, nil
}

// gatherLaterLabels returns key with the labels that come after other fields appended: protobuf
// allows any order, though no known sender uses it. Where there are none, key itself is returned.
func gatherLaterLabels(key, rest []byte) ([]byte, error) {
	gathered := key
	for len(rest) > 0 {
		f, after, err := nextField(rest)
		if err != nil {
			return nil, err
		}
		if f.tag == tagLabel {
			gathered = append(gathered[:len(gathered):len(gathered)], rest[:len(rest)-len(after)]...)
		}
		rest = after
	}
	return gathered, nil
}

// walkExemplarV1 decodes an exemplar: they are rare, so this may allocate.
func walkExemplarV1(message []byte, sink sink) error {
	var exemplar prompb.Exemplar
	if err := exemplar.Unmarshal(message); err != nil {
		return errWire
	}
	builder := labels.NewScratchBuilder(len(exemplar.Labels))
	return sink.exemplar(exemplar.ToExemplar(&builder, nil))
}

// walkHistogramV1 decodes a native histogram.
func walkHistogramV1(message []byte, sink sink) error {
	var h prompb.Histogram
	if err := h.Unmarshal(message); err != nil {
		return errWire
	}
	if h.IsFloatHistogram() {
		return sink.histogram(tsdb.Sample{TimeMS: h.Timestamp, FloatHistogram: h.ToFloatHistogram()})
	}
	return sink.histogram(tsdb.Sample{TimeMS: h.Timestamp, Histogram: h.ToIntHistogram()})
}
