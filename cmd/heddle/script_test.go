package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"heddle": main})
}

// TestScripts runs testdata/script: each file is a person at a terminal. $ADDR is a free address for
// a server of its own, which HEDDLE_URL names. Beside testscript's commands there are
//
//	exits CODE COMMAND…   runs a command that must end with this exit code
//	ready                 waits until the server at $ADDR is ready
//	get PATH              asks the server; the answer is stdout
//	post PATH FILE        sends it a file; the answer is stdout
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Setenv("ADDR", listener.Addr().String())
			env.Setenv("HEDDLE_URL", "http://"+listener.Addr().String())
			return listener.Close()
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"ready": ready,
			"get":   func(ts *testscript.TestScript, neg bool, args []string) { request(ts, neg, http.MethodGet, args) },
			"post":  func(ts *testscript.TestScript, neg bool, args []string) { request(ts, neg, http.MethodPost, args) },
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		ended := new(exec.ExitError)
		if !errors.As(err, &ended) {
			ts.Fatalf("%v", err)
		}
		got = ended.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func ready(ts *testscript.TestScript, neg bool, args []string) {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		response, err := http.Get("http://" + ts.Getenv("ADDR") + "/-/ready")
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return
		}
	}
	ts.Fatalf("no server became ready")
}

// request prints the answer; a status other than 2xx is a failure, which neg demands.
func request(ts *testscript.TestScript, neg bool, method string, args []string) {
	var body io.Reader
	switch {
	case method == http.MethodPost && len(args) == 2:
		file, err := os.Open(ts.MkAbs(args[1]))
		ts.Check(err)
		defer file.Close()
		body = file
	case len(args) != 1:
		ts.Fatalf("usage: get PATH, post PATH FILE")
	}
	r, err := http.NewRequest(method, "http://"+ts.Getenv("ADDR")+args[0], body)
	ts.Check(err)
	response, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	ts.Check(err)
	_, _ = io.WriteString(ts.Stdout(), strings.TrimSuffix(string(text), "\n")+"\n")
	if failed := response.StatusCode/100 != 2; failed != neg {
		ts.Fatalf("%s %s: %s %s", method, args[0], response.Status, text)
	}
}
