package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/tsdb"
)

// openStore opens a real store in a directory of its own.
func openStore(t *testing.T, o tsdb.Options) *tsdb.DB {
	t.Helper()
	db, err := tsdb.Open(t.TempDir(), o)
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

// contents lists all float samples of the store as "labels time=value …", a line for each series.
func contents(t *testing.T, db *tsdb.DB, matchers ...*labels.Matcher) []string {
	t.Helper()
	querier, err := db.Querier(math.MinInt64/2, math.MaxInt64/2)
	if err != nil {
		t.Fatal(err)
	}
	defer querier.Close()
	if len(matchers) == 0 {
		matchers = []*labels.Matcher{labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, ".+")}
	}
	set := querier.Select(context.Background(), true, nil, matchers...)
	var lines []string
	for set.Next() {
		line := set.At().Labels().String()
		samples := set.At().Iterator(nil)
		for kind := samples.Next(); kind != chunkenc.ValNone; kind = samples.Next() {
			if kind == chunkenc.ValFloat {
				timeMS, value := samples.At()
				line += fmt.Sprintf(" %d=%v", timeMS, value)
			} else {
				timeMS, h := samples.AtFloatHistogram(nil)
				line += fmt.Sprintf(" %d=%v", timeMS, h)
			}
		}
		if err := samples.Err(); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// post sends one body to a handler.
func post(t testing.TB, handler http.Handler, body []byte, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

// writeV1 encodes a remote write 1.0 request: samples by series, each series as label pairs.
func writeV1(t *testing.T, series ...prompb.TimeSeries) []byte {
	t.Helper()
	encoded, err := (&prompb.WriteRequest{Timeseries: series}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return snappy.Encode(nil, encoded)
}

func seriesV1(samples []prompb.Sample, pairs ...string) prompb.TimeSeries {
	s := prompb.TimeSeries{Samples: samples}
	for i := 0; i < len(pairs); i += 2 {
		s.Labels = append(s.Labels, prompb.Label{Name: pairs[i], Value: pairs[i+1]})
	}
	return s
}

func TestRemoteWriteV1(t *testing.T) {
	now := time.Now().UnixMilli()
	db := openStore(t, tsdb.Options{})
	door := NewRemoteWrite(db, Options{})
	f := func(wantStatus int, wantText string, body []byte, headers ...string) {
		t.Helper()
		answer := post(t, door, body, headers...)
		if answer.Code != wantStatus || !strings.Contains(answer.Body.String(), wantText) {
			t.Errorf("got %d %q, want %d with %q", answer.Code, answer.Body, wantStatus, wantText)
		}
	}
	at := func(ms int64, v float64) prompb.Sample { return prompb.Sample{Timestamp: now + ms, Value: v} }
	good := writeV1(t,
		seriesV1([]prompb.Sample{at(0, 1), at(1000, 2)}, "__name__", "up", "model", "a"),
		seriesV1([]prompb.Sample{at(0, 3)}, "model", "b", "__name__", "up"))

	f(http.StatusNoContent, "", good)
	f(http.StatusNoContent, "", good) // again: duplicates are no error
	f(http.StatusNoContent, "", good, "Content-Type", "application/x-protobuf; proto=prometheus.WriteRequest", "Content-Encoding", "snappy")
	f(http.StatusBadRequest, "conflict: 1", writeV1(t, seriesV1([]prompb.Sample{at(0, 7), at(2000, 8)}, "__name__", "up", "model", "a")))
	f(http.StatusBadRequest, "no metric name", writeV1(t,
		seriesV1([]prompb.Sample{at(0, 1)}, "model", "c"), seriesV1([]prompb.Sample{at(0, 1)}, "__name__", "kept")))
	f(http.StatusBadRequest, "too_far_ahead: 1", writeV1(t, seriesV1([]prompb.Sample{at(time.Hour.Milliseconds(), 1)}, "__name__", "up", "model", "a")))
	f(http.StatusBadRequest, "snappy", []byte("not snappy at all"))
	f(http.StatusBadRequest, "empty", nil)
	f(http.StatusBadRequest, "protobuf", snappy.Encode(nil, []byte{0xff, 0xff}))
	f(http.StatusUnsupportedMediaType, "content-encoding", good, "Content-Encoding", "zstd")
	f(http.StatusUnsupportedMediaType, "content-type", good, "Content-Type", "application/json")
	f(http.StatusUnsupportedMediaType, "message", good, "Content-Type", "application/x-protobuf;proto=other")

	want := []string{
		fmt.Sprintf(`{__name__="kept"} %d=1`, now),
		fmt.Sprintf(`{__name__="up", model="a"} %d=1 %d=2 %d=8`, now, now+1000, now+2000),
		fmt.Sprintf(`{__name__="up", model="b"} %d=3`, now),
	}
	if diff := cmp.Diff(want, contents(t, db)); diff != "" {
		t.Errorf("the store (-want +got):\n%s", diff)
	}
}

func TestRemoteWriteV2TellsWhatWasWritten(t *testing.T) {
	now := time.Now().UnixMilli()
	db := openStore(t, tsdb.Options{})
	door := NewRemoteWrite(db, Options{})
	request := &writev2.Request{
		Symbols: []string{"", "__name__", "up", "model", "a", "gauge of health"},
		Timeseries: []writev2.TimeSeries{
			{
				LabelsRefs: []uint32{1, 2, 3, 4}, Samples: []writev2.Sample{{Timestamp: now, Value: 1}, {Timestamp: now + 1000, Value: 2}},
				Exemplars: []writev2.Exemplar{{LabelsRefs: []uint32{3, 4}, Value: 1, Timestamp: now}},
				Metadata:  writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_GAUGE, HelpRef: 5},
			},
			{LabelsRefs: []uint32{3, 4}, Samples: []writev2.Sample{{Timestamp: now, Value: 1}}}, // no name
		},
	}
	encoded, err := request.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	answer := post(t, door, snappy.Encode(nil, encoded), "Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request")
	if answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), "no metric name") {
		t.Errorf("got %d %s", answer.Code, answer.Body)
	}
	for name, want := range map[string]string{"Samples": "2", "Histograms": "0", "Exemplars": "1"} {
		if got := answer.Header().Get("X-Prometheus-Remote-Write-" + name + "-Written"); got != want {
			t.Errorf("%s written: %q, want %q", name, got, want)
		}
	}
	if diff := cmp.Diff([]string{fmt.Sprintf(`{__name__="up", model="a"} %d=1 %d=2`, now, now+1000)}, contents(t, db)); diff != "" {
		t.Error(diff)
	}
	if got := db.Metadata("up", 0)["up"]; len(got) != 1 || got[0].Help != "gauge of health" {
		t.Errorf("metadata: %v", got)
	}
}

func TestBounds(t *testing.T) {
	db := openStore(t, tsdb.Options{MaxSeries: 2})
	now := time.Now().UnixMilli()
	series := func(model string, samples int) prompb.TimeSeries {
		return seriesV1(make([]prompb.Sample, samples), "__name__", "up", "model", model)
	}
	stamped := func(model string) prompb.TimeSeries {
		return seriesV1([]prompb.Sample{{Timestamp: now, Value: 1}}, "__name__", "up", "model", model)
	}
	f := func(wantStatus int, limits Limits, body []byte) {
		t.Helper()
		if answer := post(t, NewRemoteWrite(db, Options{Limits: limits}), body); answer.Code != wantStatus {
			t.Errorf("got %d %s, want %d", answer.Code, answer.Body, wantStatus)
		}
	}
	f(http.StatusRequestEntityTooLarge, Limits{BodyBytes: 10}, writeV1(t, series("a", 100)))
	f(http.StatusRequestEntityTooLarge, Limits{DecodedBytes: 100}, writeV1(t, series("a", 100)))
	f(http.StatusRequestEntityTooLarge, Limits{SamplesPerRequest: 99}, writeV1(t, series("a", 100)))
	// A body that declares 4 GiB is refused by its first bytes.
	f(http.StatusRequestEntityTooLarge, Limits{}, []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0})
	// A new series over the limit: refused with 429, known ones are stored.
	f(http.StatusNoContent, Limits{}, writeV1(t, stamped("a"), stamped("b")))
	f(http.StatusTooManyRequests, Limits{}, writeV1(t, stamped("c"), seriesV1([]prompb.Sample{{Timestamp: now + 1, Value: 2}}, "__name__", "up", "model", "a")))
	want := []string{fmt.Sprintf(`{__name__="up", model="a"} %d=1 %d=2`, now, now+1), fmt.Sprintf(`{__name__="up", model="b"} %d=1`, now)}
	if diff := cmp.Diff(want, contents(t, db)); diff != "" {
		t.Error(diff)
	}
}

