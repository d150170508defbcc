package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// running is a server in this process, in a directory of its own, on a free port of the loopback.
type running struct {
	t    *testing.T
	dir  string
	url  string
	stop func() error // idempotent

	pushedMS int64 // time of the newest sample
}

const chatRules = `
metric score = gauge "model_quality_score"

route chat {
  models "atlas", "borea"
  return after 1s
}

rule poor on model {
  when     avg(score, 5s) < 70%
  for      0s
  recover  avg(score, 1s) > 85% for 0s
  severity critical
  switch   chat
}
`

// start runs a server; files are written to its directory first, edit changes its configuration.
func start(t *testing.T, dir string, files map[string]string, edit func(*Config)) *running {
	t.Helper()
	for name, text := range files {
		writeFile(t, filepath.Join(dir, name), text)
	}
	config, err := ParseConfig(filepath.Join(dir, "heddle.yml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	config.Listen, config.Data = "127.0.0.1:0", filepath.Join(dir, "data")
	config.Rules = []string{filepath.Join(dir, "*.rules")}
	if edit != nil {
		edit(config)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := New(ctx, config, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	r := &running{t: t, dir: dir, url: "http://" + s.Address()}
	r.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("the server did not stop in order: %v", err)
		}
	})
	return r
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// do sends a request and returns status, headers and body.
func (r *running) do(method, path, body string, headers ...string) (int, http.Header, string) {
	r.t.Helper()
	request, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			request.Host = headers[i+1]
			continue
		}
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(text)
}

// expect asks and demands a status and a part of the answer.
func (r *running) expect(wantStatus int, want, method, path, body string, headers ...string) {
	r.t.Helper()
	status, _, text := r.do(method, path, body, headers...)
	if status != wantStatus || !strings.Contains(text, want) {
		r.t.Errorf("%s %s: %d %s\nwant %d with %s", method, path, status, text, wantStatus, want)
	}
}

// eventually waits for an answer that contains want.
func (r *running) eventually(want, path string) {
	r.t.Helper()
	var text string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if _, _, text = r.do(http.MethodGet, path, ""); strings.Contains(text, want) {
			return
		}
	}
	r.t.Fatalf("GET %s never had %s; it is %s", path, want, text)
}

// push sends one sample of the score for each model, now; never two at one time.
func (r *running) push(atlas, borea float64) {
	r.t.Helper()
	r.pushedMS = max(r.pushedMS+1, time.Now().UnixMilli())
	r.expect(http.StatusNoContent, "", http.MethodPost, "/api/v1/import/prometheus",
		fmt.Sprintf("model_quality_score{model=\"atlas\"} %v %d\nmodel_quality_score{model=\"borea\"} %v %d\n", atlas, r.pushedMS, borea, r.pushedMS))
}

