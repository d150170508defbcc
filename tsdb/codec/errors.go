package codec

import (
	"errors"
	"fmt"
)

// ErrCorrupt is matched (errors.Is) by every error that is about the bytes of a block and not about
// how the package was called.
var ErrCorrupt = errors.New("corrupt block")

// CorruptionError says where a block cannot be read and why. Offset counts bytes from the start of
// the block; the store adds the file and the block's own offset.
type CorruptionError struct {
	Offset int
	Reason string
}

func (e *CorruptionError) Error() string {
	return fmt.Sprintf("corrupt block at byte %d: %s", e.Offset, e.Reason)
}

// Is makes every CorruptionError match ErrCorrupt.
func (e *CorruptionError) Is(target error) bool { return target == ErrCorrupt }
