package peers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// startLimit is how long a server may take until it says that it is ready: an empty store is
	// there in a second, but a busy machine may need ten times that.
	startLimit = 60 * time.Second
	// stopLimit is how long a server may take to end by itself after SIGTERM.
	stopLimit = 30 * time.Second
)

// process is a child whose output goes to a file. It is always waited for by exactly one goroutine.
type process struct {
	command *exec.Cmd
	logPath string
	done    chan struct{} // closed when the child has been waited for; err is set before
	err     error
}

// startProcess runs a program with its output in logPath.
func startProcess(logPath, program string, args ...string) (*process, error) {
	log, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own descriptor
	command := exec.Command(program, args...)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command: command, logPath: logPath, done: make(chan struct{})}
	go func() {
		p.err = command.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *process) pid() int { return p.command.Process.Pid }

// waitReady asks url until it answers 200, the process ends or startLimit is over.
func (p *process) waitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("not ready after %v", startLimit))
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.done:
			return fmt.Errorf("ended before it was ready: %w\n%s", p.err, p.lastLines())
		case <-ctx.Done():
			return fmt.Errorf("%w\n%s", context.Cause(ctx), p.lastLines())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the child; it may be called again.
func (p *process) stop() error {
	p.command.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	select {
	case <-p.done:
		return nil
	case <-time.After(stopLimit):
	}
	p.command.Process.Kill()
	<-p.done
	return fmt.Errorf("%s did not end within %v of SIGTERM and was killed", filepath.Base(p.command.Path), stopLimit)
}

// lastLines is the end of what the child printed.
func (p *process) lastLines() string {
	const most = 2000
	text, _ := os.ReadFile(p.logPath)
	return strings.TrimSpace(string(text[max(0, len(text)-most):]))
}

// freeAddress finds a loopback port that nobody listens on.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
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
