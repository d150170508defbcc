package tsdb

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/neuroweaver/heddle/tsdb/codec"
	"github.com/neuroweaver/heddle/tsdb/index"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// recorder writes down what a frame holds, as a frame again.
type recorder struct{ entries []byte }

func (r *recorder) seriesEntry(record index.EncodedRecord) error {
	r.entries = appendSeriesEntry(r.entries, record.Record())
	return nil
}

func (r *recorder) reserveEntry(last uint32) { r.entries = appendReserveEntry(r.entries, last) }

func (r *recorder) rowEntry(row *logRow) error {
	r.entries = appendRowEntry(r.entries, row)
	return nil
}

func (r *recorder) exemplarEntry(id SeriesID, e exemplar.Exemplar) error {
	r.entries = appendExemplarEntry(r.entries, new(codec.Encoder), id, e)
	return nil
}

func (r *recorder) metadataEntry(metric string, m metadata.Metadata) error {
	r.entries = appendMetadataEntry(r.entries, metric, m)
	return nil
}

func testHistogram() *histogram.Histogram {
	return &histogram.Histogram{
		CounterResetHint: histogram.CounterReset, Schema: 2, ZeroThreshold: 0.01, ZeroCount: 3, Count: 15, Sum: -2.5,
		PositiveSpans:   []histogram.Span{{Offset: -3, Length: 2}, {Offset: 1, Length: 1}},
		NegativeSpans:   []histogram.Span{{Offset: 4, Length: 1}},
		PositiveBuckets: []int64{2, 1, 3}, NegativeBuckets: []int64{1},
	}
}

// testFrames are frames with each kind of entry.
func testFrames() [][]byte {
	custom := &histogram.FloatHistogram{
		Schema: histogram.CustomBucketsSchema, Count: 3, Sum: 7, CustomValues: []float64{1, 2.5},
		PositiveSpans: []histogram.Span{{Length: 3}}, PositiveBuckets: []float64{1, 0, 2},
	}
	rows := []logRow{
		{group: 1, timeMS: 1767323045000, columns: []uint16{0, 1, 2}, values: []float64{0, 42, 0.5}},
		{group: 70000, timeMS: -5, columns: []uint16{9, 3, 1023}, values: []float64{math.Copysign(0, -1), math.NaN(), -1 << 53}},
		{group: 2, timeMS: 7, columns: []uint16{0, 4}, values: []float64{-2.5, 1}, hists: []histogramValue{{integer: testHistogram()}, {}}, starts: []int64{6, 0}},
		{group: 2, timeMS: 8, columns: []uint16{0}, values: []float64{7}, hists: []histogramValue{{float: custom}}},
	}
	var all []byte
	series := []index.Record{
		{ID: 7, Group: 3, Column: 2, Labels: labels.FromStrings("__name__", "up", "job", "a")},
		{ID: 8, Group: 3, Column: 0, Labels: labels.FromStrings("__name__", "down", "job", "a")},
	}
	all = appendSeriesEntry(appendSeriesEntry(all, series[0]), series[1])
	next := appendNextSeriesEntry(appendNextSeriesEntry(nil, index.Record{}, series[0]), series[0], series[1])
	whole := len(all)
	for i := range rows {
		all = appendRowEntry(all, &rows[i])
	}
	all = appendExemplarEntry(all, new(codec.Encoder), 7, exemplar.Exemplar{Labels: labels.FromStrings("trace_id", "0af7"), Value: 3, Ts: 9, HasTs: true})
	all = appendReserveEntry(all, 77)
	all = appendMetadataEntry(all, "up", metadata.Metadata{Type: "gauge", Unit: "u", Help: "h"})
	encoder, err := newEntryEncoder()
	if err != nil {
		panic(err)
	}
	next = append(next, all[whole:]...)
	return [][]byte{all, next, appendCompressedEntry(nil, encoder, all), appendCompressedEntry(nil, encoder, next)}
}

func TestLogEntriesComeBack(t *testing.T) {
	want := testFrames()[0]
	for i, frame := range testFrames() {
		var got recorder
		if err := new(logDecoder).decode(frame, &got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.entries, want) {
			t.Fatalf("frame %d came back differently", i)
		}
	}
}

