package interchange_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/tsdb"
	"github.com/neuroweaver/heddle/tsdb/interchange"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// nowMS is the time of the tests: the first of January 2026.
const nowMS = 1_767_225_600_000

func newStore(t testing.TB) *tsdb.DB {
	t.Helper()
	db, err := tsdb.Open("data", tsdb.Options{
		FS: vfs.NewMem(), Retention: interchange.OutOfOrder, OutOfOrder: interchange.OutOfOrder,
		Now: func() time.Time { return time.UnixMilli(nowMS) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func exporterOf(db *tsdb.DB) *interchange.Exporter {
	return &interchange.Exporter{DB: db, FromMS: math.MinInt64, ToMS: math.MaxInt64}
}

// contents writes all samples of a store, a line each, with every bit.
func contents(t testing.TB, db *tsdb.DB) string {
	t.Helper()
	querier, err := db.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer querier.Close()
	var out strings.Builder
	set := querier.Select(context.Background(), true, nil, labels.MustNewMatcher(labels.MatchRegexp, "model", ".*"))
	for set.Next() {
		it := set.At().Iterator(nil)
		for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
			fmt.Fprintf(&out, "%s %d from %d ", set.At().Labels(), it.AtT(), it.AtST())
			switch kind {
			case chunkenc.ValFloat:
				_, v := it.At()
				fmt.Fprintf(&out, "%x\n", math.Float64bits(v))
			case chunkenc.ValHistogram:
				_, h := it.AtHistogram(nil)
				h.CounterResetHint = histogram.UnknownCounterReset
				fmt.Fprintf(&out, "%+v\n", *h)
			case chunkenc.ValFloatHistogram:
				_, h := it.AtFloatHistogram(nil)
				h.CounterResetHint = histogram.UnknownCounterReset
				fmt.Fprintf(&out, "%+v\n", *h)
			}
		}
		if err := it.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func importText(t testing.TB, db *tsdb.DB, text string, format interchange.TextFormat, oldestMS int64) (interchange.Report, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "samples.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	importer := &interchange.Importer{DB: db, OldestMS: oldestMS}
	err := importer.Text(t.Context(), path, format)
	return importer.Report(), err
}

// TestEverySampleIsAccountedFor: what is not appended is a duplicate or refused, with the reason.
func TestEverySampleIsAccountedFor(t *testing.T) {
	text := `up{model="a"} 1 1767225000
up{model="a"} 1 1767225000
up{model="a"} 2 1767225000
up{model="a"} 1 1767224000
up{model="a"} 1 1600000000
up{model="a"} 1 1500000000.5
up{model="a"} 1 1867225000
up{model="b"} 7
# EOF
`
	report, err := importText(t, newStore(t), text, interchange.OpenMetrics, 1_700_000_000_000)
	if err != nil {
		t.Fatal(err)
	}
	refused := map[tsdb.Reason]int{}
	for _, r := range report.Refused {
		refused[r.Reason] = r.Count
		if !strings.Contains(r.Example, `model="`) {
			t.Errorf("%s: the example is %q", r.Reason, r.Example)
		}
	}
	want := map[tsdb.Reason]int{tsdb.Conflict: 1, tsdb.TooOld: 2, tsdb.TooFarAhead: 1, interchange.NoTimestamp: 1}
	if fmt.Sprint(refused) != fmt.Sprint(want) || report.Appended != 2 || report.Duplicates != 1 {
		t.Errorf("refused %v, want %v; %+v", refused, want, report)
	}
	if report.OldestRefusedMS != 1_500_000_000_500 {
		t.Errorf("the oldest is of %d", report.OldestRefusedMS)
	}
}

func TestMistakesInTextHaveAPlace(t *testing.T) {
	const good = "up{model=\"a\"} 1 1767225000\n"
	for name, c := range map[string]struct {
		text   string
		format interchange.TextFormat
		offset int64
		says   string
	}{
		"cut off":          {good, interchange.OpenMetrics, int64(len(good)), "cut off"},
		"more behind":      {good + "# EOF\n" + good, interchange.OpenMetrics, int64(len(good)) + 6, "line 3"},
		"no value":         {good + "up{model=\"a\"}\n# EOF\n", interchange.OpenMetrics, int64(len(good)), "line 2"},
		"no label value":   {good + "up{model=} 1 1\n", interchange.PrometheusText, int64(len(good)), "line 2"},
		"open quotes":      {good + "up{model=\"a} 1 1\n# EOF\n", interchange.OpenMetrics, int64(len(good)), "line 2"},
		"time is no time":  {good + "up 1 1e300\n# EOF\n", interchange.OpenMetrics, int64(len(good)), "line 2"},
		"time is not read": {good + "up 1 yesterday\n", interchange.PrometheusText, int64(len(good)), "line 2"},
		"long line":        {good + "up{model=\"" + strings.Repeat("x", 1<<20) + "\"} 1 1\n# EOF\n", interchange.OpenMetrics, int64(len(good)), "longer"},
		"binary":           {good + "\x00\xff\xfe\n# EOF\n", interchange.OpenMetrics, int64(len(good)), "line 2"},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := importText(t, newStore(t), c.text, c.format, math.MinInt64)
			damage := (*tsdb.CorruptionError)(nil)
			if !errors.As(err, &damage) || damage.Offset != c.offset || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one at offset %d that says %q", err, c.offset, c.says)
			}
			if report.Appended != 1 {
				t.Errorf("%d samples before the mistake were kept", report.Appended)
			}
		})
	}
}

// TestTextRoundTrip: what text can carry comes back bit for bit, with type, help and unit.
func TestTextRoundTrip(t *testing.T) {
	source := newStore(t)
	text := `# TYPE requests counter
# HELP requests Requests, "all" of them.\nEach counts \\ once.
requests_total{model="a\"b\\c\nd"} 1 1767225000.001
requests_total{model="a\"b\\c\nd"} 2 1767225000.002
# TYPE latency_seconds gauge
# UNIT latency_seconds seconds
latency_seconds{model="é"} -0 1767225000.123
latency_seconds{model="é"} 5e-324 1767225000.124
latency_seconds{model="é"} 1.7976931348623157e+308 1767225000.125
latency_seconds{model="é"} +Inf 1767225000.126
latency_seconds{model="é"} -Inf 1767225000.127
latency_seconds{model="é"} NaN 1767225000.128
latency_seconds{model="é"} 0.1 -1.5
{"a metric.with dots","a label"="x",model="y"} 3 1767225000
bare 3 1767225000.999
# EOF
`
	report, err := importText(t, source, text, interchange.OpenMetrics, math.MinInt64)
	if err != nil || report.Appended != 11 || len(report.Refused) > 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	var written bytes.Buffer
	if err := exporterOf(source).Text(t.Context(), &written); err != nil {
		t.Fatal(err)
	}
	copied := newStore(t)
	if _, err := importText(t, copied, written.String(), interchange.OpenMetrics, math.MinInt64); err != nil {
		t.Fatalf("%v in\n%s", err, written.String())
	}
	if got, want := contents(t, copied), contents(t, source); got != want || strings.Count(want, "\n") != 11 {
		t.Errorf("read back:\n%s\nwant\n%s\nthe text is\n%s", got, want, written.String())
	}
	about := fmt.Sprint(source.Metadata("", 0))
	if got := fmt.Sprint(copied.Metadata("", 0)); got != about || !strings.Contains(about, "seconds") || !strings.Contains(about, "counter") {
		t.Errorf("metadata %s, want %s", got, about)
	}
}

// TestTimesInText: every millisecond comes back, from readers that round and from those that cut off.
func TestTimesInText(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	source := newStore(t)
	appender := source.Appender(time.UnixMilli(nowMS))
	id, err := appender.Series(labels.FromStrings(labels.MetricName, "m", "model", "a"))
	if err != nil {
		t.Fatal(err)
	}
	for ms := int64(nowMS - 2_000_000); ms < nowMS; ms += 1 + random.Int64N(200) {
		appender.Sample(id, ms, float64(ms))
	}
	if _, err := appender.Commit(); err != nil {
		t.Fatal(err)
	}
	var written bytes.Buffer
	if err := exporterOf(source).Text(t.Context(), &written); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(written.String()) {
		var ms, seconds float64
		if n, _ := fmt.Sscanf(line, `m{model="a"} %g %g`, &ms, &seconds); n == 2 && (int64(seconds*1000) != int64(ms) || int64(math.Round(seconds*1000)) != int64(ms)) {
			t.Fatalf("%s is read as %d and %d", line, int64(seconds*1000), int64(math.Round(seconds*1000)))
		}
	}
	copied := newStore(t)
	if _, err := importText(t, copied, written.String(), interchange.OpenMetrics, math.MinInt64); err != nil {
		t.Fatal(err)
	}
	if contents(t, copied) != contents(t, source) {
		t.Error("other samples came back")
	}
}

// integerHistogram is a native histogram that grows with n.
func integerHistogram(n int64) *histogram.Histogram {
	return &histogram.Histogram{
		Schema: 1, ZeroThreshold: 0.001, ZeroCount: uint64(n), Count: uint64(4*n + 6), Sum: float64(n) * 1.3,
		PositiveSpans:   []histogram.Span{{Offset: -2, Length: 2}, {Offset: 3, Length: 1}},
		PositiveBuckets: []int64{n + 1, 1, 0},
		NegativeSpans:   []histogram.Span{{Offset: int32(n / 100), Length: 1}},
		NegativeBuckets: []int64{1},
	}
}

// writeBlock exports a block with samples of every kind and returns its directory.
func writeBlock(t testing.TB) (dir, want string) {
	t.Helper()
	db := newStore(t)
	appender := db.Appender(time.UnixMilli(nowMS))
	for s := range 4 {
		id, err := appender.Series(labels.FromStrings(labels.MetricName, fmt.Sprintf("m%d", s), "model", "a"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range int64(300) {
			at := nowMS - 3_600_000 + 1000*i
			switch s {
			case 0:
				appender.Sample(id, at, float64(i*i)/7)
			case 1:
				appender.Append(id, tsdb.Sample{TimeMS: at, StartMS: nowMS - 7_200_000, Value: float64(i)})
			case 2:
				appender.Histogram(id, at, integerHistogram(i), nil)
			case 3:
				appender.Histogram(id, at, nil, integerHistogram(i).ToFloat(nil))
			}
		}
	}
	if _, err := appender.Commit(); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := exporterOf(db).Blocks(context.Background(), dir, 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	blocks, err := interchange.FindBlocks(dir)
	if err != nil || len(blocks) != 1 {
		t.Fatal(blocks, err)
	}
	return blocks[0], contents(t, db)
}

// blockFiles are the files of a block, any of which may be damaged.
var blockFiles = []string{"meta.json", "index", "chunks/000001", "tombstones"}

// checkDamage imports a block whose file was changed: all of it comes, or an error names the file.
func checkDamage(t testing.TB, dir, file string, content []byte, want string) {
	t.Helper()
	path := filepath.Join(dir, file)
	original, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.WriteFile(path, original, 0o600); err != nil {
			t.Fatal(err)
		}
	}()
	db := newStore(t)
	importer := &interchange.Importer{DB: db, OldestMS: math.MinInt64}
	err = importer.Block(context.Background(), dir)
	damage := (*tsdb.CorruptionError)(nil)
	switch {
	case err == nil:
		if got := contents(t, db); got != want {
			t.Errorf("%s was changed and other samples came", file)
		}
	case !errors.As(err, &damage) || !strings.HasPrefix(damage.File, dir):
		t.Errorf("%s was changed: %v names no damage", file, err)
	}
}

func TestDamagedBlock(t *testing.T) {
	dir, want := writeBlock(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for _, file := range blockFiles[1:] { // a changed meta.json is another one
		whole, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		checkDamage(t, dir, file, whole, want)
		for range 60 {
			flipped := bytes.Clone(whole)
			flipped[random.IntN(len(whole))] ^= 1 << random.IntN(8)
			checkDamage(t, dir, file, flipped, want)
			checkDamage(t, dir, file, whole[:random.IntN(len(whole))], want)
		}
	}
	checkDamage(t, dir, "meta.json", []byte(`{"version":1,`), want)
	checkDamage(t, dir, "meta.json", []byte(`{"version":7}`), want)
}

// FuzzBlock puts any bytes over a part of any file of a block.
func FuzzBlock(f *testing.F) {
	dir, want := writeBlock(f)
	f.Add(uint8(1), uint16(3), []byte("x"), false)
	f.Add(uint8(2), uint16(8), []byte("\xff\xff\xff\xff\xff"), true)
	f.Fuzz(func(t *testing.T, file uint8, at uint16, patch []byte, cut bool) {
		name := blockFiles[1+int(file)%(len(blockFiles)-1)]
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		offset := int(at) % len(content)
		n := copy(content[offset:], patch)
		if cut {
			content = content[:offset+n]
		}
		checkDamage(t, dir, name, content, want)
	})
}

// FuzzText reads any text: it is refused with a place, or what is stored can be written and read again.
func FuzzText(f *testing.F) {
	f.Add("# TYPE a counter\na_total{b=\"c\"} 1 2.5 # {x=\"y\"} 3 4\n# EOF\n", true)
	f.Add("# HELP a b\na{b=\"c\"} 1 2500\n", false)
	f.Add("{\"a b\",c=\"d\"} NaN 1\n# EOF\n", true)
	f.Fuzz(func(t *testing.T, text string, open bool) {
		format := interchange.PrometheusText
		if open {
			format = interchange.OpenMetrics
		}
		db := newStore(t)
		_, err := importText(t, db, text, format, math.MinInt64)
		if damage := (*tsdb.CorruptionError)(nil); err != nil && (!errors.As(err, &damage) || damage.Offset > int64(len(text))) {
			t.Fatalf("%v has no place in the text", err)
		}
		var written bytes.Buffer
		exporter := exporterOf(db)
		if exporter.Text(t.Context(), &written) != nil {
			return // there is nothing
		}
		copied := newStore(t)
		report, err := importText(t, copied, written.String(), interchange.OpenMetrics, math.MinInt64)
		if err != nil || report.Appended != exporter.Report().Samples || contents(t, copied) != contents(t, db) {
			t.Fatalf("%+v, %v; wrote\n%s", report, err, written.String())
		}
	})
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, tsdb.ErrDiskFull }

func TestExportFailures(t *testing.T) {
	db := newStore(t)
	if err := exporterOf(db).Text(t.Context(), new(bytes.Buffer)); err == nil {
		t.Error("an empty store was exported as text")
	}
	dir := t.TempDir()
	if err := exporterOf(db).Blocks(t.Context(), dir, 2*time.Hour); err == nil {
		t.Error("an empty store was exported as blocks")
	}
	if _, err := importText(t, db, "m{model=\"a\"} 1 1767225000\n# EOF\n", interchange.OpenMetrics, 0); err != nil {
		t.Fatal(err)
	}
	if err := exporterOf(db).Text(t.Context(), fullDisk{}); !errors.Is(err, tsdb.ErrDiskFull) {
		t.Errorf("a full disk: %v", err)
	}
	if err := exporterOf(db).Blocks(t.Context(), dir, time.Hour); err == nil {
		t.Error("a block of an hour was written")
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := exporterOf(db).Blocks(canceled, dir, 2*time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