// TestRefusalsAreCountedOnce: of a series over the limit each sample counts, once.
func TestRefusalsAreCountedOnce(t *testing.T) {
	db := openStore(t, tsdb.Options{MaxSeries: 1})
	door := NewTextImport(db, Options{})
	answer := post(t, door, []byte("up{model=\"a\"} 1\nup{model=\"b\"} 1\nup{model=\"b\"} 2\nup{model=\"c\"} 1\n"))
	if answer.Code != http.StatusTooManyRequests || strings.Count(answer.Body.String(), "limit: ") != 1 || !strings.Contains(answer.Body.String(), "limit: 3,") {
		t.Errorf("got %d %s", answer.Code, answer.Body)
	}
}

func TestTextImport(t *testing.T) {
	db := openStore(t, tsdb.Options{})
	now := time.Now()
	door := NewTextImport(db, Options{Now: func() time.Time { return now }})
	text := fmt.Sprintf("# HELP up is up\n# TYPE up gauge\nup{model=\"a\"} 1\nup{model=\"b\"} 2 %d\n", now.UnixMilli()-5)
	if answer := post(t, door, []byte(text)); answer.Code != http.StatusNoContent {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	answer := post(t, door, []byte("# HELP up is up\n\nup{model=\"c\"} 1\n\nup{model= 3\n"))
	var problem struct{ Status, ErrorType, Error string }
	if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil {
		t.Fatalf("%v in %s", err, answer.Body)
	}
	if answer.Code != http.StatusBadRequest || problem.Status != "error" || problem.ErrorType != "bad_data" || !strings.Contains(problem.Error, "line 5:") {
		t.Errorf("broken text: %d %+v", answer.Code, problem)
	}
	want := []string{fmt.Sprintf(`{__name__="up", model="a"} %d=1`, now.UnixMilli()), fmt.Sprintf(`{__name__="up", model="b"} %d=2`, now.UnixMilli()-5)}
	if diff := cmp.Diff(want, contents(t, db)); diff != "" {
		t.Error(diff)
	}
}

// runObservations makes the door and runs it until the test ends.
func runObservations(t *testing.T, db *tsdb.DB, o Options) *Observations {
	door := NewObservations(db, o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- door.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return door
}

func observationsData(t *testing.T, answer *httptest.ResponseRecorder) observationsAnswer {
	t.Helper()
	var got observationsAnswer
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, answer.Body)
	}
	return got
}