// FuzzLogEntries: a frame is refused, or it is what writing its entries gives again.
func FuzzLogEntries(f *testing.F) {
	for _, frame := range testFrames() {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		var first, second recorder
		if new(logDecoder).decode(frame, &first) != nil {
			return
		}
		if err := new(logDecoder).decode(first.entries, &second); err != nil || !bytes.Equal(first.entries, second.entries) {
			t.Fatalf("read %x, wrote %x, read again %x: %v", frame, first.entries, second.entries, err)
		}
	})
}

func testGroupBlock(tb testing.TB, tier codec.Tier) []byte {
	columns := []seriesColumn{
		{series: 5, column: column{times: []int64{1000, 2000, 3000}, values: []float64{1, 2, 3}}},
		{series: 9, column: column{times: []int64{1000, 3000}, values: []float64{0.1, math.NaN()}, starts: []int64{1, 2}}},
		{series: 6, column: column{times: []int64{2000}, values: []float64{-2.5}, hists: []histogramValue{{integer: testHistogram()}}}},
	}
	data, err := new(groupBuilder).fromColumns(nil, columns, tier)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// FuzzGroupBlock: any bytes are refused or read, within the bounds that they claim.
func FuzzGroupBlock(f *testing.F) {
	f.Add(testGroupBlock(f, codec.Hot))
	f.Add(testGroupBlock(f, codec.Cold))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := openGroupBlock(data)
		if err != nil {
			if !errors.Is(err, errGroupBlock) {
				t.Fatal(err)
			}
			return
		}
		for i, id := range g.series {
			c, err := g.decode(i)
			if err != nil {
				if !errors.Is(err, errGroupBlock) {
					t.Fatal(err)
				}
				continue
			}
			if len(c.values) != len(c.times) {
				t.Fatalf("series %d: %d values at %d times", id, len(c.values), len(c.times))
			}
		}
	})
}

// FuzzBlockFile: any file is refused with its name, or opened and read.
func FuzzBlockFile(f *testing.F) {
	fs := vfs.NewMem()
	if err := fs.MkdirAll("blocks"); err != nil {
		f.Fatal(err)
	}
	w, err := newBlockWriter(fs, "blocks", 1)
	if err != nil {
		f.Fatal(err)
	}
	w.meta.replaces = []int{3, 4}
	for group := range groupID(3) {
		err := w.add(group+1, section{data: testGroupBlock(f, codec.Hot), mint: 1000, maxt: 3000, samples: 6, rows: 3})
		if err != nil {
			f.Fatal(err)
		}
	}
	if err := w.finish(); err != nil {
		f.Fatal(err)
	}
	whole, err := vfs.ReadFile(fs, blockPath("blocks", 1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:50])
	directory := appendDirectory(nil, blockMeta{level: 1, mint: 1, maxt: 9, samples: 4}, []blockEntry{{group: 1, length: 4, mint: 1, maxt: 9, samples: 4, rows: 4}})
	f.Add(appendFooter(append([]byte(blockMagic+"datacrc!"), directory...), 16, directory))
	f.Fuzz(func(t *testing.T, data []byte) {
		fs := vfs.NewMem()
		if err := fs.MkdirAll("blocks"); err != nil {
			t.Fatal(err)
		}
		file, _ := fs.Create(blockPath("blocks", 1))
		file.Write(data)
		b, err := openBlock(fs, "blocks", 1, newGroupCache(groupCacheBytes))
		var corrupt *CorruptionError
		if err != nil {
			if !errors.As(err, &corrupt) {
				t.Fatal(err)
			}
			return
		}
		for _, e := range b.entries {
			if _, err := b.column(e, 5); err != nil && !errors.As(err, &corrupt) {
				t.Fatal(err)
			}
		}
		again, entries, err := readDirectory(appendDirectory(nil, b.meta, b.entries), directoryOffset(b))
		if err != nil || !reflect.DeepEqual(again, b.meta) || !reflect.DeepEqual(entries, b.entries) {
			t.Fatalf("directory does not come back: %v", err)
		}
	})
}

func directoryOffset(b *block) int64 {
	at := int64(len(blockMagic))
	for _, e := range b.entries {
		at += int64(e.length) + 4
	}
	return at
}
