package recording

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/ingest"
	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/tsdb"
)

// maxLineBytes bounds one line; a sample with the most labels a store takes is far below.
const maxLineBytes = 1 << 20

// eachLine calls read with each line that is not empty, and adds its number to an error.
func eachLine(r io.Reader, read func(line []byte) error) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 64<<10), maxLineBytes)
	for n := 1; scanner.Scan(); n++ {
		if len(scanner.Bytes()) == 0 {
			continue
		}
		if err := read(scanner.Bytes()); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return scanner.Err()
}

// sampleLine is one sample: {"metric":"m","labels":{"model":"a"},"ts_ms":1767571215000,"value":3}, and
// deliver_ms where it did not arrive at its own time.
type sampleLine struct {
	Metric    string            `json:"metric"`
	Labels    map[string]string `json:"labels"`
	TimeMS    int64             `json:"ts_ms"`
	Value     float64           `json:"value"`
	DeliverMS int64             `json:"deliver_ms"`
}

// errStop ends a reading that nobody listens to any more.
var errStop = fmt.Errorf("stopped")

// Samples reads lines of samples. Lines that follow each other and arrive at one time are one batch.
func Samples(r io.Reader) rules.Recording {
	b := newBuilder()
	return rules.Recording{Labels: b.labels, Batches: func(yield func(*tsdb.Batch, error) bool) {
		arrived := int64(0)
		flush := func() bool {
			batch, ok := b.take(arrived)
			return !ok || yield(batch, nil)
		}
		err := eachLine(r, func(line []byte) error {
			s := sampleLine{}
			if err := json.Unmarshal(line, &s); err != nil {
				return fmt.Errorf("not a sample: %w", err)
			}
			if s.Metric == "" || s.TimeMS == 0 {
				return fmt.Errorf(`a sample needs "metric" and "ts_ms"`)
			}
			at := s.DeliverMS
			if at == 0 {
				at = s.TimeMS
			}
			if at > arrived {
				if !flush() {
					return errStop
				}
				arrived = at
			}
			name := labels.NewBuilder(labels.FromMap(s.Labels)).Set(labels.MetricName, s.Metric).Labels()
			b.add(b.id(name), s.TimeMS, s.Value, nil)
			return nil
		})
		finish(err, flush, yield)
	}}
}

// finish gives out what is left, or the error.
func finish(err error, flush func() bool, yield func(*tsdb.Batch, error) bool) {
	switch err {
	case nil:
		flush()
	case errStop:
	default:
		yield(nil, err)
	}
}

// observationSpacingMS is the time on the data's clock that shares a row: as a server does it under
// load, but coarse enough for months.
const observationSpacingMS = 1000

// Observations reads lines of observations, and makes of them the series that a server makes.
func Observations(r io.Reader) rules.Recording {
	b := newBuilder()
	return rules.Recording{Labels: b.labels, Batches: observations(r, b)}
}

func observations(r io.Reader, b *builder) iter.Seq2[*tsdb.Batch, error] {
	return func(yield func(*tsdb.Batch, error) bool) {
		tally := ingest.NewTally(0, nil)
		emit := func(c *ingest.Column, timeMS int64, v float64) {
			if c.Series == 0 {
				c.Series = b.id(c.Labels)
			}
			b.add(c.Series, timeMS, v, nil)
		}
		arrived, rowBegan := int64(0), int64(0)
		flush := func() bool {
			tally.Flush(emit)
			tally.Commit()
			batch, ok := b.take(arrived)
			return !ok || yield(batch, nil)
		}
		err := eachLine(r, func(line []byte) error {
			o, _, err := ingest.ParseObservation(line)
			if err != nil {
				return err
			}
			at := arrived
			switch {
			case o.DeliverMS != nil:
				at = *o.DeliverMS
			case o.TimeMS != nil:
				at = *o.TimeMS
			}
			if at-rowBegan >= observationSpacingMS {
				if !flush() {
					return errStop
				}
				rowBegan = at
			}
			arrived = max(arrived, at)
			return tally.Add(o, arrived, emit)
		})
		finish(err, flush, yield)
	}
}