func TestDegradationMovesTheRouteAndBack(t *testing.T) {
	r := start(t, t.TempDir(), map[string]string{"chat.rules": chatRules}, nil)
	r.expect(http.StatusOK, `"serving":"atlas"`, http.MethodGet, "/api/v1/routes/chat", "")
	watch := r.watch("/api/v1/routes/chat/watch")
	if got := watch(); got.Serving != "atlas" {
		t.Errorf("the watch begins with %q", got.Serving)
	}

	serving := func() string {
		var status struct{ Serving string }
		_, _, text := r.do(http.MethodGet, "/api/v1/routes/chat", "")
		if err := json.Unmarshal([]byte(text), &status); err != nil {
			t.Fatal(err)
		}
		return status.Serving
	}
	pushUntil := func(atlas float64, want string) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); serving() != want; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the route never served %s", want)
			}
			r.push(atlas, 0.95)
		}
	}
	for range 3 {
		r.push(0.95, 0.95)
	}
	pushUntil(0.2, "borea")
	r.expect(http.StatusOK, `"alertname":"poor"`, http.MethodGet, "/api/v1/alerts", "")
	r.expect(http.StatusOK, `"state":"firing"`, http.MethodGet, "/api/v1/rules", "")
	r.expect(http.StatusOK, `"alertname":"poor"`, http.MethodGet, "/api/v1/rules?type=alert&rule_name[]=poor", "")
	r.expect(http.StatusOK, `"state":"firing","health":"ok","labels":{"severity":"critical"},"annotations":{},"alerts":[]`, http.MethodGet, "/api/v1/rules?exclude_alerts=true", "")
	r.expect(http.StatusOK, `"groups":[]`, http.MethodGet, "/api/v1/rules?rule_name[]=other", "")
	r.expect(http.StatusOK, `"groups":[]`, http.MethodGet, "/api/v1/rules?type=record", "")
	r.expect(http.StatusBadRequest, `type is alert or record`, http.MethodGet, "/api/v1/rules?type=alerts", "")
	r.expect(http.StatusOK, `"total":2`, http.MethodGet, "/api/v1/heddle/instances?rule=poor&limit=1", "")
	r.expect(http.StatusOK, `{"instances":[],"total":0}`, http.MethodGet, "/api/v1/heddle/instances?match="+url.QueryEscape(`{model="none"}`), "")
	r.expect(http.StatusBadRequest, `limit: \"x\" is not a count`, http.MethodGet, "/api/v1/heddle/instances?limit=x", "")
	r.expect(http.StatusOK, `"total":1`, http.MethodGet, "/api/v1/heddle/explain?rule=poor&match="+url.QueryEscape(`{model="atlas"}`), "")
	r.expect(http.StatusNotFound, `did you mean \"poor\"?`, http.MethodGet, "/api/v1/heddle/explain?rule=por", "")
	pushUntil(0.95, "atlas")

	r.expect(http.StatusOK, `"kind":"switch"`, http.MethodGet, "/api/v1/journal?kind=switch", "")
	r.expect(http.StatusOK, `"head"`, http.MethodGet, "/api/v1/journal/verify", "")
	for want := "borea"; ; {
		got := watch()
		if got.Serving == want && want == "borea" {
			want = "atlas"
		} else if got.Serving == want {
			break
		}
	}
}

// watched is what a gateway reads of a route.
type watched struct {
	Serving string
	Epoch   uint64
}

// watch follows a stream; the function it returns waits for the next event.
func (r *running) watch(path string) func() watched {
	r.t.Helper()
	response, err := http.Get(r.url + path)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { response.Body.Close() })
	lines := bufio.NewScanner(response.Body)
	return func() watched {
		r.t.Helper()
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var w watched
				if err := json.Unmarshal([]byte(text), &w); err != nil {
					r.t.Fatalf("%v in %s", err, text)
				}
				return w
			}
		}
		r.t.Fatalf("the stream of %s ended: %v", path, lines.Err())
		return watched{}
	}
}

