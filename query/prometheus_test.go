package query

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"

	"github.com/neuroweaver/heddle/ingest"
	"github.com/neuroweaver/heddle/tsdb"
)

// TestAnswersAsPrometheusDoes sends the same samples to Heddle's store and to a real Prometheus, and
// compares the JSON of their answers.
func TestAnswersAsPrometheusDoes(t *testing.T) {
	prometheus := startPrometheus(t)
	heddle := startHeddle(t)
	// Prometheus 3 leaves the sample at the very start of a range out, Prometheus 2 does not. Samples
	// lie between the seconds, and no query on a multiple of 30 s, so that neither has one there.
	end := time.Now().Truncate(30 * time.Second).Add(-23 * time.Second)
	start := end.Add(-20 * time.Minute)
	body := sameSamples(start, end)
	for _, base := range []string{prometheus, heddle} {
		send(t, base, body)
	}

	seconds := func(at time.Time) string { return fmt.Sprint(at.Unix()) }
	f := func(path string, parameters ...string) {
		t.Helper()
		form := url.Values{}
		for i := 0; i < len(parameters); i += 2 {
			form.Add(parameters[i], parameters[i+1])
		}
		wantStatus, want := ask(t, prometheus, path, form)
		gotStatus, got := ask(t, heddle, path, form)
		if gotStatus != wantStatus {
			t.Errorf("%s %v: status %d, Prometheus has %d: %v", path, form, gotStatus, wantStatus, got)
		}
		if !strings.Contains(form.Get("query"), "sort") {
			sortVector(want)
			sortVector(got)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(nearly)); diff != "" {
			t.Errorf("%s %v (-Prometheus +Heddle):\n%s", path, form, diff)
		}
	}
	for _, expr := range []string{
		`llm_requests_total`,
		`sum by (model) (rate(llm_requests_total[1m]))`,
		`histogram_quantile(0.95, sum by (le, model) (rate(llm_request_duration_seconds_bucket[2m])))`,
		`increase(llm_requests_total{model=~"a|b"}[5m] offset 1m)`,
		`avg_over_time(model_accuracy_score[3m])`,
		`model_accuracy_score > 0.9 or absent(nothing)`,
		`topk(2, model_accuracy_score)`,
		`sort_desc(model_accuracy_score)`,
		`label_replace(model_accuracy_score, "x", "<$1>&", "model", "(.*)")`,
		`1/0`, `-1/0`, `0/0`, `1e-9`, `1e30`, `"text"`, `time()`, `vector(1)`,
		`nothing`,
		`count(llm_requests_total) by (model)`,
		`max_over_time(rate(llm_requests_total[1m])[5m:30s])`,
		`model_accuracy_score @ ` + seconds(start.Add(5*time.Minute)),
		`quantile(0.3, model_accuracy_score)`,
		`sum without (instance) (model_accuracy_score) unless model_accuracy_score{model="a"}`,
	} {
		for _, at := range []time.Time{end, end.Add(-7 * time.Minute), end.Add(time.Hour)} {
			f("query", "query", expr, "time", seconds(at))
		}
		if expr != `"text"` && !strings.Contains(expr, "sort") {
			f("query_range", "query", expr, "start", seconds(start), "end", seconds(end), "step", "45")
		}
	}
	f("query", "query", `sum(`, "time", "1")
	f("query", "query", `model_accuracy_score`, "time", "never")
	f("query", "query", `model_accuracy_score`, "time", end.UTC().Format(time.RFC3339Nano))
	f("query", "query", `model_accuracy_score`, "time", seconds(end), "timeout", "soon")
	f("query", "query", `rate(model_accuracy_score)`, "time", seconds(end))
	f("query_range", "query", "1", "start", "10", "end", "5", "step", "1")
	f("query_range", "query", "1", "start", "5", "end", "10", "step", "0")
	f("query_range", "query", "1", "start", "5", "end", "100000", "step", "1")
	f("query_range", "query", "1", "start", "5", "end", "100", "step", "soon")
	f("query_range", "query", "1", "end", "100", "step", "1")
	f("labels")
	f("labels", "match[]", `{__name__=~"model.*"}`)
	f("labels", "match[]", `{`)
	f("label/model/values")
	f("label/model/values", "match[]", `llm_requests_total{model!="a"}`, "match[]", `{model="c",__name__=~".+"}`)
	f("label/nothing/values")
	f("label/__name__/values", "start", seconds(start), "end", seconds(end))
	f("series", "match[]", `{__name__=~".+",model="a"}`)
	f("series", "match[]", `llm_requests_total`, "match[]", `{model="b",__name__=~"llm_requests.*"}`)
	f("series")
	f("series", "match[]", `{model=~".*"}`)
	f("format_query", "query", `sum(rate( foo{a="b"}[5m] ))by(x)`)
	f("format_query", "query", `sum(`)
}

