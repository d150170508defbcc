package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// readyLimit bounds the wait for a server, generous because tests share their machine.
	readyLimit = 60 * time.Second
	// soon bounds the wait for what should follow at once; a test that reaches it has failed.
	soon = 20 * time.Second
	// pollEvery is the pause between two looks at the server.
	pollEvery = 10 * time.Millisecond
)

// server is a real `heddle serve` in a directory of its own, which lives through kills and restarts.
type server struct {
	t       *testing.T
	dir     string // with heddle.yml, *.rules and data/
	address string
	command *exec.Cmd
	ended   chan error
	starts  int
}

// newServer writes files (name → text) to a fresh directory and starts a server on its heddle.yml, in
// which ADDRESS stands for the address to listen on. It is killed when the test ends.
func newServer(t *testing.T, files map[string]string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), address: freeAddress(t)}
	for name, text := range files {
		s.write(name, strings.ReplaceAll(text, "ADDRESS", s.address))
	}
	t.Cleanup(func() {
		if s.command != nil {
			s.kill()
		}
		s.checkLog()
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.log())
		}
	})
	s.start()
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// write replaces a file of the server's directory.
func (s *server) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

// start runs the process and waits until it is ready.
func (s *server) start() {
	s.t.Helper()
	s.starts++
	log, err := os.OpenFile(s.path("serve.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.command = exec.Command(heddle, "serve", "--config", "heddle.yml")
	s.command.Dir, s.command.Stdout, s.command.Stderr = s.dir, log, log
	s.command.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "HEDDLE_") })
	if err := s.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.ended = make(chan error, 1)
	go func(command *exec.Cmd, ended chan<- error) { ended <- command.Wait() }(s.command, s.ended)
	deadline := time.Now().Add(readyLimit)
	for {
		response, err := http.Get(s.url("/-/ready"))
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-s.ended:
			s.command = nil
			s.t.Fatalf("the server ended before it was ready: %v\n%s", err, s.log())
		case <-time.After(pollEvery):
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the server was not ready after %v", readyLimit)
		}
	}
}

// kill ends the process as a power switch would, as far as a process is concerned.
func (s *server) kill() {
	s.t.Helper()
	if err := s.command.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	<-s.ended
	s.command = nil
}

// stop ends the process in order.
func (s *server) stop() {
	s.t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case err := <-s.ended:
		s.command = nil
		if err != nil {
			s.t.Fatalf("the server did not end in order: %v", err)
		}
	case <-time.After(readyLimit):
		s.t.Fatalf("the server did not end within %v of SIGTERM", readyLimit)
	}
}

func (s *server) url(path string) string { return "http://" + s.address + path }

func (s *server) log() string {
	const most = 8000 // bytes: the end of a log says what went wrong
	text, err := os.ReadFile(s.path("serve.log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}

// checkLog reports what a process must never say, whatever happens to it.
func (s *server) checkLog() {
	s.t.Helper()
	text, err := os.ReadFile(s.path("serve.log"))
	if err != nil {
		s.t.Error(err)
		return
	}
	for _, never := range []string{"DATA RACE", "panic:", "fatal error:"} {
		if at := strings.Index(string(text), never); at >= 0 {
			s.t.Errorf("the server's log has %q:\n%s", never, text[max(0, at-100):min(len(text), at+4000)])
		}
	}
}

// get asks for JSON; any status but 200 fails the test.
func (s *server) get(path string, into any) {
	s.t.Helper()
	status, body := s.request(http.MethodGet, path, "")
	if status != http.StatusOK {
		s.t.Fatalf("GET %s: %d %s", path, status, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		s.t.Fatalf("GET %s: %v in %s", path, err, body)
	}
}

// request does one request with a JSON body ("": none).
func (s *server) request(method, path, body string) (status int, answer []byte) {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url(path), strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return response.StatusCode, bytes.TrimSpace(answer)
}

// route is GET /api/v1/routes/{name}.
type route struct {
	Name    string `json:"name"`
	Epoch   uint64 `json:"epoch"`
	Serving string `json:"serving"`
	Wanted  string `json:"wanted"`
	Primary string `json:"primary"`
	State   string `json:"state"`
	Reason  string `json:"reason"`
	Models  []struct {
		Model        string   `json:"model"`
		Fit          bool     `json:"fit"`
		UnfitBecause []string `json:"unfit_because"`
	} `json:"models"`
}

func (s *server) route(name string) route {
	s.t.Helper()
	var r route
	s.get("/api/v1/routes/"+name, &r)
	return r
}

// event is one of GET /api/v1/journal, with what switches carry.
type event struct {
	Seq       uint64          `json:"seq"`
	Time      time.Time       `json:"time"`
	Kind      string          `json:"kind"`
	Route     string          `json:"route"`
	Action    string          `json:"action"`
	From      string          `json:"from"`
	To        string          `json:"to"`
	Epoch     uint64          `json:"epoch"`
	Cause     json.RawMessage `json:"cause"`
	DecidedAt time.Time       `json:"decided_at"`
	AppliedAt time.Time       `json:"applied_at"`
	Hash      string          `json:"hash"`
}

// journal returns the events of one kind ("": all), oldest first.
func (s *server) journal(kind string) []event {
	s.t.Helper()
	path := "/api/v1/journal"
	if kind != "" {
		path += "?kind=" + kind
	}
	var page struct {
		Events []event `json:"events"`
	}
	s.get(path, &page)
	return page.Events
}

// eventually waits until is holds, looking often; the test fails where it does not within soon.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(soon)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("did not come about within %v: %s", soon, what)
		}
		time.Sleep(pollEvery)
	}
}

// path returns how the route went: "a→b b→c".
func moves(events []event) string {
	steps := make([]string, len(events))
	for i, e := range events {
		steps[i] = fmt.Sprintf("%s→%s", e.From, e.To)
	}
	return strings.Join(steps, " ")
}
