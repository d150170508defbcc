package lsp

import (
	"context"
	"encoding/json"
	"maps"
)

// asked answers a request, or sees to it that it is answered.
func (s *Server) asked(ctx context.Context, r *request) error {
	switch {
	case r.Method == "initialize" && s.stage == uninitialized:
		return s.initialize(r)
	case s.stage == uninitialized:
		return s.writer.answer(r.ID, nil, failf(codeServerNotInitialized, "the first request is initialize"))
	case s.stage == shutDown || r.Method == "initialize":
		return s.writer.answer(r.ID, nil, failf(codeInvalidRequest, "%s cannot be asked now", r.Method))
	case r.Method == "shutdown":
		s.stage = shutDown
		return s.writer.answer(r.ID, nil, nil)
	}
	work, failure := s.work(r)
	if failure != nil {
		return s.writer.answer(r.ID, nil, failure)
	}
	ctx, cancel, fresh := s.cancellable(ctx, r.ID)
	if !fresh {
		return s.writer.answer(r.ID, nil, failf(codeInvalidRequest, "a request with the id %s is being answered", r.ID))
	}
	started := s.running.TryGo(func() error {
		defer cancel()
		result, failure := run(ctx, work)
		return s.writer.answer(r.ID, result, failure)
	})
	if !started {
		cancel()
		return s.writer.answer(r.ID, nil, failf(codeServerCancelled, "%d requests are being answered; ask again", maxRunning))
	}
	return nil
}

// work prepares the answer to a request about a document: it takes what it needs of the state now, and
// returns the function that makes the answer from it.
func (s *Server) work(r *request) (work func(context.Context) any, failure *responseError) {
	defer recovered(&failure)
	answer, ok := answers[r.Method]
	if !ok {
		return nil, failf(codeMethodNotFound, "%q is not a method of this server", r.Method)
	}
	p, failure := params[positionParams](r)
	if failure != nil {
		return nil, failure
	}
	a := s.analysisOf(p.TextDocument.URI)
	if a == nil {
		return nil, failf(codeInvalidParams, "%s is not open", p.TextDocument.URI)
	}
	if a.document.refused != "" {
		return nil, failf(codeRequestFailed, "%s", a.document.refused)
	}
	q := question{analysis: a, at: p.Position, open: maps.Clone(s.open)}
	return func(ctx context.Context) any { return answer(s, ctx, q) }, nil
}

// question is what a request asks, with what the answer needs of the documents.
type question struct {
	analysis *analysis
	at       position
	open     documents
}

// answers are the requests about a document. They run beside the loop, so of the server they use only
// what does not change after initialize.
var answers = map[string]func(*Server, context.Context, question) any{
	"textDocument/hover": func(s *Server, ctx context.Context, q question) any {
		return s.hover(ctx, q.analysis, q.at)
	},
	"textDocument/completion": func(s *Server, ctx context.Context, q question) any {
		return s.complete(ctx, q.analysis, q.at)
	},
	"textDocument/definition": func(_ *Server, _ context.Context, q question) any {
		return q.analysis.definition(q.at, q.open)
	},
	"textDocument/documentSymbol": func(_ *Server, _ context.Context, q question) any {
		return q.analysis.outline()
	},
	"textDocument/formatting": func(_ *Server, _ context.Context, q question) any {
		return format(q.analysis.document)
	},
}

// run does the work unless the request was cancelled, before or meanwhile.
func run(ctx context.Context, work func(context.Context) any) (result any, failure *responseError) {
	defer recovered(&failure)
	if ctx.Err() == nil {
		result = work(ctx)
	}
	if ctx.Err() != nil {
		return nil, failf(codeRequestCancelled, "the request was cancelled")
	}
	return result, nil
}

// cancellable gives a request a context that $/cancelRequest ends; fresh is false where another request
// with its id is being answered.
func (s *Server) cancellable(parent context.Context, id json.RawMessage) (ctx context.Context, done func(), fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := string(id)
	if s.cancels[key] != nil {
		return nil, nil, false
	}
	ctx, cancel := context.WithCancel(parent)
	s.cancels[key] = cancel
	return ctx, func() {
		cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.cancels, key)
	}, true
}

// cancel ends the request with this id; one that is not known has been answered.
func (s *Server) cancel(id json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.cancels[string(id)]; cancel != nil {
		cancel()
	}
}

// initialize tells what the server can do.
func (s *Server) initialize(r *request) error {
	p, failure := params[initializeParams](r)
	if failure != nil {
		return s.writer.answer(r.ID, nil, failure)
	}
	s.snippets = p.Capabilities.TextDocument.Completion.CompletionItem.SnippetSupport
	s.stage = serving
	return s.writer.answer(r.ID, initializeResult{
		Capabilities: capabilities{
			PositionEncoding:           "utf-16",
			TextDocumentSync:           syncOptions{OpenClose: true, Change: syncIncremental, Save: true},
			CompletionProvider:         completionOptions{TriggerCharacters: []string{`"`, "(", "{", ",", " "}},
			HoverProvider:              true,
			DefinitionProvider:         true,
			DocumentSymbolProvider:     true,
			DocumentFormattingProvider: true,
		},
		ServerInfo: serverInfo{Name: "heddle", Version: s.options.Version},
	}, nil)
}
