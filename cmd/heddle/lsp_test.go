package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"testing"
)

const liveRules = `use "heddle"

rule poor on model {
  when     last(accuracy, 1m) < 0.5
}
`

// TestLSP is an editor that starts `heddle lsp` beside a server with data.
func TestLSP(t *testing.T) {
	inDirectory(t, map[string]string{"live.rules": liveRules})
	url, _ := serve(t, "--rules", "live.rules", "--data", "data")
	observation := `{"model": "atlas-4", "status": 200, "latency_ms": 300, "score": 0.25}`
	response, err := http.Post(url+"/api/v1/observations", "application/x-ndjson", strings.NewReader(observation))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()

	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- Run(t.Context(), []string{"lsp", "--stdio", "--url", url}, in, out, io.Discard)
		out.Close()
	}()
	answers := bufio.NewReader(fromServer)
	ask := func(id int, method, params string) string {
		t.Helper()
		message := fmt.Sprintf(`{"jsonrpc": "2.0", "id": %d, "method": %q, "params": %s}`, id, method, params)
		if id == 0 {
			message = fmt.Sprintf(`{"jsonrpc": "2.0", "method": %q, "params": %s}`, method, params)
		}
		fmt.Fprintf(toServer, "Content-Length: %d\r\n\r\n%s", len(message), message)
		for id != 0 {
			if answer := readMessage(t, answers); strings.Contains(answer, fmt.Sprintf(`"id":%d,`, id)) {
				return answer
			}
		}
		return ""
	}
	ask(1, "initialize", `{"capabilities": {}}`)
	document, _ := json.Marshal(map[string]any{"uri": "file:///live.rules", "version": 1, "text": liveRules + "metric m = gauge \"x\" where model = \"\"\n"})
	ask(0, "textDocument/didOpen", fmt.Sprintf(`{"textDocument": %s}`, document))
	place := func(line, character int) string {
		return fmt.Sprintf(`{"textDocument": {"uri": "file:///live.rules"}, "position": {"line": %d, "character": %d}}`, line, character)
	}
	if got := ask(2, "textDocument/hover", place(3, 12)); !strings.Contains(got, `model=\"atlas-4\"`) || !strings.Contains(got, "**0.25**") {
		t.Errorf("hover over last(accuracy, 1m): %s", got)
	}
	if got := ask(3, "textDocument/hover", place(3, 18)); !strings.Contains(got, "heddle_accuracy` **arrives**") {
		t.Errorf("hover over accuracy: %s", got)
	}
	if got := ask(4, "textDocument/completion", place(5, 36)); !strings.Contains(got, `"label":"atlas-4"`) {
		t.Errorf("completion of a model: %s", got)
	}
	if got := ask(5, "textDocument/completion", place(5, 18)); !strings.Contains(got, `"label":"heddle_accuracy"`) || !strings.Contains(got, `"label":"heddle_request_duration_seconds"`) {
		t.Errorf("completion of a metric: %.2000s", got)
	}
	if got := ask(6, "shutdown", "null"); !strings.Contains(got, `"result":null`) {
		t.Errorf("shutdown: %s", got)
	}
	ask(0, "exit", "null")
	if code := <-ended; code != exitDone {
		t.Errorf("it ended with exit code %d", code)
	}
	if code, _, stderr := run(t, "lsp", "--rules", "["); code != exitUsage || !strings.Contains(stderr, "--rules") {
		t.Errorf("a wrong pattern: exit code %d, %s", code, stderr)
	}
}

// readMessage reads one message of the base protocol.
func readMessage(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	header, err := textproto.NewReader(r).ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	length, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, length)
	if _, err := io.ReadFull(r, content); err != nil {
		t.Fatal(err)
	}
	return string(content)
}