// TestObservationsMoveTheRoute: a gateway that only tells of its requests is enough.
func TestObservationsMoveTheRoute(t *testing.T) {
	r := start(t, t.TempDir(), map[string]string{"chat.rules": `
use "heddle"

route chat {
  models "atlas", "borea"
}

rule failing on model {
  when     ratio(failures, requests, 3s) > 20%
  require  increase(requests, 3s) >= 5
  for      0s
  switch   chat
}
`}, nil)
	observe := func(status int) {
		var lines strings.Builder
		for _, version := range []string{"v1", "v2"} {
			for range 5 {
				fmt.Fprintf(&lines, "{\"model\":\"atlas\",\"version\":%q,\"region\":\"eu\",\"status\":%d,\"latency_ms\":300}\n", version, status)
			}
		}
		r.expect(http.StatusOK, `"accepted":10`, http.MethodPost, "/api/v1/observations", lines.String())
	}
	for began := time.Now(); time.Since(began) < 4*time.Second; time.Sleep(100 * time.Millisecond) {
		observe(404) // the caller's fault
	}
	r.expect(http.StatusOK, `"serving":"atlas"`, http.MethodGet, "/api/v1/routes/chat", "")
	for range 40 {
		observe(502)
		if _, _, text := r.do(http.MethodGet, "/api/v1/routes/chat", ""); strings.Contains(text, `"serving":"borea"`) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	_, _, instances := r.do(http.MethodGet, "/api/v1/heddle/instances", "")
	t.Errorf("the route did not move; instances: %s", instances)
}

func TestRouteIsAskedForOnlyWhenItChanged(t *testing.T) {
	r := start(t, t.TempDir(), map[string]string{"chat.rules": chatRules}, nil)
	_, header, _ := r.do(http.MethodGet, "/api/v1/routes/chat", "")
	tag := header.Get("ETag")
	r.expect(http.StatusNotModified, "", http.MethodGet, "/api/v1/routes/chat", "", "If-None-Match", tag)
	r.expect(http.StatusNotModified, "", http.MethodGet, "/api/v1/routes/chat", "", "If-None-Match", `"other", W/`+tag)
	r.expect(http.StatusOK, `"serving":"borea"`, http.MethodPost, "/api/v1/routes/chat/switch", `{"model":"borea","who":"ada","reason":"test"}`)
	r.expect(http.StatusOK, `"serving":"borea"`, http.MethodGet, "/api/v1/routes/chat", "", "If-None-Match", tag)
	r.expect(http.StatusNotFound, `there are: chat`, http.MethodGet, "/api/v1/routes/chatt", "")
	r.expect(http.StatusNotFound, `there are switch, pin`, http.MethodPost, "/api/v1/routes/chat/swich", "")
	r.expect(http.StatusBadRequest, `unknown field`, http.MethodPost, "/api/v1/routes/chat/switch", `{"modell":"borea"}`)
	r.expect(http.StatusRequestEntityTooLarge, `more than`, http.MethodPost, "/api/v1/routes/chat/switch", strings.Repeat(" ", maxRequestBytes+1))
}

func TestRulesAreLoadedWhenTheyChange(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, map[string]string{"chat.rules": chatRules}, nil)
	r.expect(http.StatusOK, `"rules":1,"routes":1`, http.MethodGet, "/api/v1/status/rules", "")
	r.expect(http.StatusOK, "with 1 rule and 1 route.", http.MethodGet, "/", "")

	// Broken: told, and nothing changes, not even over a restart.
	writeFile(t, filepath.Join(dir, "chat.rules"), strings.ReplaceAll(chatRules, "avg(score", "avg(scoer"))
	r.eventually("scoer", "/api/v1/status/rules")
	r.expect(http.StatusBadRequest, "scoer", http.MethodPost, "/-/reload", "")
	r.expect(http.StatusOK, `"serving":"atlas"`, http.MethodGet, "/api/v1/routes/chat", "")
	r.expect(http.StatusOK, "heddle_rules_last_load_successful 0", http.MethodGet, "/metrics", "")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = start(t, dir, nil, nil)
	r.expect(http.StatusOK, `"serving":"atlas"`, http.MethodGet, "/api/v1/routes/chat", "")
	r.expect(http.StatusOK, "scoer", http.MethodGet, "/api/v1/status/rules", "")

	// A receiver that is not configured, with its place.
	writeFile(t, filepath.Join(dir, "chat.rules"), strings.Replace(chatRules, "switch   chat", "switch   chat\n  notify   nobody", 1))
	r.expect(http.StatusBadRequest, "chat.rules:15:12: no such receiver: nobody", http.MethodPost, "/-/reload", "")

	// Mended, and one more file.
	writeFile(t, filepath.Join(dir, "chat.rules"), chatRules)
	writeFile(t, filepath.Join(dir, "more.rules"), "metric speed = gauge \"model_speed\"\n\nrule slow on model {\n  when last(speed, 10s) < 1\n}\n")
	r.eventually(`"rules":2,"routes":1`, "/api/v1/status/rules")
	r.expect(http.StatusOK, "heddle_rules_last_load_successful 1", http.MethodGet, "/metrics", "")
}

