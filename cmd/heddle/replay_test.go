package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// serve runs the verb serve on a free port with a data directory; stop ends it and waits for its end.
func serve(t *testing.T, args ...string) (base string, stop func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var log bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- Run(ctx, append([]string{"serve", "--listen", address}, args...), strings.NewReader(""), io.Discard, &log)
	}()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if code := <-ended; code != exitDone {
			t.Errorf("serve ended with %d:\n%s", code, log.String())
		}
	}
	t.Cleanup(stop)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		response, err := http.Get("http://" + address + "/-/ready")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return "http://" + address, stop
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("no server became ready")
		}
	}
}

const latencyRules = `metric latency  = gauge "latency_seconds"
metric requests = counter "requests_total"
metric failures = counter "requests_total" where status = "500"
metric summary  = histogram "call_seconds"

route chat {
  models "a", "b"
}

rule slow on model {
  when    avg(latency, 10s) > 2s
  recover avg(latency, 10s) < 1s for 10s
  switch  chat
}

rule failing on model {
  when    ratio(failures, requests, 30s) > 20%
  require increase(requests, 30s) > 10
}

rule calls on model {
  when avg(summary, 1m) > 1
}
`

// TestReplayFromServer replays what a running server has over its API, and then the server's own data
// directory: the decisions are the same.
func TestReplayFromServer(t *testing.T) {
	inDirectory(t, map[string]string{
		"chat.rules":  latencyRules,
		"blind.rules": "metric gone = gauge \"gone_seconds\"\nrule absent on model {\n  when avg(gone, 1m) > 1\n}\n",
		"token":       "a-token-of-the-gateway\n",
		"tokens.yml":  "tokens:\n  - {name: gateway, token: a-token-of-the-gateway}\n",
	})
	base, stop := serve(t, "--data", "data", "--tokens-file", "tokens.yml")
	first := time.Now().Add(-20 * time.Minute).Truncate(time.Second)
	var text strings.Builder
	for second := range 1000 {
		at := first.Add(time.Duration(second) * time.Second).UnixMilli()
		latency, failed := 0.5, second/10
		if second > 300 && second < 400 {
			latency = 4
		}
		if second > 600 {
			failed += 8 * (second - 600)
		}
		fmt.Fprintf(&text, "latency_seconds{model=\"a\"} %g %d\nlatency_seconds{model=\"b\"} 0.5 %d\n", latency, at, at)
		fmt.Fprintf(&text, "requests_total{model=\"a\",status=\"200\"} %d %d\nrequests_total{model=\"a\",status=\"500\"} %d %d\n", second*10, at, failed, at)
		fmt.Fprintf(&text, "call_seconds_sum{model=\"a\"} %d %d\ncall_seconds_count{model=\"a\"} %d %d\n", second*15, at, second*10, at)
	}
	request, err := http.NewRequest(http.MethodPost, base+"/api/v1/import/prometheus", strings.NewReader(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer a-token-of-the-gateway")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode/100 != 2 {
		t.Fatalf("the samples were answered with %s", response.Status)
	}

	// From the middle, so that the windows are filled with what came before.
	from, to := first.Add(350*time.Second).UTC().Format(time.RFC3339), first.Add(time.Hour).UTC().Format(time.RFC3339)
	replay := func(source ...string) string {
		t.Helper()
		code, stdout, stderr := run(t, append([]string{"replay", "--rules", "chat.rules", "--json", "--from", from, "--to", to}, source...)...)
		if code != exitDone {
			t.Fatalf("replay %v: exit code %d\n%s", source, code, stderr)
		}
		return stdout
	}
	remote := replay("--url", base, "--token-file", "token")
	for _, want := range []string{
		`"type":"alert","rule":"slow"`, `"type":"resolve","rule":"slow"`, `"type":"switch","route":"chat"`,
		`"type":"alert","rule":"failing"`, `"type":"alert","rule":"calls"`,
	} {
		if !strings.Contains(remote, want) {
			t.Errorf("no %s in\n%s", want, remote)
		}
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"check --url " + base + " --token-file token chat.rules", exitDone, "no mistakes in 3 rules"},
		{"check --url " + base + " --token-file token blind.rules", exitBad, `rule absent: no series of the metric gone exists: ["gone_seconds"]`},
		{"check --url " + base + " chat.rules", exitBad, "send a token"},
		{"check --url " + base + " --data data chat.rules", exitUsage, "can't be used together"},
		{"check --data data chat.rules", exitBad, "is in use: stop the server that uses it, or ask that server with --url"},
		{"replay --rules chat.rules --token-file token --url " + base + " --from 1m --to 5m", exitUsage, "--from must lie before --to"},
		{"replay --rules chat.rules --url " + base, exitBad, "send a token"},
		{"replay --rules chat.rules --url http://127.0.0.1:1", exitBad, "no answer from http://127.0.0.1:1"},
	} {
		code, stdout, stderr := run(t, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stdout+stderr, c.want) {
			t.Errorf("%s: exit code %d, want %d and %q\n%s%s", c.args, code, c.code, c.want, stdout, stderr)
		}
	}

	stop()
	if local := replay("--data", "data"); local != remote {
		t.Errorf("from the data directory:\n%s\nfrom the server:\n%s", local, remote)
	}
}