func TestObservations(t *testing.T) {
	db := openStore(t, tsdb.Options{})
	door := runObservations(t, db, Options{})
	now := time.Now().UnixMilli()
	lines := strings.ReplaceAll(`{"model":"a","status":200,"latency_ms":812,"tokens_in":10,"cost_usd":0.0021,"score":0.5,"ts_ms":NOW}
{"model":"a","kind":"done","status":503,"latency_ms":90,"id":17,"extra":true,"ts_ms":NOW}
{"model":"a","latency_ms":-1}

{"kind":"done"}
{"model":"a","kind":"thumb","score":1,"ts_ms":NOW}
not json
`, "NOW", fmt.Sprint(now))
	answer := post(t, door, []byte(lines))
	got := observationsData(t, answer)
	if answer.Code != http.StatusBadRequest || got.Data.Accepted != 3 || got.Data.Rejected != 3 {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	var numbers []int
	for _, e := range got.Data.Errors {
		numbers = append(numbers, e.Line)
	}
	if diff := cmp.Diff([]int{3, 5, 7}, numbers); diff != "" {
		t.Errorf("bad lines (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"extra"}, got.Data.Ignored); diff != "" {
		t.Errorf("ignored fields (-want +got):\n%s", diff)
	}

	// Each series begins with zero, so that a rate sees the first events.
	before := now - beforeMS
	pair := func(name, more string, value float64) string {
		return fmt.Sprintf(`{__name__="%s"%s} %d=0 %d=%v`, name, more, before, now, value)
	}
	want := []string{
		fmt.Sprintf(`{__name__="heddle_accuracy", model="a"} %d=0.5`, now),
		pair("heddle_cost_usd_total", `, model="a"`, 0.0021),
		pair("heddle_failures_total", `, model="a"`, 1),
		pair("heddle_requests_total", `, model="a", status="200"`, 1),
		pair("heddle_requests_total", `, model="a", status="503"`, 1),
		pair("heddle_score_count", `, model="a"`, 1),
		pair("heddle_score_sum", `, model="a"`, 0.5),
		pair("heddle_thumb_count", `, model="a"`, 1),
		pair("heddle_thumb_sum", `, model="a"`, 1),
		pair("heddle_tokens_in_total", `, model="a"`, 10),
	}
	plain := labels.MustNewMatcher(labels.MatchNotRegexp, labels.MetricName, ".*_seconds.*")
	if diff := cmp.Diff(want, contents(t, db, plain, labels.MustNewMatcher(labels.MatchEqual, "model", "a"))); diff != "" {
		t.Errorf("the store (-want +got):\n%s", diff)
	}
	for le, count := range map[string]float64{"0.075": 0, "0.1": 1, "0.75": 1, "1": 2, "+Inf": 2} {
		got := contents(t, db, labels.MustNewMatcher(labels.MatchEqual, "le", le))
		if diff := cmp.Diff([]string{pair("heddle_request_duration_seconds_bucket", `, le="`+le+`", model="a"`, count)}, got); diff != "" {
			t.Error(diff)
		}
	}
}

// TestObservationsGoOnAfterARestart counts on where the last process stopped, and the time of rows
// does not fall back behind what is stored.
func TestObservationsGoOnAfterARestart(t *testing.T) {
	db := openStore(t, tsdb.Options{})
	now := time.Now().UnixMilli()
	line := func(timeMS int64) []byte {
		return fmt.Appendf(nil, `{"model":"a","version":"v1","region":"eu","latency_ms":100,"ts_ms":%d}`, timeMS)
	}
	for i, timeMS := range []int64{now, now + 20, now - 500} { // the last one comes late
		if answer := post(t, runObservations(t, db, Options{}), line(timeMS)); answer.Code != http.StatusOK {
			t.Fatalf("restart %d: %d %s", i, answer.Code, answer.Body)
		}
	}
	for _, name := range []string{"heddle_requests_total", "heddle_request_duration_seconds_count"} {
		got := contents(t, db, labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, name))
		if len(got) != 1 || !strings.HasSuffix(got[0], fmt.Sprintf("%d=0 %d=1 %d=2 %d=3", now-beforeMS, now, now+20, now+21)) {
			t.Errorf("%v", got)
		}
	}
}

// TestRowsOfOneRequest: observations that span seconds make a row for each.
func TestRowsOfOneRequest(t *testing.T) {
	db := openStore(t, tsdb.Options{})
	start := time.Now().Add(-5*time.Second).UnixMilli() / 1000 * 1000
	var body strings.Builder
	for i := range int64(40) {
		fmt.Fprintf(&body, "{\"model\":\"a\",\"ts_ms\":%d}\n", start+i*100)
	}
	if answer := post(t, runObservations(t, db, Options{}), []byte(body.String())); answer.Code != http.StatusOK {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	want := fmt.Sprintf(`{__name__="heddle_requests_total", model="a", status="200"} %d=0 %d=10 %d=20 %d=30 %d=40`,
		start+900-beforeMS, start+900, start+1900, start+2900, start+3900)
	if diff := cmp.Diff([]string{want}, contents(t, db, labels.MustNewMatcher(labels.MatchEqual, "status", "200"))); diff != "" {
		t.Error(diff)
	}
}

func TestObservationsAreRefusedAfterTheEnd(t *testing.T) {
	db := openStore(t, tsdb.Options{})
	door := NewObservations(db, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := door.Run(ctx); err != nil {
		t.Fatal(err)
	}
	answer := post(t, door, []byte(`{"model":"a"}`))
	if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func TestPlainBody(t *testing.T) {
	limits := Limits{BodyBytes: 100, DecodedBytes: 100}.withDefaults()
	body, err := plainBody(httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", 101))), limits)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(body)
	if status, _ := failureStatus(bodyError(err)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d for %v", status, err)
	}
}
