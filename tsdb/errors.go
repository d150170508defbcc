package tsdb

import (
	"errors"
	"fmt"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb/vfs"
)

var (
	// ErrClosed is returned by every call after Close.
	ErrClosed = errors.New("the store is closed")
	// ErrDiskFull is what an append fails with when no space is left. Nothing of the append is kept;
	// the sender may try again later, and reads go on meanwhile.
	ErrDiskFull = vfs.ErrDiskFull
	// ErrLocked is returned by Open when another process has the directory open.
	ErrLocked = vfs.ErrLocked
	// ErrInvalidLabels marks a label set that can not name a series.
	ErrInvalidLabels = errors.New("invalid label set")
)

// CorruptionError says which file does not hold what its format demands, and where.
type CorruptionError = vfs.CorruptionError

// LimitError is returned for a series that is new while a limit is reached. Known series are not
// affected.
type LimitError struct {
	Limit  string        // "max_series", or the label whose value has too many series
	Value  string        // the offending label value; empty for max_series
	Max    int           // the limit
	Series labels.Labels // the series that was refused
}

func (e *LimitError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("series limit reached: %d series exist, refused %s", e.Max, e.Series)
	}
	return fmt.Sprintf("series limit reached: %s=%q has %d series, refused %s", e.Limit, e.Value, e.Max, e.Series)
}
