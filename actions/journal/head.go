package journal

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// headSuffix is added to the journal's path for the file that says how far the chain went.
const headSuffix = "-head"

// headFile holds the newest event's number and hash outside the database, so that an end that was
// cut off is noticed. It is written after each transaction and never synced: after a loss of power
// it may be behind the chain, never ahead of it.
type headFile struct {
	file  *os.File
	fresh bool // there was none
}

// headLength is the length of "00000000000000000042 <64 hex digits>\n".
const headLength = 20 + 1 + 64 + 1

func openHead(path string) (*headFile, error) {
	_, err := os.Stat(path)
	fresh := os.IsNotExist(err)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &headFile{file, fresh}, nil
}

func (h *headFile) write(seq uint64, hash Hash) error {
	_, err := h.file.WriteAt(headText(seq, hash), 0)
	return err
}

func headText(seq uint64, hash Hash) []byte { return fmt.Appendf(nil, "%020d %s\n", seq, hash) }

func (h *headFile) read() (uint64, Hash, error) {
	if h.fresh {
		return 0, Hash{}, os.ErrNotExist
	}
	return readHead(h.file)
}

func (h *headFile) Close() error { return h.file.Close() }

// readHead parses a head file. A file that says nothing yet is the head of an empty chain.
func readHead(r io.ReaderAt) (seq uint64, hash Hash, err error) {
	text := make([]byte, headLength+1)
	n, err := r.ReadAt(text, 0)
	if err != io.EOF {
		return 0, hash, fmt.Errorf("head file: longer than %d bytes, or not readable: %v", headLength, err)
	}
	if n == 0 {
		return 0, hash, nil
	}
	var digits string
	if _, err := fmt.Sscanf(string(text[:n]), "%d %64s\n", &seq, &digits); err != nil || n != headLength {
		return 0, hash, fmt.Errorf("head file: damaged: %q", text[:n])
	}
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != len(hash) {
		return 0, hash, fmt.Errorf("head file: damaged hash %q", digits)
	}
	return seq, Hash(raw), nil
}
