package lsp

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// editor is the other end of a server: it speaks real frames over pipes.
type editor struct {
	t  *testing.T
	to io.WriteCloser
	// from are the frames of the server. They are read as they come, as an editor does: one that wrote
	// without reading would stop the server, which stops the editor.
	from chan []byte
	// ended is what Run returned.
	ended chan error
	// published are the latest diagnostics of each document.
	published map[string]publishDiagnosticsParams
	logged    []string
	lastID    int
}

// answerOf is one message of the server.
type answerOf struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *responseError  `json:"error"`
}

func connect(t *testing.T, o Options) *editor {
	t.Helper()
	serverIn, to := io.Pipe()
	from, serverOut := io.Pipe()
	e := &editor{t: t, to: to, from: make(chan []byte, 1024), ended: make(chan error, 1), published: map[string]publishDiagnosticsParams{}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	go func() {
		err := NewServer(o).Run(ctx, serverIn, serverOut)
		serverOut.Close()
		e.ended <- err
	}()
	go func() {
		defer close(e.from)
		for buffered := bufio.NewReader(from); ; {
			content, err := readFrame(buffered)
			if err != nil {
				return
			}
			e.from <- content
		}
	}()
	t.Cleanup(func() {
		cancel()
		to.Close()
		from.Close()
	})
	return e
}

// start connects and opens the conversation.
func start(t *testing.T, o Options) *editor {
	t.Helper()
	e := connect(t, o)
	e.ask("initialize", map[string]any{"capabilities": map[string]any{
		"textDocument": map[string]any{"completion": map[string]any{"completionItem": map[string]any{"snippetSupport": true}}},
	}}, nil)
	e.tell("initialized", struct{}{})
	return e
}

func (e *editor) raw(frame string) {
	e.t.Helper()
	if _, err := io.WriteString(e.to, frame); err != nil {
		e.t.Fatal(err)
	}
}

func (e *editor) send(message map[string]any) {
	e.t.Helper()
	message["jsonrpc"] = "2.0"
	content, err := json.Marshal(message)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := writeFrame(e.to, content); err != nil {
		e.t.Fatal(err)
	}
}

func (e *editor) tell(method string, params any) {
	e.t.Helper()
	e.send(map[string]any{"method": method, "params": params})
}

// next reads one message of the server.
func (e *editor) next() answerOf {
	e.t.Helper()
	content, open := <-e.from
	if !open {
		e.t.Fatal("the server says no more")
	}
	var a answerOf
	if err := json.Unmarshal(content, &a); err != nil {
		e.t.Fatalf("%v: %s", err, content)
	}
	switch a.Method {
	case "textDocument/publishDiagnostics":
		var p publishDiagnosticsParams
		if err := json.Unmarshal(a.Params, &p); err != nil {
			e.t.Fatal(err)
		}
		e.published[p.URI] = p
	case "window/logMessage":
		e.logged = append(e.logged, string(a.Params))
	}
	return a
}

// answer reads up to the answer of a request.
func (e *editor) answer(id string) answerOf {
	e.t.Helper()
	for {
		if a := e.next(); a.Method == "" && string(a.ID) == id {
			return a
		}
	}
}

// ask sends a request and waits for its result.
func (e *editor) ask(method string, params, result any) {
	e.t.Helper()
	if a := e.request(method, params); a.Error != nil {
		e.t.Fatalf("%s: %v", method, a.Error)
	} else if result != nil {
		if err := json.Unmarshal(a.Result, result); err != nil {
			e.t.Fatalf("%s: %v: %s", method, err, a.Result)
		}
	}
}

func (e *editor) request(method string, params any) answerOf {
	e.t.Helper()
	e.lastID++
	e.send(map[string]any{"id": e.lastID, "method": method, "params": params})
	return e.answer(fmt.Sprint(e.lastID))
}

func (e *editor) open(uri, text string) {
	e.t.Helper()
	e.tell("textDocument/didOpen", map[string]any{"textDocument": documentItem{URI: uri, Version: 1, Text: text}})
}

// diagnostics waits for those of a document at a version.
func (e *editor) diagnostics(uri string, version int) []diagnostic {
	e.t.Helper()
	for {
		if p, ok := e.published[uri]; ok && p.Version != nil && *p.Version >= version {
			delete(e.published, uri)
			return p.Diagnostics
		}
		e.next()
	}
}

// marked takes the mark ‸ out of a text, and says where it stood.
func marked(t *testing.T, source string) (content string, at position) {
	t.Helper()
	before, after, ok := strings.Cut(source, "‸")
	if !ok {
		t.Fatal("the text has no mark")
	}
	made := newText(before + after)
	return made.content, made.position(len(before))
}

const chat = "file:///rules/chat.rules"

func at(uri string, p position) positionParams { return positionParams{documentID{uri}, p} }
