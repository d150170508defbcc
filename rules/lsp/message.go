package lsp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// request is what the editor sends: a request, which has an id and is answered, or a notification.
type request struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	// Result and Error are set in answers; the server asks nothing, so none is waited for.
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

func (r *request) isNotification() bool { return len(r.ID) == 0 }

// parseRequest reads one message; the error says what to answer.
func parseRequest(content []byte) (*request, *responseError) {
	r := &request{}
	if trimmed := bytes.TrimSpace(content); len(trimmed) > 0 && trimmed[0] == '[' {
		return r, failf(codeInvalidRequest, "batches of messages are not part of the protocol")
	}
	if !json.Valid(content) {
		return r, failf(codeParseError, "the message is not JSON")
	}
	if err := json.Unmarshal(content, r); err != nil {
		return r, failf(codeInvalidRequest, "this is not a message of JSON-RPC: %v", err)
	}
	if len(r.ID) > 0 && !isID(r.ID) {
		r.ID = nil
		return r, failf(codeInvalidRequest, "an id is a number or a text")
	}
	isAnswer := r.Result != nil || r.Error != nil
	if r.Version != "2.0" || r.Method == "" && !isAnswer {
		return r, failf(codeInvalidRequest, `a message has "jsonrpc": "2.0" and a method`)
	}
	return r, nil
}

// isID reports whether JSON is a number or a text.
func isID(id json.RawMessage) bool {
	return id[0] == '"' || id[0] == '-' || id[0] >= '0' && id[0] <= '9'
}

// The codes of errors, from JSON-RPC and from the protocol.
const (
	codeParseError           = -32700
	codeInvalidRequest       = -32600
	codeMethodNotFound       = -32601
	codeInvalidParams        = -32602
	codeInternalError        = -32603
	codeServerNotInitialized = -32002
	codeRequestFailed        = -32803
	codeServerCancelled      = -32802
	codeRequestCancelled     = -32800
)

// responseError is why a request was not answered with a result.
type responseError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *responseError) Error() string { return e.Message }

func failf(code int, format string, args ...any) *responseError {
	return &responseError{code, fmt.Sprintf(format, args...)}
}

// writer sends messages to the editor, from any goroutine.
type writer struct {
	// mu guards out: one message is written at a time.
	mu  sync.Mutex
	out io.Writer
}

// answer sends the result of a request, or the error where it is not nil.
func (w *writer) answer(id json.RawMessage, result any, failure *responseError) error {
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	if failure != nil {
		return w.send(struct {
			Version string          `json:"jsonrpc"`
			ID      json.RawMessage `json:"id"`
			Error   *responseError  `json:"error"`
		}{"2.0", id, failure})
	}
	return w.send(struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Result  any             `json:"result"`
	}{"2.0", id, result})
}

// notify sends what is not answered.
func (w *writer) notify(method string, params any) error {
	return w.send(struct {
		Version string `json:"jsonrpc"`
		Method  string `json:"method"`
		Params  any    `json:"params"`
	}{"2.0", method, params})
}

func (w *writer) send(message any) error {
	content, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("a message cannot be written: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return writeFrame(w.out, content)
}
