package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// sealSuffix is added to the journal's path for the seal: the SHA-256 of the database file as it was
// written last. The chain covers every event; the seal covers every byte, also of derived state and of
// room that nothing uses. It exists only while nobody writes the database file, which in WAL mode
// checkpoints alone do: it is lifted, durably, before a checkpoint, and made anew after one. So a seal
// that does not fit proves a change from outside, at any time and after any crash.
const sealSuffix = "-seal"

const (
	// checkpointEvery is how many transactions pass between checkpoints under load: about 4 MiB of
	// SQLite's log, at some six pages of 4 KiB each.
	checkpointEvery = 170
	// sealShare bounds what sealing costs: after one, at least so many times as long passes without.
	sealShare = 100
)

// seal is the state of the database file between two checkpoints. It is the writer's own.
type seal struct {
	path          string // of the database
	transactions  int    // since the last checkpoint
	lifted        bool
	notBefore     time.Time
	lastEventSeq  uint64 // of the newest transaction
	checkpointSQL func(ctx context.Context, mode string) error
}

// openSeal says how the database file was left. A seal of a file that is gone is lifted.
func openSeal(path string) (s seal, err error) {
	s.path = path
	if _, err := os.Stat(path + sealSuffix); errors.Is(err, fs.ErrNotExist) {
		s.lifted = true
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return s, s.lift()
	}
	return s, nil
}

// committed counts a transaction with its last event, if it has one, and checkpoints when enough of
// them wait.
func (s *seal) committed(last *Event) error {
	if last != nil {
		s.lastEventSeq = last.Seq
	}
	if s.transactions++; s.transactions < checkpointEvery {
		return nil
	}
	return s.checkpoint("PASSIVE")
}

// checkpoint moves SQLite's log to the database file, as far as readers allow (PASSIVE) or wholly.
func (s *seal) checkpoint(mode string) error {
	if err := s.lift(); err != nil {
		return fmt.Errorf("lift the seal: %w", err)
	}
	s.transactions = 0
	return s.checkpointSQL(context.Background(), mode)
}

// lift removes the seal, so that not even a loss of power brings it back.
func (s *seal) lift() error {
	if s.lifted {
		return nil
	}
	err := os.Remove(s.path + sealSuffix)
	if err == nil {
		err = syncDir(filepath.Dir(s.path))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.lifted = true
	return nil
}

// rest is called when there is nothing to write: what waits is checkpointed, and the file is sealed.
func (s *seal) rest(now time.Time) error {
	if !s.lifted && s.transactions == 0 || now.Before(s.notBefore) {
		return nil
	}
	return s.make(now, "PASSIVE")
}

// make checkpoints and seals the file.
func (s *seal) make(now time.Time, mode string) error {
	if err := s.checkpoint(mode); err != nil {
		return err
	}
	began := time.Now()
	sum, err := hashFile(s.path)
	if err != nil {
		return err
	}
	if err := writeSeal(s.path+sealSuffix, mark{s.lastEventSeq, sum}); err != nil {
		return err
	}
	s.lifted = false
	s.notBefore = now.Add(sealShare * time.Since(began))
	return nil
}

// writeSeal replaces a seal at once; its form is that of a head file.
func writeSeal(path string, m mark) error {
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(headText(m.seq, m.hash))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return os.Rename(temporary, path)
}

// verifySeal compares the database file with its seal and says what is wrong, "" where nothing is
// known to be. There is nothing to compare while the seal is lifted.
func verifySeal(ctx context.Context, path string) (problem string, err error) {
	before, err := os.ReadFile(path + sealSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	sealedSeq, want, err := readHead(bytes.NewReader(before))
	if err != nil {
		return fmt.Sprintf("the seal is damaged: %v", err), nil
	}
	got, err := hashFile(path)
	if err != nil || got == want {
		return "", err
	}
	// A checkpoint of the running server meanwhile has lifted the seal, or made another.
	if after, err := os.ReadFile(path + sealSuffix); err != nil || !bytes.Equal(before, after) {
		return "", nil
	}
	if written, err := seqWithoutLog(ctx, path); err == nil && written > sealedSeq {
		return "", nil // another program, such as SQLite's shell, has made a checkpoint
	}
	return fmt.Sprintf("the file is not the one that was written: its SHA-256 is %s, its seal says %s", got, want), nil
}

// seqWithoutLog is the newest event that the database file itself knows.
func seqWithoutLog(ctx context.Context, path string) (uint64, error) {
	db, err := connect(path, "ro", "immutable", "1")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	seq, _, err := storedHead(ctx, conn)
	return seq, err
}

func hashFile(path string) (sum Hash, err error) {
	file, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return sum, err
	}
	return Hash(h.Sum(nil)), nil
}

func syncDir(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
