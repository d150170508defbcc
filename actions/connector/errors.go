package connector

import (
	"errors"
	"fmt"
	"time"
)

// ErrCannotRead is the answer of Read where the target has no way to say what it holds.
var ErrCannotRead = errors.New("this target cannot be read back")

// FencedError reports that the target holds a newer epoch than the one offered, or another
// assignment with the same epoch.
type FencedError struct {
	Holds   Reading
	Offered uint64
}

func (e *FencedError) Error() string {
	if e.Holds.Model == "" {
		return fmt.Sprintf("the target holds epoch %d and refuses epoch %d", e.Holds.Epoch, e.Offered)
	}
	return fmt.Sprintf("the target holds epoch %d (%s) and refuses epoch %d", e.Holds.Epoch, e.Holds.Model, e.Offered)
}

// RefusedError reports that the target said no for good: trying the same again cannot help.
type RefusedError struct {
	// Gone reports that the target asks never to be called again (HTTP 410).
	Gone bool
	Err  error
}

func (e *RefusedError) Error() string { return e.Err.Error() }
func (e *RefusedError) Unwrap() error { return e.Err }

// RetryError is a failure after which the target asked for a pause.
type RetryError struct {
	// After is how long to wait at least.
	After time.Duration
	Err   error
}

func (e *RetryError) Error() string { return e.Err.Error() }
func (e *RetryError) Unwrap() error { return e.Err }

// UnverifiedError reports that the target took the assignment, and holds something else when it is
// read back.
type UnverifiedError struct {
	Holds   Reading
	Offered uint64
}

func (e *UnverifiedError) Error() string {
	return fmt.Sprintf("the target took epoch %d and holds epoch %d when it is read back", e.Offered, e.Holds.Epoch)
}