// TestEmptiedRulesStayInForce: rule files that vanish or are blank leave the rules in force and are
// told as a load that failed; a comment says that there are to be none.
func TestEmptiedRulesStayInForce(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "chat.rules")
	r := start(t, dir, nil, nil) // without any rules: allowed
	r.expect(http.StatusOK, `"rules":0,"routes":0`, http.MethodGet, "/api/v1/status/rules", "")
	r.expect(http.StatusOK, "heddle_rules_last_load_successful 1", http.MethodGet, "/metrics", "")

	for _, empty := range []func(){
		func() {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		},
		func() { writeFile(t, file, "\n") },
	} {
		writeFile(t, file, chatRules)
		r.eventually(`"rules":1,"routes":1`, "/api/v1/status/rules")
		r.eventually("heddle_rules_last_load_successful 1", "/metrics")
		empty()
		r.eventually("nothing left", "/api/v1/status/rules")
		r.expect(http.StatusBadRequest, "bring the files back", http.MethodPost, "/-/reload", "")
		r.expect(http.StatusOK, `"rules":1,"routes":1`, http.MethodGet, "/api/v1/status/rules", "")
		r.expect(http.StatusOK, `"serving":"atlas"`, http.MethodGet, "/api/v1/routes/chat", "")
		r.expect(http.StatusOK, "heddle_rules_last_load_successful 0", http.MethodGet, "/metrics", "")
	}
	writeFile(t, file, "# none\n")
	r.eventually(`"rules":0,"routes":0`, "/api/v1/status/rules")
}

func TestWhoMayAsk(t *testing.T) {
	dir := t.TempDir()
	const token = "a-token-of-the-gateway"
	open := start(t, t.TempDir(), nil, nil)
	closed := start(t, dir, map[string]string{"tokens.yml": "tokens: [{name: gateway, token: " + token + "}]", "chat.rules": chatRules},
		func(c *Config) { c.Auth.TokensFile = filepath.Join(dir, "tokens.yml") })

	// A page on the web can neither name this machine as its own nor act across origins.
	open.expect(http.StatusForbidden, "its own machine only", http.MethodGet, "/api/v1/routes", "", "Host", "rebound.example:9480")
	open.expect(http.StatusOK, "routes", http.MethodGet, "/api/v1/routes", "", "Host", "localhost:9480")
	open.expect(http.StatusForbidden, "cross-origin", http.MethodPost, "/-/reload", "", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")

	for _, path := range []string{"/api/v1/routes", "/api/v1/query?query=1", "/metrics", "/", "/api/v1/write"} {
		closed.expect(http.StatusUnauthorized, "unauthorized", http.MethodGet, path, "")
	}
	closed.expect(http.StatusUnauthorized, "unauthorized", http.MethodGet, "/metrics", "", "Authorization", "Bearer "+token+"x")
	closed.expect(http.StatusUnauthorized, "unauthorized", http.MethodGet, "/metrics", "", "Authorization", "Basic "+token)
	closed.expect(http.StatusOK, "ready", http.MethodGet, "/-/ready", "")
	closed.expect(http.StatusOK, "chat", http.MethodGet, "/api/v1/routes", "", "Authorization", "Bearer "+token, "Host", "heddle.example")
	// The token says who it was, whatever the request says.
	closed.expect(http.StatusOK, `"by":"gateway"`, http.MethodPost, "/api/v1/routes/chat/pin", `{"model":"borea","who":"somebody else"}`, "Authorization", "Bearer "+token)

	// Tokens are read anew; a broken file leaves those that were known.
	writeFile(t, filepath.Join(dir, "tokens.yml"), "tokens: []")
	closed.expect(http.StatusBadRequest, "no tokens", http.MethodPost, "/-/reload", "", "Authorization", "Bearer "+token)
	writeFile(t, filepath.Join(dir, "tokens.yml"), "tokens: [{name: other, token: another-token-altogether}]")
	closed.expect(http.StatusOK, "", http.MethodPost, "/-/reload", "", "Authorization", "Bearer "+token)
	closed.expect(http.StatusUnauthorized, "", http.MethodGet, "/api/v1/routes", "", "Authorization", "Bearer "+token)
	closed.expect(http.StatusOK, "", http.MethodGet, "/api/v1/routes", "", "Authorization", "Bearer another-token-altogether")
}

func TestErrorsHaveOneForm(t *testing.T) {
	r := start(t, t.TempDir(), nil, nil)
	r.expect(http.StatusNotFound, `{"status":"error","errorType":"not_found","error":"there is no GET /api/v1/nothing"}`, http.MethodGet, "/api/v1/nothing", "")
	r.expect(http.StatusBadRequest, `"errorType":"bad_data"`, http.MethodGet, "/api/v1/query?query=sum(", "")
	r.expect(http.StatusBadRequest, `"errorType":"bad_data"`, http.MethodGet, "/api/v1/journal?limit=many", "")
	r.expect(http.StatusBadRequest, `"errorType":"bad_data"`, http.MethodPost, "/api/v1/admin/automation", "{}")
	r.expect(http.StatusNotFound, "there is no DELETE", http.MethodDelete, "/api/v1/write", "")
}

func TestAPanicIsAnAnswer(t *testing.T) {
	s := &Server{logger: slog.New(slog.DiscardHandler)}
	handler := s.recoverPanics(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("mistake") }))
	web := httptest.NewServer(handler)
	defer web.Close()
	response, err := http.Get(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusInternalServerError || !strings.Contains(string(text), `"errorType":"internal"`) {
		t.Errorf("%d %s", response.StatusCode, text)
	}
}

