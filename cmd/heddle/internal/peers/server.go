// Package peers starts time-series servers side by side — Heddle itself, and Prometheus and
// VictoriaMetrics where they are installed — each in a directory of its own on a free loopback port,
// and reads what Linux accounts to them.
package peers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/child"
)

// Server is one running store. It is used by one goroutine, but for Write.
type Server struct {
	// Name and Version are for people: "Prometheus", "2.42.0".
	Name, Version string
	// URL is the root of its HTTP interface, without a slash at the end.
	URL string

	client  *http.Client
	process *child.Process
	// start starts the server's program and waits until it answers.
	start func(context.Context) (*child.Process, error)
	// compact brings all samples to where they stay, in as few bytes as this server ever uses, and
	// returns the directory that then holds them.
	compact func(context.Context) (dir string, err error)
	// root is a directory of which everything counts, also what is not samples; empty: there is no more
	// than what compact returns.
	root string
}

// Disk is what a server has on disk.
type Disk struct {
	// SampleBytes is what grows with samples: blocks, logs, index.
	SampleBytes int64
	// OtherBytes is what does not: Heddle's journal of decisions.
	OtherBytes int64
}

// Options say how servers are started.
type Options struct {
	// Dir is an empty directory for this one server.
	Dir string
	// Rules is the text of a rule file in the server's own language; empty: none.
	Rules string
}

// Start is one of [Heddle], [Prometheus] and [VictoriaMetrics].
type Start func(context.Context, Options) (*Server, error)

// requestLimit bounds one request: the longest is a compaction of all there is.
const requestLimit = 10 * time.Minute

// newServer makes the handle of a server that is not running yet.
func newServer(name, version, address string) *Server {
	return &Server{Name: name, Version: version, URL: "http://" + address, client: &http.Client{Timeout: requestLimit}}
}

// run starts the server's program and waits until the path ready answers.
func (s *Server) run(ctx context.Context, o Options, ready, program string, args ...string) (*Server, error) {
	s.start = func(ctx context.Context) (*child.Process, error) {
		process, err := child.Start(ctx, o.Dir, s.URL+ready, program, args...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		return process, nil
	}
	var err error
	if s.process, err = s.start(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Restart kills the server, starts it again over what it left, and returns how long it took until it
// was ready.
func (s *Server) Restart(ctx context.Context) (time.Duration, error) {
	s.Kill()
	began := time.Now()
	process, err := s.start(ctx)
	if err != nil {
		return 0, err
	}
	s.process = process
	return time.Since(began), nil
}

// installed finds a program under any of its names.
func installed(names ...string) (string, error) {
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, exec.ErrNotFound) {
			return "", err
		}
	}
	return "", fmt.Errorf("%s: %w", names[0], ErrNotInstalled)
}

// ErrNotInstalled is returned when a peer's program is not on this machine.
var ErrNotInstalled = errors.New("not installed")

// Compact flushes and compacts, waits until the server is idle again, and returns how many bytes it
// then takes on disk: files as long as they are, directories not counted.
func (s *Server) Compact(ctx context.Context) (Disk, error) {
	dir, err := s.compact(ctx)
	if err != nil {
		return Disk{}, fmt.Errorf("%s: compact: %w", s.Name, err)
	}
	if err := s.Settle(ctx); err != nil {
		return Disk{}, err
	}
	samples, err := diskBytes(dir)
	if err != nil || s.root == "" {
		return Disk{SampleBytes: samples}, err
	}
	all, err := diskBytes(s.root)
	return Disk{SampleBytes: samples, OtherBytes: all - samples}, err
}

// Usage is what the process has used since it started, with all its threads.
func (s *Server) Usage() (Usage, error) {
	return usageOf(s.process.PID())
}

// Kill ends the server at once; what it had not answered yet is lost.
func (s *Server) Kill() { s.process.Kill() }

// Stop ends the server in order, or by force if it does not end, and waits for it.
func (s *Server) Stop() error {
	return s.process.Stop()
}

func diskBytes(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil && entry.Type().IsRegular() {
			if info, err = entry.Info(); err == nil {
				sum += info.Size()
			}
		}
		if errors.Is(err, fs.ErrNotExist) && path != dir {
			return nil // the server has just removed it
		}
		return err
	})
	return sum, err
}
