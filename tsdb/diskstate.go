package tsdb

import (
	"errors"
	"log/slog"
	"time"
)

// diskState is whether the log has room, as the operator's log was last told.
type diskState struct {
	fullSince   time.Time // zero: there is room
	lastRefused time.Time
	refused     int // writes to the log since fullSince
}

// roomAfter is how long no append may be refused before the disk counts as having room again: on a full
// disk small appends still fit now and then between larger ones. It is the time in which senders try
// again.
const roomAfter = 30 * time.Second

// note takes the outcome of a write to the log, and logs the first that finds the disk full and the
// first after it has room again.
func (s *diskState) note(logger *slog.Logger, err error, now time.Time) {
	switch {
	case errors.Is(err, ErrDiskFull):
		if s.fullSince.IsZero() {
			s.fullSince = now
			logger.Error("the disk is full: samples are refused until there is room; senders are told to try again. Free space, or shorten the retention", "err", err)
		}
		s.refused, s.lastRefused = s.refused+1, now
	case err == nil && !s.fullSince.IsZero() && now.Sub(s.lastRefused) >= roomAfter:
		logger.Info("the disk has room again: samples are stored", "full_for", now.Sub(s.fullSince), "refused_writes", s.refused)
		*s = diskState{}
	}
}