// TestStopEndsStreams: readers that follow a stream do not hold up the end.
func TestStopEndsStreams(t *testing.T) {
	r := start(t, t.TempDir(), map[string]string{"chat.rules": chatRules}, nil)
	next := r.watch("/api/v1/routes/chat/watch")
	next()
	response, err := http.Get(r.url + "/api/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	began := time.Now()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took >= stopTimeout {
		t.Errorf("the end took %s", took)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Errorf("the stream of events was cut off: %v", err)
	}
}

// TestStreamsOutliveTheTimeForARequest: the deadlines that bound other requests do not end a stream.
func TestStreamsOutliveTheTimeForARequest(t *testing.T) {
	const deadline = 50 * time.Millisecond
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := newStream(w)
		for i := range 3 {
			select {
			case <-time.After(2 * deadline):
			case <-r.Context().Done():
				return
			}
			if err := out.send("number", fmt.Sprint(i), watched{Epoch: uint64(i)}); err != nil {
				return
			}
		}
	}))
	web.Config.ReadTimeout, web.Config.WriteTimeout = deadline, deadline
	web.Start()
	defer web.Close()
	next := (&running{t: t, url: web.URL}).watch("/")
	for i := range uint64(3) {
		if got := next(); got.Epoch != i {
			t.Errorf("event %d is %d", i, got.Epoch)
		}
	}
}

func TestDeleteSeries(t *testing.T) {
	r := start(t, t.TempDir(), nil, nil)
	r.push(0.9, 0.8)
	r.expect(http.StatusOK, `"atlas","borea"`, http.MethodGet, "/api/v1/label/model/values", "")
	r.expect(http.StatusBadRequest, "no match[]", http.MethodPost, "/api/v1/admin/tsdb/delete_series", "")
	r.expect(http.StatusBadRequest, "match[]", http.MethodPost, "/api/v1/admin/tsdb/delete_series?match[]=%7B", "")
	r.expect(http.StatusNoContent, "", http.MethodPost, "/api/v1/admin/tsdb/delete_series?match[]=model_quality_score%7Bmodel%3D%22atlas%22%7D", "")
	r.expect(http.StatusOK, `"data":{"resultType":"vector","result":[{"metric":{"__name__":"model_quality_score","model":"borea"}`,
		http.MethodGet, "/api/v1/query?query=model_quality_score", "")
	r.expect(http.StatusOK, `"numSeries"`, http.MethodPost, "/api/v1/admin/compact", "")
}
