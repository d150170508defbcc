package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// heartbeat is how often a silent stream shows that it lives, well below the idle times of
	// proxies (60 s and more).
	heartbeat = 15 * time.Second
	// streamWriteTimeout is how long a reader may take for one event.
	streamWriteTimeout = 10 * time.Second
)

// stream is an answer of server-sent events.
type stream struct {
	w          http.ResponseWriter
	controller *http.ResponseController
}

// newStream begins an answer that has no end of its own: in place of the server's deadline for one
// answer, each event gets its own.
func newStream(w http.ResponseWriter) *stream {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return &stream{w, http.NewResponseController(w)}
}

// send sends one event; id is what a reader that comes back names as its last.
func (s *stream) send(kind, id string, data any) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return s.write("event: %s\nid: %s\ndata: %s\n\n", kind, id, encoded)
}

// beat sends a comment.
func (s *stream) beat() error { return s.write(": alive\n\n") }

func (s *stream) write(format string, args ...any) error {
	if err := s.controller.SetWriteDeadline(time.Now().Add(streamWriteTimeout)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.w, format, args...); err != nil {
		return err
	}
	return s.controller.Flush()
}

// follow sends what comes from events until it ends, the reader goes, or the server stops.
func follow[T any](ctx context.Context, s *stream, events <-chan T, send func(T) error) {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case event, open := <-events:
			if !open {
				return
			}
			err = send(event)
		case <-ticker.C:
			err = s.beat()
		}
		if err != nil {
			return // the reader is gone
		}
	}
}

// streamContext ends with the request or with the server.
func streamContext(r *http.Request, streams context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(streams, cancel)
	return ctx, func() { stop(); cancel() }
}
