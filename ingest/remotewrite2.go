package ingest

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unsafe"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/neuroweaver/heddle/tsdb"
)

// errSymbols is a request whose symbol table does not fit its series.
var errSymbols = errors.New("the symbol table of the request is broken")

// requestV2 is what the series of one remote write 2.0 request share.
type requestV2 struct {
	limits  Limits
	symbols []string // views into the body
	refs    []uint32 // of the series at hand
	key     []byte   // of the series at hand
}

// walkRequest walks a remote write 2.0 Request on its wire bytes and calls sink for each series and
// each thing in it. A series' key is its label set in the form of 1.0, so both versions of a sender
// meet the same entries of the store's cache. r is scratch space, to be used again.
//
// An error (errWire, errSymbols, or one from sink) ends the walk: nothing of the request may be
// kept then.
func walkRequest(body []byte, r *requestV2, sink sink) error {
	r.symbols = r.symbols[:0]
	// Symbols come before the series in the message's order, but protobuf promises no order.
	for rest := body; len(rest) > 0; {
		f, after, err := nextField(rest)
		if err != nil {
			return err
		}
		rest = after
		if f.tag == tagSymbolV2 {
			r.symbols = append(r.symbols, unsafe.String(unsafe.SliceData(f.data), len(f.data)))
		}
	}
	if len(r.symbols) == 0 || r.symbols[0] != "" {
		return errSymbols
	}
	for rest := body; len(rest) > 0; {
		f, after, err := nextField(rest)
		if err != nil {
			return err
		}
		rest = after
		if f.tag == tagSeriesV2 {
			if err := r.walkSeries(f.data, sink); err != nil {
				return err
			}
		}
	}
	return nil
}

// walkSeries walks one TimeSeries.
func (r *requestV2) walkSeries(message []byte, sink sink) error {
	samples, err := r.collectRefs(message)
	if err != nil {
		return err
	}
	err = r.buildKey()
	switch {
	case isLabelError(err):
		sink.badSeries(err, samples)
		return nil
	case err != nil:
		return err
	case samples == 0:
		sink.badSeries(badLabels("a series without samples: %s", r.labelText()), 0)
		return nil
	}
	if err := sink.series(r.key); err != nil {
		return err
	}
	for rest := message; len(rest) > 0; {
		f, after, err := nextField(rest)
		if err != nil {
			return err
		}
		rest = after
		switch f.tag {
		case tagSample:
			err = walkSample(f.data, sink)
		case tagHistogramV2:
			err = walkHistogramV2(f.data, sink)
		case tagExemplarV2:
			err = r.walkExemplar(f.data, sink)
		case tagMetadataV2:
			err = r.walkMetadata(f.data, sink)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// collectRefs reads the series' references into the symbols, pairs of name and value, and counts its
// samples and histograms.
func (r *requestV2) collectRefs(message []byte) (samples int, err error) {
	r.refs = r.refs[:0]
	for len(message) > 0 {
		f, rest, err := nextField(message)
		if err != nil {
			return 0, err
		}
		message = rest
		if f.tag == tagSample || f.tag == tagHistogramV2 {
			samples++
		}
		if f.tag != tagRefsV2 && f.tag != tagRefV2 {
			continue
		}
		for data := f.data; len(data) > 0; {
			ref, n := uvarint(data)
			if n <= 0 {
				return 0, errWire
			}
			data = data[n:]
			r.refs = append(r.refs, uint32(min(ref, math.MaxUint32)))
		}
	}
	return samples, nil
}

// buildKey puts the labels that refs name into key. They are checked before: a long symbol that is
// named many times would make a key far larger than the request.
func (r *requestV2) buildKey() error {
	if len(r.refs)%2 != 0 {
		return fmt.Errorf("%w: %d label references are not pairs of name and value", errSymbols, len(r.refs))
	}
	if len(r.refs)/2 > r.limits.LabelsPerSeries {
		return badLabels("more than %d labels", r.limits.LabelsPerSeries)
	}
	r.key = r.key[:0]
	for i := 0; i < len(r.refs); i += 2 {
		name, value := r.refs[i], r.refs[i+1]
		if int(max(name, value)) >= len(r.symbols) {
			return fmt.Errorf("%w: label reference %d of %d symbols", errSymbols, max(name, value), len(r.symbols))
		}
		if len(r.symbols[name]) > r.limits.LabelNameBytes || len(r.symbols[value]) > r.limits.LabelValueBytes {
			return badLabels("label %.60q is longer than %d bytes, or its value than %d", r.symbols[name], r.limits.LabelNameBytes, r.limits.LabelValueBytes)
		}
		r.key = appendLabel(r.key, r.symbols[name], r.symbols[value])
	}
	return nil
}

// labelText is the series at hand for people.
func (r *requestV2) labelText() string {
	set, err := r.limits.parseLabels(r.key)
	if err != nil {
		return err.Error()
	}
	return set.String()
}

// walkExemplar decodes an exemplar.
func (r *requestV2) walkExemplar(message []byte, sink sink) error {
	var exemplar writev2.Exemplar
	if err := exemplar.Unmarshal(message); err != nil {
		return errWire
	}
	builder := labels.NewScratchBuilder(len(exemplar.LabelsRefs) / 2)
	e, err := exemplar.ToExemplar(&builder, r.symbols)
	if err != nil {
		return fmt.Errorf("%w: exemplar: %w", errSymbols, err)
	}
	return sink.exemplar(e)
}

// walkMetadata decodes what the series' metric is.
func (r *requestV2) walkMetadata(message []byte, sink sink) error {
	var series writev2.TimeSeries
	if err := series.Metadata.Unmarshal(message); err != nil {
		return errWire
	}
	m, err := series.ToMetadata(r.symbols)
	if err != nil {
		return fmt.Errorf("%w: %w", errSymbols, err)
	}
	if m.IsEmpty() {
		return nil
	}
	// The texts are views into the body, which the store outlives.
	return sink.metadata(metadata.Metadata{Type: m.Type, Unit: strings.Clone(m.Unit), Help: strings.Clone(m.Help)})
}

// walkHistogramV2 decodes a native histogram.
func walkHistogramV2(message []byte, sink sink) error {
	var h writev2.Histogram
	if err := h.Unmarshal(message); err != nil {
		return errWire
	}
	s := tsdb.Sample{TimeMS: h.Timestamp, StartMS: h.StartTimestamp}
	if h.IsFloatHistogram() {
		s.FloatHistogram = h.ToFloatHistogram()
	} else {
		s.Histogram = h.ToIntHistogram()
	}
	return sink.histogram(s)
}
