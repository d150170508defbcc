package actions

import (
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/rules"
)

// lines is a log in memory.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// with gives the lines that contain all parts.
func (l *lines) with(parts ...string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
line:
	for line := range strings.Lines(l.text.String()) {
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue line
			}
		}
		found = append(found, line)
	}
	return found
}

// The operator reads of a connector that fails and works again, and of the switch: each once.
func TestOperatorReadsOfSwitchesAndFailures(t *testing.T) {
	w := newWorld(t)
	log := new(lines)
	w.options.Logger = slog.New(slog.NewTextHandler(log, nil))
	gateway := newPeer(t, answers(503, "down"))
	w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL})
	m, stop := w.run()
	m.Handle(w.now, []rules.Transition{fires(w.infos[0], "a", w.now)})
	gateway.awaits(t, 3)
	gateway.answers(echo)
	serves(t, m, "b", 2)
	stop()
	for _, want := range [][]string{
		{"connector failed", "level=ERROR", "connector=gateway", "route=chat", "epoch=2", "503"},
		{"connector works again", "connector=gateway", "failed_for=", "attempts="},
		{"route switched", "level=INFO", "route=chat", "from=a", "to=b", "epoch=2", "reason=", "p95(latency, 1m)", "took="},
	} {
		if got := log.with(want...); len(got) != 1 || len(log.with(want[0])) != 1 {
			t.Errorf("want one line with %q, the log is\n%s", want, strings.Join(log.with(), ""))
		}
	}
}
