package server

import (
	"context"
	"time"
)

const (
	// recallEvery is how long a rule instance that is new waits at most until its past is read.
	recallEvery = time.Second
	// recallAgain is how long after a failure it is tried again: a disk does not mend within seconds.
	recallAgain = time.Minute
)

// recall has the rule engine read what baselines and shifted have to know of the past, beside all else, until ctx ends.
func (s *Server) recall(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		next := recallEvery
		if err := s.engine.Recall(ctx, s.now()); err != nil && ctx.Err() == nil {
			s.logger.Error("the past of a rule's instance could not be read and will be tried again", "err", err)
			next = recallAgain
		}
		timer.Reset(next)
	}
}
