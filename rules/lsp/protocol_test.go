package lsp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestLifecycle(t *testing.T) {
	e := connect(t, Options{})
	if a := e.request("textDocument/hover", at(chat, position{})); a.Error == nil || a.Error.Code != codeServerNotInitialized {
		t.Errorf("before initialize: %+v", a)
	}
	e.ask("initialize", map[string]any{"capabilities": map[string]any{}, "processId": nil}, nil)
	if a := e.request("initialize", map[string]any{}); a.Error == nil || a.Error.Code != codeInvalidRequest {
		t.Errorf("a second initialize: %+v", a)
	}
	e.ask("shutdown", nil, nil)
	if a := e.request("textDocument/hover", at(chat, position{})); a.Error == nil || a.Error.Code != codeInvalidRequest {
		t.Errorf("after shutdown: %+v", a)
	}
	e.tell("exit", nil)
	if err := <-e.ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}

	e = start(t, Options{})
	e.tell("exit", nil)
	if err := <-e.ended; !errors.Is(err, errNoShutdown) {
		t.Errorf("exit without shutdown ended with %v", err)
	}

	e = start(t, Options{})
	e.to.Close()
	if err := <-e.ended; err != nil {
		t.Errorf("an editor that is gone ended the server with %v", err)
	}
}

func TestBadMessagesAreAnswered(t *testing.T) {
	frame := func(content string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(content), content) }
	e := start(t, Options{})
	for _, c := range []struct {
		content, id string
		code        int
	}{
		{`{"jsonrpc": "2.0", "id": 1`, "null", codeParseError},
		{"", "null", codeParseError},
		{"\xff\xfe", "null", codeParseError},
		{"[]", "null", codeInvalidRequest},
		{"7", "null", codeInvalidRequest},
		{`{"jsonrpc": "2.0", "id": {}, "method": "x"}`, "null", codeInvalidRequest},
		{`{"jsonrpc": "1.0", "id": 50, "method": "x"}`, "50", codeInvalidRequest},
		{`{"jsonrpc": "2.0", "id": 51}`, "51", codeInvalidRequest},
		{`{"jsonrpc": "2.0", "id": "é", "method": "workspace/none"}`, `"é"`, codeMethodNotFound},
		{`{"jsonrpc": "2.0", "id": 52, "method": "textDocument/hover"}`, "52", codeInvalidParams},
		{`{"jsonrpc": "2.0", "id": 53, "method": "textDocument/hover", "params": [1]}`, "53", codeInvalidParams},
		{`{"jsonrpc": "2.0", "id": 54, "method": "textDocument/hover", "params": {"textDocument": {"uri": "file:///none"}, "position": {"line": 0, "character": 0}}}`, "54", codeInvalidParams},
		{`{"jsonrpc": "2.0", "id": 55, "method": "textDocument/hover", "params": {"textDocument": {"uri": "file:///none"}, "position": {"line": -1, "character": 0}}}`, "55", codeInvalidParams},
		{strings.Repeat("[", 20000), "null", codeInvalidRequest},
	} {
		e.raw(frame(c.content))
		a := e.answer(c.id)
		if a.Error == nil || a.Error.Code != c.code || a.Error.Message == "" {
			t.Errorf("%.60q is answered with %+v, want %d", c.content, a.Error, c.code)
		}
	}
	// What is too large is passed over, and the conversation goes on.
	e.raw(fmt.Sprintf("Content-Length: %d\r\n\r\n", maxMessageBytes+1))
	e.raw(strings.Repeat(" ", maxMessageBytes+1))
	if a := e.answer("null"); a.Error == nil || !strings.Contains(a.Error.Message, "larger than") {
		t.Errorf("a large message is answered with %+v", a)
	}
	// A notification has no answer; the editor's log has the reason.
	e.tell("textDocument/didChange", didChangeParams{versionedDocumentID{chat, 2}, nil})
	e.tell("textDocument/didOpen", 5)
	e.open(chat, "let x = 1\n")
	e.diagnostics(chat, 1)
	if len(e.logged) != 2 || !strings.Contains(e.logged[0], "was not opened") {
		t.Errorf("logged %q", e.logged)
	}
	// Behind headers that cannot be understood nothing can be found again: told, then ended.
	e.raw("Content-Length: many\r\n\r\n{}")
	if a := e.answer("null"); a.Error == nil || a.Error.Code != codeParseError {
		t.Errorf("a bad header is answered with %+v", a)
	}
	if err := <-e.ended; err == nil {
		t.Error("the server ended without an error")
	}
}

