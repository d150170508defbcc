package tsdb_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/tsdb"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// model is a store as plain as can be: what it says is what tsdb.DB must say. A sample is kept as
// text: the bits of a float, or a histogram's own description.
type model struct {
	series map[string]map[int64]string
	newest map[string]int64
}

func newModel() *model {
	return &model{series: map[string]map[int64]string{}, newest: map[string]int64{}}
}

// given is one sample on its way to the store.
type given struct {
	labels labels.Labels
	sample tsdb.Sample
}

func (g given) text() string {
	switch {
	case g.sample.Histogram != nil:
		return integers + histogramText(g.sample.Histogram.ToFloat(nil))
	case g.sample.FloatHistogram != nil:
		return histogramText(g.sample.FloatHistogram)
	}
	return floatText(g.sample.Value)
}

// integers stands before a histogram whose counts are integers: one of floats that counts the same is another
// sample.
const integers = "integers "

func floatText(v float64) string { return strconv.FormatUint(math.Float64bits(v), 16) }

func histogramText(fh *histogram.FloatHistogram) string {
	return fmt.Sprintf("%s schema %d sum %x", fh.TestExpression(), fh.Schema, math.Float64bits(fh.Sum))
}

const (
	testRetention = 24 * time.Hour
	testWindow    = 30 * time.Minute
)

// append applies one request and returns what the store must answer.
func (m *model) append(batch []given, now time.Time) tsdb.Result {
	var want tsdb.Result
	refused := map[tsdb.Reason]int{}
	newest := map[string]int64{}
	for name, ms := range m.newest {
		newest[name] = ms
	}
	fresh := map[string]map[int64]string{}
	for _, g := range batch {
		name, ms := g.labels.String(), g.sample.TimeMS
		last, known := newest[name]
		existing, taken := m.series[name][ms]
		if repeated, is := fresh[name][ms]; is {
			existing, taken = repeated, true
		}
		switch {
		case ms > now.Add(10*time.Minute).UnixMilli():
			refused[tsdb.TooFarAhead]++
		case ms < now.Add(-testRetention).UnixMilli():
			refused[tsdb.TooOld]++
		case taken && fresh[name][ms] == "" && ms < last-testWindow.Milliseconds():
			refused[tsdb.TooOld]++
		case taken && existing == g.text():
			want.Duplicates++
		case taken:
			refused[tsdb.Conflict]++
		case known && ms < last-testWindow.Milliseconds():
			refused[tsdb.TooOld]++
		default:
			if fresh[name] == nil {
				fresh[name] = map[int64]string{}
			}
			fresh[name][ms] = g.text()
			want.Appended++
		}
	}
	for name, samples := range fresh {
		if m.series[name] == nil {
			m.series[name] = map[int64]string{}
			m.newest[name] = math.MinInt64
		}
		for ms, text := range samples {
			m.series[name][ms] = text
			m.newest[name] = max(m.newest[name], ms)
		}
	}
	for reason, n := range refused {
		want.Refused = append(want.Refused, tsdb.Refusal{Reason: reason, Count: n})
	}
	return want
}

// delete deletes the samples of a metric between two times.
func (m *model) delete(name string, mint, maxt int64) {
	for series, samples := range m.series {
		if !strings.Contains(series, fmt.Sprintf("__name__=%q", name)) {
			continue
		}
		for ms := range samples {
			if ms >= mint && ms <= maxt {
				delete(samples, ms)
			}
		}
	}
}

// restart forgets what a store can only know while it runs: the newest time of samples that were
// deleted since.
func (m *model) restart() {
	clear(m.newest)
	for name, samples := range m.series {
		for ms := range samples {
			if newest, known := m.newest[name]; !known || ms > newest {
				m.newest[name] = ms
			}
		}
	}
}

func (m *model) samples() int {
	n := 0
	for _, samples := range m.series {
		n += len(samples)
	}
	return n
}

// sameResult compares counts; examples are for people.
func sameResult(got, want tsdb.Result) bool {
	if got.Appended != want.Appended || got.Duplicates != want.Duplicates || len(got.Refused) != len(want.Refused) {
		return false
	}
	for _, w := range want.Refused {
		found := false
		for _, g := range got.Refused {
			found = found || g.Reason == w.Reason && g.Count == w.Count && g.Example != ""
		}
		if !found {
			return false
		}
	}
	return true
}

// generator makes random requests: targets with shared and with their own timestamps, late and
// repeated samples, contradictions, gaps, special values, native histograms.
type generator struct {
	random   *rand.Rand
	clockNS  atomic.Int64 // the time now; the store's own goroutines read it too
	sent     []given      // a few older ones, to repeat
	requests int          // so far; every 25 of them one target is replaced by a new version of it
}

