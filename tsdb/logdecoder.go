package tsdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/neuroweaver/heddle/tsdb/codec"
	"github.com/neuroweaver/heddle/tsdb/index"
)

var (
	errEntry   = errors.New("unreadable log entry")
	errUnknown = errors.New("unknown kind of log entry")
)

// logVisitor receives what a frame holds. The row is valid during the call.
type logVisitor interface {
	seriesEntry(index.EncodedRecord) error
	reserveEntry(last uint32)
	rowEntry(*logRow) error
	exemplarEntry(SeriesID, exemplar.Exemplar) error
	metadataEntry(metric string, m metadata.Metadata) error
}

// logDecoder reads frames. It keeps its memory between rows; the zero value is ready.
type logDecoder struct {
	src []byte
	err error
	row logRow

	series index.EncodedRecord // the last of the frame
}

// decode gives every entry of a frame to v.
func (d *logDecoder) decode(frame []byte, v logVisitor) error {
	d.src, d.err, d.series = frame, nil, index.EncodedRecord{}
	if len(frame) > 0 && entryKind(frame[0]) == entryCompressed {
		d.src = frame[1:]
		packed := d.bytes()
		if d.err != nil || len(d.src) > 0 {
			return errEntry
		}
		entries, err := unpackEntries(packed)
		if err != nil {
			return err
		}
		d.src = entries
	}
	for len(d.src) > 0 && d.err == nil {
		kind := entryKind(d.src[0])
		d.src = d.src[1:]
		switch kind {
		case entrySeries:
			record, n, err := index.ReadRecord(d.src)
			if err != nil {
				return err
			}
			d.src, d.series = d.src[n:], record
			d.err = v.seriesEntry(record)
		case entryNextSeries:
			record, n, err := index.ReadNextRecord(d.src, d.series)
			if err != nil {
				return err
			}
			d.src, d.series = d.src[n:], record
			d.err = v.seriesEntry(record)
		case entryRow:
			if d.readRow(); d.err == nil {
				d.err = v.rowEntry(&d.row)
			}
		case entryExemplars:
			id := SeriesID(d.uvarint(math.MaxUint32))
			encoded := d.bytes()
			if d.err != nil {
				break
			}
			exemplars, err := codec.DecodeExemplars(nil, encoded)
			if err != nil {
				return err
			}
			for _, e := range exemplars {
				d.err = errors.Join(d.err, v.exemplarEntry(id, e))
			}
		case entryMetadata:
			metric, kind, unit, help := d.string(), d.string(), d.string(), d.string()
			if d.err == nil {
				d.err = v.metadataEntry(metric, newMetadata(kind, unit, help))
			}
		case entryReserve:
			if last := d.uvarint(math.MaxUint32); d.err == nil {
				v.reserveEntry(uint32(last))
			}
		default:
			return fmt.Errorf("%w: %d", errUnknown, kind)
		}
	}
	return d.err
}

func (d *logDecoder) readRow() {
	r := &d.row
	r.group = groupID(d.uvarint(math.MaxUint32))
	r.timeMS = d.varint()
	flags := d.byte()
	count := int(d.uvarint(maxColumns))
	if flags >= rowStarts<<1 || count == 0 {
		d.fail()
	}
	if d.err != nil {
		return
	}
	r.columns, r.values, r.hists, r.starts = r.columns[:0], r.values[:0], nil, nil
	next := int64(0)
	for i := range count {
		if flags&rowPrefix != 0 {
			r.columns = append(r.columns, uint16(i))
			continue
		}
		next += d.varint()
		if next < 0 || next >= maxColumns {
			d.fail()
			return
		}
		r.columns = append(r.columns, uint16(next))
		next++
	}
	d.readValues(count)
	if flags&rowStarts != 0 {
		r.starts = make([]int64, count)
		for i := range r.starts {
			r.starts[i] = d.varint()
		}
	}
	if flags&rowHists != 0 {
		r.hists = make([]histogramValue, count)
		for i := range r.hists {
			if d.byte() != 0 {
				r.hists[i] = d.readHistogram()
			}
		}
	}
}

func (d *logDecoder) readValues(count int) {
	size := (count + 3) / 4
	if d.err != nil || len(d.src) < size {
		d.fail()
		return
	}
	kinds, src := d.src[:size], d.src[size:]
	values := d.row.values
	for i := range count {
		switch kinds[i/4] >> (i % 4 * 2) & 3 {
		case valueZero:
			values = append(values, 0)
		case valueInteger:
			k, n := binary.Varint(src)
			if n <= 0 {
				d.fail()
				return
			}
			src = src[n:]
			values = append(values, float64(k))
		case valueBits:
			if len(src) < 8 {
				d.fail()
				return
			}
			values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(src)))
			src = src[8:]
		default:
			d.fail()
			return
		}
	}
	d.row.values, d.src = values, src
}

func (d *logDecoder) fail() {
	if d.err == nil {
		d.err = errEntry
	}
}

func (d *logDecoder) byte() byte {
	if d.err != nil || len(d.src) == 0 {
		d.fail()
		return 0
	}
	b := d.src[0]
	d.src = d.src[1:]
	return b
}

func (d *logDecoder) uvarint(most uint64) uint64 {
	v, n := binary.Uvarint(d.src)
	if d.err != nil || n <= 0 || v > most {
		d.fail()
		return 0
	}
	d.src = d.src[n:]
	return v
}

func (d *logDecoder) varint() int64 {
	v, n := binary.Varint(d.src)
	if d.err != nil || n <= 0 {
		d.fail()
		return 0
	}
	d.src = d.src[n:]
	return v
}

func (d *logDecoder) bytes() []byte {
	length := d.uvarint(uint64(len(d.src)))
	if d.err != nil || length > uint64(len(d.src)) {
		d.fail()
		return nil
	}
	b := d.src[:length:length]
	d.src = d.src[length:]
	return b
}

func (d *logDecoder) string() string { return string(d.bytes()) }
