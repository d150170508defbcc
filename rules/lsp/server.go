package lsp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Options are what a server needs beside its editor. The zero value serves files on their own.
type Options struct {
	// Patterns name the rule files that a server loads together (as of filepath.Glob); a document among
	// them is looked at with all of them.
	Patterns []string
	// Live is a running server, for current values and for names that only it knows; nil for none.
	Live Live
	// Version of the program, for the editor to show.
	Version string
}

// Server is a language server for one editor. Documents and analyses belong to the loop of Run; what
// answers a request gets copies of what it needs.
type Server struct {
	options Options
	writer  *writer
	open    documents
	// analyses are those of open documents, nil where a document or what it imports has changed.
	analyses map[string]*analysis
	// stale are the paths of open documents whose diagnostics have to be published.
	stale    map[string]bool
	snippets bool
	stage    stage
	// running are the requests that are being answered.
	running errgroup.Group
	// mu guards cancels: how to cancel those requests, by their ids.
	mu      sync.Mutex
	cancels map[string]context.CancelFunc
}

// stage is how far the conversation with the editor has come.
type stage uint8

const (
	uninitialized stage = iota
	serving
	shutDown
)

const (
	// maxRunning requests are answered at a time: more than an editor asks for one key.
	maxRunning = 16
	// queuedMessages may wait while a document is analyzed; their changes are then analyzed at once.
	queuedMessages = 8
)

// NewServer makes a server; Run serves an editor.
func NewServer(o Options) *Server {
	s := &Server{
		options: o, open: documents{}, analyses: map[string]*analysis{}, stale: map[string]bool{},
		cancels: map[string]context.CancelFunc{},
	}
	s.running.SetLimit(maxRunning)
	return s
}

// errNoShutdown is the end of an editor that says exit without shutdown before.
var errNoShutdown = errors.New("the editor ended without asking the server to shut down")

// Run serves the editor behind in and out until it says exit, in ends, or ctx does. A read of in that
// is under way when ctx ends is left to whoever owns in. Run is called once.
func (s *Server) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	s.writer = &writer{out: out}
	messages := make(chan incoming, queuedMessages)
	go read(ctx, in, messages)
	err := s.loop(ctx, messages)
	cancel()
	return errors.Join(err, s.running.Wait())
}

// incoming is one message, or why there is none.
type incoming struct {
	content []byte
	err     error
}

// read hands over messages until the input ends.
func read(ctx context.Context, in io.Reader, messages chan<- incoming) {
	buffered := bufio.NewReader(in)
	for {
		content, err := readFrame(buffered)
		select {
		case messages <- incoming{content, err}:
		case <-ctx.Done():
			return
		}
		if err != nil && !errors.Is(err, errTooLarge) {
			return
		}
	}
}

