package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/child"
)

// VictoriaMetrics starts the Debian package's single server with its defaults, nothing deleted.
func VictoriaMetrics(ctx context.Context, o Options) (*Server, error) {
	program, err := installed("victoria-metrics", "victoria-metrics-prod")
	if err != nil {
		return nil, err
	}
	address, err := child.FreeAddress()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(o.Dir, "data")
	s := newServer("VictoriaMetrics", packageVersion("victoria-metrics", program), address)
	s.compact = func(ctx context.Context) (string, error) { return data, s.forceMerge(ctx, data) }
	return s.run(ctx, o, "/health", program,
		"-storageDataPath="+data,
		"-httpListenAddr="+address,
		"-retentionPeriod=100y",
		"-loggerLevel=ERROR",
	)
}

// mergeRounds bounds how often VictoriaMetrics is asked to flush and merge; two or three are enough.
const mergeRounds = 10

// forceMerge flushes and merges until nothing grows any more: now and then a flush is done before
// samples that were acknowledged are in a file.
func (s *Server) forceMerge(ctx context.Context, data string) error {
	var before int64
	for round := range mergeRounds {
		for _, path := range []string{"/internal/force_flush", "/internal/force_merge"} {
			if err := s.call(ctx, http.MethodGet, path, nil); err != nil {
				return err
			}
		}
		if err := errors.Join(s.waitMerged(ctx), s.Settle(ctx)); err != nil {
			return err
		}
		now, err := diskBytes(data)
		if err != nil {
			return err
		}
		if round > 0 && now <= before {
			return nil
		}
		before = now
	}
	return fmt.Errorf("still grows after %d merges", mergeRounds)
}

var activeMerges = regexp.MustCompile(`(?m)^vm_active_force_merges (\d+)$`)

// waitMerged waits for a forced merge, which VictoriaMetrics does behind the request's back.
func (s *Server) waitMerged(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/metrics", nil)
		if err != nil {
			return err
		}
		response, err := s.client.Do(request)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return err
		}
		found := activeMerges.FindSubmatch(text)
		if found == nil {
			return fmt.Errorf("its metrics have no vm_active_force_merges")
		}
		if active, _ := strconv.Atoi(string(found[1])); active == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