// sortVector puts the elements of an instant vector, which have no order of their own, in one.
func sortVector(document any) {
	data, _ := document.(map[string]any)["data"].(map[string]any)
	if result, ok := data["result"].([]any); ok && data["resultType"] == "vector" {
		slices.SortFunc(result, func(a, b any) int {
			return cmpText(a.(map[string]any)["metric"], b.(map[string]any)["metric"])
		})
	}
}

func cmpText(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }

// nearly compares strings: those that are numbers may differ in their last digits, as versions of the
// engine sum up in different ways.
func nearly(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX != nil || errY != nil {
		return strings.EqualFold(a, b) // the case of messages differs by version
	}
	if x == y || math.IsNaN(x) && math.IsNaN(y) {
		return true
	}
	return math.Abs(x-y) <= 1e-12*math.Max(math.Abs(x), math.Abs(y))
}

// sameSamples is a remote write request with counters (one of them reset), a classic histogram,
// gauges with gaps and odd values, and a stale marker.
func sameSamples(start, end time.Time) []byte {
	const seed = 42
	random := rand.New(rand.NewPCG(seed, seed))
	request := &prompb.WriteRequest{}
	add := func(name string, sample func(i int) (float64, bool), pairs ...string) {
		series := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: name}}}
		for i := 0; i < len(pairs); i += 2 {
			series.Labels = append(series.Labels, prompb.Label{Name: pairs[i], Value: pairs[i+1]})
		}
		for i, at := 0, start; !at.After(end); i, at = i+1, at.Add(5*time.Second) {
			if v, ok := sample(i); ok {
				series.Samples = append(series.Samples, prompb.Sample{Timestamp: at.UnixMilli() + 250, Value: v})
			}
		}
		request.Timeseries = append(request.Timeseries, series)
	}
	for m, model := range []string{"a", "b", "c"} {
		// Far from zero: how a rate near the birth of a counter is extrapolated differs by version.
		total := 1000.0
		add("llm_requests_total", func(i int) (float64, bool) {
			if total += float64(random.IntN(50)); i == 100 {
				total = 700
			}
			return total, i%17 != m
		}, "instance", "i<1>", "model", model)
		for b, le := range []string{"0.5", "1", "2", "+Inf"} {
			count := 1000.0
			add("llm_request_duration_seconds_bucket", func(int) (float64, bool) {
				count += float64(b*3 + m)
				return count, true
			}, "instance", "i<1>", "le", le, "model", model)
		}
		odd := []float64{math.Inf(1), math.NaN(), 1e-7, 1e22, -0.25}
		add("model_accuracy_score", func(i int) (float64, bool) {
			if i%40 == 20 {
				return odd[i/40%len(odd)], true
			}
			return 0.8 + 0.2*random.Float64(), i < 120 || m != 1
		}, "instance", "i<1>", "model", model)
	}
	encoded, err := request.Marshal()
	if err != nil {
		panic(err)
	}
	return snappy.Encode(nil, encoded)
}

func send(t *testing.T, base string, body []byte) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, base+"/api/v1/write", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Encoding", "snappy")
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		text, _ := io.ReadAll(response.Body)
		t.Fatalf("%s: %s %s", base, response.Status, text)
	}
}

// ask posts the form where the endpoint takes that, and decodes the answer. Numbers stay text.
func ask(t *testing.T, base, path string, form url.Values) (int, any) {
	t.Helper()
	address := base + "/api/v1/" + path
	response, err := http.Get(address + "?" + form.Encode())
	if path == "query" || path == "query_range" {
		response, err = http.PostForm(address, form)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var document any
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		t.Fatalf("%s %v: %v", path, form, err)
	}
	return response.StatusCode, document
}

// startHeddle serves the API and remote write over a store in a temporary directory.
func startHeddle(t *testing.T) string {
	t.Helper()
	db, err := tsdb.Open(t.TempDir(), tsdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	engine := New(db, Options{})
	mux := http.NewServeMux()
	NewAPI(engine, db, time.Now).Register(mux)
	mux.Handle("POST /api/v1/write", ingest.NewRemoteWrite(db, ingest.Options{}))
	web := httptest.NewServer(mux)
	t.Cleanup(func() {
		web.Close()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return web.URL
}

// startPrometheus runs the real thing on a free port of the loopback.
func startPrometheus(t *testing.T) string {
	t.Helper()
	binary, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("Prometheus is not installed here; with it (Debian package prometheus) its answers are compared with ours")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte("global: {scrape_interval: 1m}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, binary, "--config.file", filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", address, "--web.enable-remote-write-receiver")
	var log strings.Builder
	command.Stderr = &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = command.Wait() // it was killed
		if t.Failed() {
			t.Logf("the log of Prometheus: %.2000s", log.String())
		}
	})
	base := "http://" + address
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(base + "/-/ready")
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return base
		}
	}
	t.Fatal("Prometheus did not become ready")
	return ""
}