// loop takes the messages in their order. Diagnostics are published when no message waits, so that
// fast typing is analyzed once.
func (s *Server) loop(ctx context.Context, messages <-chan incoming) error {
	for {
		if len(messages) == 0 {
			if err := s.publish(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case message := <-messages:
			done, err := s.take(ctx, message)
			if done || err != nil {
				return err
			}
		}
	}
}

// take handles one message; done is set after the last.
func (s *Server) take(ctx context.Context, message incoming) (done bool, err error) {
	switch {
	case message.err == io.EOF:
		return true, nil
	case errors.Is(message.err, errTooLarge):
		return false, s.writer.answer(nil, nil, failf(codeInvalidRequest, "%v", message.err))
	case message.err != nil:
		// What follows cannot be understood; the editor gets to know why the server ends.
		return true, errors.Join(message.err, s.writer.answer(nil, nil, failf(codeParseError, "%v", message.err)))
	}
	r, failure := parseRequest(message.content)
	switch {
	case failure != nil:
		return false, s.writer.answer(r.ID, nil, failure)
	case r.Method == "":
		return false, nil // an answer: nothing was asked, so nobody waits for it
	case r.Method == "exit":
		if s.stage != shutDown {
			return true, errNoShutdown
		}
		return true, nil
	case r.isNotification():
		if failure := s.notified(r); failure != nil {
			return false, s.writer.notify("window/logMessage", logMessageParams{logError, fmt.Sprintf("%s: %s", r.Method, failure.Message)})
		}
		return false, nil
	}
	return false, s.asked(ctx, r)
}

// notified does what a notification tells; what it tells of a stage in which nothing is served is
// passed over, as the protocol wants.
func (s *Server) notified(r *request) (failure *responseError) {
	defer recovered(&failure)
	if s.stage != serving {
		return nil
	}
	switch r.Method {
	case "textDocument/didOpen":
		p, failure := params[didOpenParams](r)
		if failure != nil {
			return failure
		}
		d, err := s.open.open(p.TextDocument)
		return s.changed(d, err)
	case "textDocument/didChange":
		p, failure := params[didChangeParams](r)
		if failure != nil {
			return failure
		}
		d, err := s.open.change(p)
		return s.changed(d, err)
	case "textDocument/didClose", "textDocument/didSave":
		p, failure := params[documentParams](r)
		if failure != nil {
			return failure
		}
		if r.Method == "textDocument/didClose" {
			return s.close(p.TextDocument.URI)
		}
		s.touch(pathOf(p.TextDocument.URI))
	case "$/cancelRequest":
		p, failure := params[cancelParams](r)
		if failure != nil {
			return failure
		}
		s.cancel(p.ID)
	}
	return nil
}

// params reads the parameters of a message.
func params[P any](r *request) (p P, failure *responseError) {
	if len(r.Params) == 0 {
		return p, failf(codeInvalidParams, "%s has no parameters", r.Method)
	}
	if err := json.Unmarshal(r.Params, &p); err != nil {
		return p, failf(codeInvalidParams, "the parameters of %s cannot be read: %v", r.Method, err)
	}
	return p, nil
}

// recovered turns a panic into an error: one request that fails ends nobody's session.
func recovered(failure **responseError) {
	if r := recover(); r != nil {
		*failure = failf(codeInternalError, "a mistake of the language server: %v", r)
	}
}

// changed takes note of a new text.
func (s *Server) changed(d *document, err error) *responseError {
	if err != nil {
		return failf(codeInvalidParams, "%v", err)
	}
	s.touch(d.path)
	return nil
}

func (s *Server) close(uri string) *responseError {
	name := pathOf(uri)
	d, ok := s.open[name]
	if !ok {
		return failf(codeInvalidParams, "%s is closed and was not opened", uri)
	}
	delete(s.open, name)
	s.touch(name)
	delete(s.stale, name)
	err := s.writer.notify("textDocument/publishDiagnostics", publishDiagnosticsParams{URI: d.uri, Diagnostics: []diagnostic{}})
	if err != nil {
		return failf(codeInternalError, "%v", err)
	}
	return nil
}

// touch drops the analyses that a change of a file has outdated: its own, and those that have read it
// or that it has read, which may ask for its names.
func (s *Server) touch(name string) {
	before := s.analyses[name]
	delete(s.analyses, name)
	for other, a := range s.analyses {
		if a.read[name] || before != nil && before.read[other] {
			delete(s.analyses, other)
			s.stale[other] = true
		}
	}
	if s.open[name] != nil {
		s.stale[name] = true
	}
}

// analysisOf gives the analysis of an open document, nil where it is not open.
func (s *Server) analysisOf(uri string) *analysis {
	d := s.open[pathOf(uri)]
	if d == nil {
		return nil
	}
	if a := s.analyses[d.path]; a != nil {
		return a
	}
	a := analyze(d, s.open, s.options.Patterns)
	s.analyses[d.path] = a
	// An open file that this one imports may have warnings of names that nothing used until now.
	for other, known := range s.analyses {
		if a.read[other] && !known.read[d.path] {
			delete(s.analyses, other)
			s.stale[other] = true
		}
	}
	return a
}

// publish tells the editor the mistakes of the documents that changed. An analysis can make others
// stale, each once, so this ends.
func (s *Server) publish() error {
	for len(s.stale) > 0 {
		name := slices.Sorted(maps.Keys(s.stale))[0]
		delete(s.stale, name)
		d := s.open[name]
		if d == nil {
			continue
		}
		list, failure := s.diagnosticsOf(d)
		if failure != nil {
			list = []diagnostic{{Severity: severityError, Source: "heddle", Message: failure.Message}}
		}
		if err := s.writer.notify("textDocument/publishDiagnostics", publishDiagnosticsParams{URI: d.uri, Version: &d.version, Diagnostics: list}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) diagnosticsOf(d *document) (list []diagnostic, failure *responseError) {
	defer recovered(&failure)
	return s.analysisOf(d.uri).diagnostics(s.open), nil
}
