package log

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/neuroweaver/heddle/actions/receiver"
)

func TestDeliver(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, nil))
	f := func(level, state, want string) {
		t.Helper()
		out.Reset()
		data, _ := json.Marshal(map[string]any{"severity": "critical", "state": state, "labels": map[string]string{"model": "a"}, "summary": "p95 3.2"})
		err := New(logger, receiver.Log{Level: level}).Deliver(t.Context(), receiver.Message{ID: "m1", Subject: "slow", Data: data})
		if err != nil || !strings.Contains(out.String(), "level="+want) {
			t.Errorf("%v %s", err, out.String())
		}
		for _, part := range []string{"alert " + state, "rule=slow", "critical", "model:a", "p95 3.2", "m1"} {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%q is missing in %s", part, out.String())
			}
		}
	}
	f("", "firing", "WARN")
	f("warn", "firing", "WARN")
	f("info", "firing", "INFO")
	f("", "resolved", "INFO")
	if err := New(logger, receiver.Log{}).Deliver(t.Context(), receiver.Message{Data: json.RawMessage(`[]`)}); err == nil {
		t.Error("a message that is no alert was logged")
	}
}
