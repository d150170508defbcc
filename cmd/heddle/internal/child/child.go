// Package child runs a program beside this one: started, waited for until it answers, stopped.
package child

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// ReadyLimit bounds the wait for the first answer: an empty server is there in a tenth of a second,
	// a busy two-core machine has been seen to need five.
	ReadyLimit = 30 * time.Second
	// StopLimit is how long a program may take to end by itself after SIGTERM.
	StopLimit = 20 * time.Second
	// askEvery is the pause between two questions whether it is ready.
	askEvery = 10 * time.Millisecond
)

// Process is a running program whose output goes to a file. Exactly one goroutine waits for it.
type Process struct {
	command *exec.Cmd
	logPath string
	ended   chan struct{} // closed when it has been waited for; err is set before
	err     error
}

// Start runs a program in dir and waits until readyURL answers 200. On any error nothing is left running.
// The program does not end with ctx, which bounds the start alone: Stop ends it.
func Start(ctx context.Context, dir, readyURL, program string, args ...string) (*Process, error) {
	logPath := filepath.Join(dir, filepath.Base(program)+".log")
	log, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has a descriptor of its own
	command := exec.Command(program, args...)
	command.Dir = dir
	command.Env = environment()
	command.Stdout, command.Stderr = log, log
	// In a process group of its own, so that an interrupt from the terminal reaches only this program,
	// which then stops the child in order.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &Process{command: command, logPath: logPath, ended: make(chan struct{})}
	go func() {
		p.err = command.Wait()
		close(p.ended)
	}()
	if err := p.waitReady(ctx, readyURL); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", filepath.Base(program), err), p.Stop())
	}
	return p, nil
}

// PID is the program's process id.
func (p *Process) PID() int { return p.command.Process.Pid }

// environment is this program's, without the variables that configure a Heddle: a child must not take
// the data directory of the server that its user runs.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "HEDDLE_") })
}

// Ended is closed when the program has ended, asked or not.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Stop sends SIGTERM and waits; a program that does not end is killed, which is an error. It may be
// called again.
func (p *Process) Stop() error {
	p.command.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	select {
	case <-p.ended:
		return nil
	case <-time.After(StopLimit):
	}
	p.Kill()
	return fmt.Errorf("%s did not end within %v of SIGTERM and was killed", filepath.Base(p.command.Path), StopLimit)
}

// Kill ends the program at once, without a chance to do anything, and waits for its end.
func (p *Process) Kill() {
	p.command.Process.Kill() // an error means that it has ended
	<-p.ended
}

// CPU is the processor time that the program took, in user and system mode; 0 until it has ended.
func (p *Process) CPU() time.Duration {
	select {
	case <-p.ended:
		return p.command.ProcessState.UserTime() + p.command.ProcessState.SystemTime()
	default:
		return 0
	}
}

// LastLines is the end of what the program printed, for an error message.
func (p *Process) LastLines() string {
	const most = 2000 // bytes: a screenful
	text, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text[max(0, len(text)-most):]))
}

func (p *Process) waitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, ReadyLimit, fmt.Errorf("not ready after %v", ReadyLimit))
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
		case <-p.ended:
			return fmt.Errorf("ended before it was ready (%v):\n%s", p.err, p.LastLines())
		case <-ctx.Done():
			return fmt.Errorf("%w:\n%s", context.Cause(ctx), p.LastLines())
		case <-time.After(askEvery):
		}
	}
}

// FreeAddress finds a loopback port that nobody listens on.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