func TestCancel(t *testing.T) {
	e := start(t, Options{Live: fixedLive{block: true}})
	source, place := marked(t, strings.Replace(hoverRules, "count(latency", "coun‸t(latency", 1))
	e.open(chat, source)
	for id := range maxRunning {
		e.send(map[string]any{"id": 100 + id, "method": "textDocument/hover", "params": at(chat, place)})
	}
	e.send(map[string]any{"id": 200, "method": "textDocument/hover", "params": at(chat, place)})
	if a := e.answer("200"); a.Error == nil || a.Error.Code != codeServerCancelled {
		t.Errorf("a request too many: %+v", a)
	}
	e.send(map[string]any{"id": 101, "method": "textDocument/hover", "params": at(chat, place)})
	if a := e.answer("101"); a.Error == nil || a.Error.Code != codeInvalidRequest {
		t.Errorf("an id that is in use: %+v", a)
	}
	// The others are cancelled one by one, while documents are still served.
	e.open("file:///rules/other.rules", "let x = 1\n")
	e.diagnostics("file:///rules/other.rules", 1)
	for id := range maxRunning {
		e.tell("$/cancelRequest", map[string]any{"id": 100 + id})
		if a := e.answer(fmt.Sprint(100 + id)); a.Error == nil || a.Error.Code != codeRequestCancelled {
			t.Errorf("a cancelled request: %+v", a)
		}
	}
	e.ask("shutdown", nil, nil)
}

func TestDocumentBounds(t *testing.T) {
	e := start(t, Options{})
	e.open(chat, strings.Repeat("# x\n", maxDocumentBytes/4+1))
	if list := e.diagnostics(chat, 1); len(list) != 1 || !strings.Contains(list[0].Message, "bytes") {
		t.Fatalf("a document that is too large: %+v", list)
	}
	if a := e.request("textDocument/hover", at(chat, position{})); a.Error == nil || a.Error.Code != codeRequestFailed {
		t.Errorf("hover in a document that is too large: %+v", a)
	}
	// An edit of a text that was not kept changes nothing; a whole one is taken.
	e.tell("textDocument/didChange", didChangeParams{versionedDocumentID{chat, 2}, []contentChange{{&span{}, "let"}}})
	if list := e.diagnostics(chat, 2); len(list) != 1 {
		t.Errorf("an edit of it: %+v", list)
	}
	e.tell("textDocument/didChange", didChangeParams{versionedDocumentID{chat, 3}, []contentChange{{nil, cleanRules}}})
	if list := e.diagnostics(chat, 3); len(list) != 0 {
		t.Errorf("a whole text: %+v", list)
	}
	for i := range maxDocuments - 1 {
		e.open(fmt.Sprintf("untitled:%d", i), "")
		e.diagnostics(fmt.Sprintf("untitled:%d", i), 1)
	}
	e.open("untitled:more", "")
	e.ask("textDocument/documentSymbol", documentParams{documentID{chat}}, nil)
	if len(e.logged) != 1 || !strings.Contains(e.logged[0], "close some") {
		t.Errorf("logged %q", e.logged)
	}
}

func TestReadFrame(t *testing.T) {
	for _, c := range []struct {
		input, content string
		fails          bool
	}{
		{"Content-Length: 2\r\n\r\n{}", "{}", false},
		{"content-length:2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n{}rest", "{}", false},
		{"Content-Length: 0\r\n\r\n", "", false},
		{"Content-Length: 3\r\n\r\n{}", "", true},
		{"Content-Length: -3\r\n\r\n{}", "", true},
		{"Content-Length: 99999999999999999999\r\n\r\n{}", "", true},
		{"Content-Length: 2\r\n", "", true},
		{"\r\n{}", "", true},
		{"what\r\n\r\n", "", true},
		{strings.Repeat("A: b\r\n", maxHeaderBytes) + "\r\n", "", true},
		{strings.Repeat("A", maxHeaderBytes*2), "", true},
	} {
		content, err := readFrame(bufio.NewReader(strings.NewReader(c.input)))
		if string(content) != c.content || (err != nil) != c.fails || err == io.EOF {
			t.Errorf("%.50q gives %q, %v", c.input, content, err)
		}
	}
	if _, err := readFrame(bufio.NewReader(strings.NewReader(""))); err != io.EOF {
		t.Errorf("no input gives %v", err)
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add([]byte("Content-Length: 2\r\n\r\n{}"))
	f.Add([]byte("Content-Length: 9\r\nContent-Type: x\r\n\r\n{\"id\": 1}"))
	f.Fuzz(func(t *testing.T, input []byte) {
		// What is written is read back, whatever stands behind it.
		var frame bytes.Buffer
		if err := writeFrame(&frame, input); err != nil {
			t.Fatal(err)
		}
		frame.WriteString("Content")
		if content, err := readFrame(bufio.NewReader(&frame)); err != nil || !bytes.Equal(content, input) {
			t.Fatalf("%q is read as %q, %v", input, content, err)
		}
		content, err := readFrame(bufio.NewReader(bytes.NewReader(input)))
		if err != nil {
			return
		}
		r, failure := parseRequest(content)
		if failure == nil && !json.Valid(content) {
			t.Fatalf("%q is taken as %+v", content, r)
		}
	})
}
