// Package log tells people by the server's own log.
package log

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/neuroweaver/heddle/actions/receiver"
)

// Receiver writes one line for each message.
type Receiver struct {
	logger *slog.Logger
	level  slog.Level
}

// New writes to logger; what resolves is always at level info.
func New(logger *slog.Logger, config receiver.Log) *Receiver {
	level := slog.LevelWarn
	if config.Level == "info" {
		level = slog.LevelInfo
	}
	return &Receiver{logger, level}
}

// Deliver writes the message.
func (r *Receiver) Deliver(ctx context.Context, m receiver.Message) error {
	var alert struct {
		Severity string            `json:"severity"`
		State    string            `json:"state"`
		Labels   map[string]string `json:"labels"`
		Summary  string            `json:"summary"`
		Reason   string            `json:"reason"`
	}
	if err := json.Unmarshal(m.Data, &alert); err != nil {
		return err
	}
	level := r.level
	if alert.State == "resolved" {
		level = slog.LevelInfo
	}
	r.logger.Log(ctx, level, "alert "+alert.State, "rule", m.Subject, "severity", alert.Severity, "labels", alert.Labels,
		"summary", alert.Summary, "reason", alert.Reason, "id", m.ID)
	return nil
}