func newGenerator(seed uint64) *generator {
	g := &generator{random: rand.New(rand.NewPCG(seed, 1))}
	g.clockNS.Store(start.Add(testRetention / 2).UnixNano())
	return g
}

func (g *generator) now() time.Time { return time.Unix(0, g.clockNS.Load()).UTC() }

func (g *generator) series(i int) labels.Labels {
	target := []string{"model", fmt.Sprint("m", i/10), "version", fmt.Sprint((g.requests/25 + i/10) / (modelSeries / 10))}
	if i%10 == 9 {
		return metric("latency_native", target...)
	}
	if i%10 > 5 {
		return metric("latency_bucket", append(target, "le", fmt.Sprint(i%10-5))...)
	}
	return metric(fmt.Sprint("value", i%10), target...)
}

const modelSeries = 40

func (g *generator) value() float64 {
	switch g.random.IntN(12) {
	case 0:
		return math.Float64frombits(value.StaleNaN)
	case 1:
		return math.Copysign(0, -1)
	case 2:
		return math.Inf(1)
	case 3:
		return math.Float64frombits(g.random.Uint64())
	case 4:
		return float64(g.random.IntN(10000)) / 100
	}
	return float64(g.random.IntN(1000))
}

func (g *generator) sample(i int, ms int64) given {
	s := tsdb.Sample{TimeMS: ms}
	if g.random.IntN(8) == 0 {
		s.StartMS = ms - int64(g.random.IntN(100_000))
	}
	switch {
	case i%10 != 9:
		s.Value = g.value()
	case g.random.IntN(3) == 0:
		s.Value = 7 // a series may change its kind
	default:
		count := g.random.Uint64N(50)
		h := &histogram.Histogram{
			Schema: 1, ZeroThreshold: 0.001, ZeroCount: count, Count: 2*count + 5, Sum: float64(count) * 1.5,
			PositiveSpans:   []histogram.Span{{Offset: int32(g.random.IntN(3)), Length: 2}},
			PositiveBuckets: []int64{int64(count), 5 - int64(count)},
		}
		if g.random.IntN(2) == 0 {
			s.FloatHistogram = h.ToFloat(nil)
		} else {
			s.Histogram = h
		}
	}
	return given{g.series(i), s}
}

// request makes the samples of one append.
func (g *generator) request() []given {
	g.clockNS.Add(int64(time.Duration(g.random.IntN(20_000)) * time.Millisecond))
	g.requests++
	nowMS := g.now().UnixMilli()
	var batch []given
	for target := range modelSeries / 10 {
		if g.random.IntN(3) == 0 {
			continue
		}
		ms := nowMS
		switch g.random.IntN(10) {
		case 0:
			ms -= g.random.Int64N(2 * testWindow.Milliseconds())
		case 1:
			ms -= g.random.Int64N(60_000)
		case 2:
			ms += g.random.Int64N(2 * (10 * time.Minute).Milliseconds())
		}
		if g.random.IntN(200) == 0 {
			ms -= 2 * testRetention.Milliseconds()
		}
		for i := target * 10; i < target*10+10; i++ {
			if g.random.IntN(10) == 0 {
				continue
			}
			at := ms
			if g.random.IntN(15) == 0 {
				at -= g.random.Int64N(5000)
			}
			batch = append(batch, g.sample(i, at))
		}
	}
	for range g.random.IntN(4) {
		if len(g.sent) > 0 {
			old := g.sent[g.random.IntN(len(g.sent))]
			if g.random.IntN(3) == 0 {
				old.sample.Value++ // may contradict; on a histogram it means nothing
			}
			batch = append(batch, old)
		}
	}
	if g.random.IntN(3) == 0 {
		g.random.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
	}
	for _, b := range batch {
		if len(g.sent) < 200 {
			g.sent = append(g.sent, b)
		} else if g.random.IntN(10) == 0 {
			g.sent[g.random.IntN(200)] = b
		}
	}
	return batch
}

// send appends a request.
func send(db *tsdb.DB, batch []given) (tsdb.Result, error) {
	a := db.Appender(start)
	for _, g := range batch {
		id, err := a.Series(g.labels)
		if err != nil {
			return tsdb.Result{}, err
		}
		a.Append(id, g.sample)
	}
	return a.Commit()
}

