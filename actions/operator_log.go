package actions

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
)

// What the action layer tells the operator's log: each switch once all targets hold it, and a target
// when it begins to fail and when it works again. The journal has every step.

// logLanded logs what has landed, once the journal has it.
func (t *turn) logLanded(kind string, e switchEvent) {
	level, text := slog.LevelInfo, "route switched"
	switch kind {
	case "shift_applied":
		text = "route shifted a share"
	case "reverted":
		level, text = slog.LevelWarn, "switch undone"
	}
	log := t.m.log
	t.batch.After(func() {
		log.Log(context.Background(), level, text, "route", e.Route, "from", e.From, "to", e.To, "epoch", e.Epoch, "action", e.Action,
			"reason", e.Reason, "weights", e.Weights, "took", e.AppliedAt.Sub(e.DecidedAt))
	})
}

// trouble is how long a target has been failing. It belongs to the target's goroutine.
type trouble struct {
	since    time.Time // zero: the target works
	attempts int
}

// log logs an outcome that is news: the first failure, a final no, and the first success after failures.
// A target that holds a newer epoch answers as it should, and its fence is no failure.
func (h *trouble) log(logger *slog.Logger, a connector.Assignment, name string, err error, now time.Time) {
	var refused *connector.RefusedError
	logger = logger.With("connector", name, "route", a.Route, "epoch", a.Epoch)
	switch {
	case errors.As(err, new(*connector.FencedError)):
	case err == nil && !h.since.IsZero():
		logger.Info("connector works again", "failed_for", now.Sub(h.since), "attempts", h.attempts)
		*h = trouble{}
	case err == nil:
	case errors.As(err, &refused) && refused.Gone:
		logger.Error("connector asked never to be called again (410) and is left out until a restart", "to", a.To, "err", err)
	case h.since.IsZero():
		*h = trouble{since: now, attempts: 1}
		logger.Error("connector failed; it is tried again until it takes the newest epoch or refuses it", "to", a.To, "err", err)
	default:
		h.attempts++
	}
}
