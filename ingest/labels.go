package ingest

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/prometheus/prometheus/model/labels"
	"google.golang.org/protobuf/encoding/protowire"
)

// labelError says why a label set is not stored. It is the sender's mistake, and sending it again
// does not help.
type labelError struct{ reason string }

func (e *labelError) Error() string { return e.reason }

func badLabels(format string, args ...any) error {
	return &labelError{fmt.Sprintf(format, args...)}
}

// parseLabels decodes a series key: Label messages in the wire form of remote write 1.0, each behind
// its tag. The result is sorted and owns its memory. Labels with an empty value count as absent, as
// in Prometheus. Errors are *labelError, or errWire.
func (l Limits) parseLabels(key []byte) (labels.Labels, error) {
	builder := labels.NewScratchBuilder(16)
	count := 0
	for len(key) > 0 {
		f, rest, err := nextField(key)
		if err != nil || f.tag != tagLabel {
			return labels.EmptyLabels(), errWire
		}
		key = rest
		name, value, err := decodeLabel(f.data)
		if err != nil {
			return labels.EmptyLabels(), err
		}
		if count++; count > l.LabelsPerSeries {
			return labels.EmptyLabels(), badLabels("more than %d labels", l.LabelsPerSeries)
		}
		if err := l.checkLabel(name, value); err != nil {
			return labels.EmptyLabels(), err
		}
		if len(value) > 0 {
			builder.Add(string(name), string(value))
		}
	}
	// The protocols ask senders to sort; sorting here costs a sender's mistake nothing.
	builder.Sort()
	set := builder.Labels()
	return set, checkSet(set)
}

// decodeLabel reads a Label message; name and value are views into it.
func decodeLabel(message []byte) (name, value []byte, err error) {
	for len(message) > 0 {
		var f field
		if f, message, err = nextField(message); err != nil {
			return nil, nil, err
		}
		switch f.tag {
		case tagName:
			name = f.data
		case tagValue:
			value = f.data
		}
	}
	return name, value, nil
}

// checkLabel checks one label against the limits and for UTF-8.
func (l Limits) checkLabel(name, value []byte) error {
	switch {
	case len(name) == 0:
		return badLabels("a label has no name (its value is %.60q)", value)
	case len(name) > l.LabelNameBytes:
		return badLabels("label name %.60q… is longer than %d bytes", name, l.LabelNameBytes)
	case len(value) > l.LabelValueBytes:
		return badLabels("the value of label %q is longer than %d bytes", name, l.LabelValueBytes)
	case !utf8.Valid(name):
		return badLabels("label name %.60q is not valid UTF-8", name)
	case !utf8.Valid(value):
		return badLabels("the value of label %q is not valid UTF-8: %.60q", name, value)
	}
	return nil
}

// checkSet checks a sorted label set as a whole.
func checkSet(set labels.Labels) error {
	if name, twice := set.HasDuplicateLabelNames(); twice {
		return badLabels("label %q is there twice in %s", name, set)
	}
	if !set.Has(labels.MetricName) {
		return badLabels("no metric name (label %s) in %s", labels.MetricName, set)
	}
	return nil
}

// isLabelError reports whether err is the sender's mistake in one series.
func isLabelError(err error) bool {
	var bad *labelError
	return errors.As(err, &bad)
}

// appendLabel appends one label to a series key.
func appendLabel(key []byte, name, value string) []byte {
	size := 2 + protowire.SizeBytes(len(name)) + protowire.SizeBytes(len(value))
	key = append(key, tagLabel)
	key = protowire.AppendVarint(key, uint64(size))
	key = append(key, tagName)
	key = protowire.AppendVarint(key, uint64(len(name)))
	key = append(key, name...)
	key = append(key, tagValue)
	key = protowire.AppendVarint(key, uint64(len(value)))
	return append(key, value...)
}