// contents reads the whole store.
func contents(db *tsdb.DB, matchers ...*labels.Matcher) (map[string]map[int64]string, error) {
	q, err := db.Querier(math.MinInt64+2, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	if len(matchers) == 0 {
		matchers = []*labels.Matcher{labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, ".+")}
	}
	all := map[string]map[int64]string{}
	set := q.Select(context.Background(), true, nil, matchers...)
	var it chunkenc.Iterator
	for set.Next() {
		samples := map[int64]string{}
		it = set.At().Iterator(it)
		last := int64(math.MinInt64)
		for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
			ms := it.AtT()
			if ms <= last {
				return nil, fmt.Errorf("%s goes from %d to %d", set.At().Labels(), last, ms)
			}
			last = ms
			if kind == chunkenc.ValFloat {
				_, v := it.At()
				samples[ms] = floatText(v)
				continue
			}
			_, fh := it.AtFloatHistogram(nil)
			fh.CounterResetHint = histogram.UnknownCounterReset
			samples[ms] = histogramText(fh)
			if kind == chunkenc.ValHistogram {
				samples[ms] = integers + samples[ms]
			}
		}
		if it.Err() != nil {
			return nil, it.Err()
		}
		all[set.At().Labels().String()] = samples
	}
	return all, set.Err()
}

// difference describes where got differs from what it must have. Samples that maybe notes may be there
// too.
func difference(got, must map[string]map[int64]string, maybe map[string]map[int64]string) error {
	for name, samples := range must {
		for ms, text := range samples {
			if got[name][ms] != text {
				return fmt.Errorf("%s at %d: got %q, want %q", name, ms, got[name][ms], text)
			}
		}
	}
	for name, samples := range got {
		for ms, text := range samples {
			if must[name][ms] != text && !strings.Contains(maybe[name][ms], "|"+text+"|") {
				return fmt.Errorf("%s at %d: %q was never given", name, ms, text)
			}
		}
	}
	return nil
}

// TestAgainstModel does random things to a store and to the model and compares them. HEDDLE_TSDB_MODEL
// sets for how long ("10m"); HEDDLE_TSDB_SEED repeats one run.
func TestAgainstModel(t *testing.T) {
	duration := 3 * time.Second
	if s := os.Getenv("HEDDLE_TSDB_MODEL"); s != "" {
		var err error
		if duration, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getenv("HEDDLE_TSDB_SEED") != "" {
		runAgainstModel(t, testSeed(t))
		return
	}
	for deadline, seed := time.Now().Add(duration), uint64(time.Now().UnixNano()); time.Now().Before(deadline) && !t.Failed(); seed++ {
		runAgainstModel(t, seed)
	}
}

func runAgainstModel(t *testing.T, seed uint64) {
	fail := func(format string, args ...any) {
		t.Helper()
		t.Fatalf("HEDDLE_TSDB_SEED=%d: %s", seed, fmt.Sprintf(format, args...))
	}
	g, m, fs := newGenerator(seed), newModel(), vfs.NewMem()
	o := tsdb.Options{FS: fs, Retention: testRetention, Now: g.now}
	db, err := tsdb.Open("data", o)
	if err != nil {
		fail("%v", err)
	}
	for step := range 400 {
		switch n := g.random.IntN(100); {
		case n < 88:
			batch := g.request()
			got, err := send(db, batch)
			if want := m.append(batch, g.now()); err != nil || !sameResult(got, want) {
				fail("step %d: got %+v %v, want %+v", step, got, err, want)
			}
		case n < 91:
			err = db.Flush()
		case n < 93:
			err = db.CompactNext()
		case n < 94:
			name, from := fmt.Sprint("value", g.random.IntN(6)), g.now().UnixMilli()-g.random.Int64N(3_600_000)
			to := from + g.random.Int64N(3_600_000)
			m.delete(name, from, to)
			_, err = db.DeleteSeries(context.Background(), from, to, named(name))
		case n < 95:
			err = db.Compact(context.Background())
		case n < 96:
			err = db.Close()
			if err == nil {
				db, err = tsdb.Open("data", o)
			}
			m.restart()
		case n < 97: // kill -9
			m.restart()
			o.FS = fs.Clone()
			err = errors.Join(db.Close())
			if err == nil {
				fs = o.FS.(*vfs.Mem)
				db, err = tsdb.Open("data", o)
			}
		default:
			var got map[string]map[int64]string
			if got, err = contents(db); err == nil {
				err = difference(got, m.series, nil)
			}
		}
		if err != nil {
			fail("step %d: %v", step, err)
		}
	}
	got, err := contents(db)
	if err == nil {
		err = difference(got, m.series, nil)
	}
	if err == nil {
		err = db.Snapshot(context.Background(), "copy")
	}
	if err = errors.Join(err, db.Close()); err != nil {
		fail("at the end: %v", err)
	}
	for _, dir := range []string{"data", "copy"} {
		report, err := tsdb.Check(dir, fs, nil)
		if err != nil || len(report.Problems) > 0 || report.Samples < int64(m.samples()) {
			fail("check of %s: %+v %v, %d samples were given", dir, report, err, m.samples())
		}
		if db, err = tsdb.Open(dir, o); err != nil {
			fail("%v", err)
		}
		if got, err = contents(db); err == nil {
			err = difference(got, m.series, nil)
		}
		if err = errors.Join(err, db.Close()); err != nil {
			fail("%s, opened again: %v", dir, err)
		}
	}
}
