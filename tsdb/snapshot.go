package tsdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/neuroweaver/heddle/tsdb/codec"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// What is in the directory of a store.
const (
	blocksDir      = "blocks"
	seriesDir      = "series"
	annotationsDir = "annotations"
	logDir         = "wal"
	lockFile       = "lock"
)

// Snapshot makes dir a store with all that was appended before the call, while this one goes on. dir
// must not exist or be empty. To restore, open the snapshot, or a copy of it. Blocks are hard links
// where the file system allows, so a snapshot beside the data costs nearly nothing.
func (db *DB) Snapshot(ctx context.Context, dir string) error {
	db.maintenance.Lock()
	defer db.maintenance.Unlock()
	if db.isClosed() {
		return ErrClosed
	}
	if err := db.snapshot(ctx, dir); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}

func (db *DB) snapshot(ctx context.Context, dir string) error {
	fsys := db.options.FS
	switch names, err := fsys.List(dir); {
	case err == nil && len(names) > 0:
		return fmt.Errorf("%s is not empty; name a new directory", dir)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := db.flush(ctx, codec.Hot); err != nil {
		return err
	}
	parts := []string{blocksDir, seriesDir, annotationsDir, logDir}
	for _, d := range rollupDirs {
		parts = append(parts, d.name)
	}
	for _, part := range parts {
		if err := fsys.MkdirAll(filepath.Join(dir, part)); err != nil {
			return err
		}
	}
	blocks := db.blocks.acquire(noTime, maxTime)
	for _, s := range db.rollups {
		blocks = append(blocks, s.acquire(noTime, maxTime)...)
	}
	err := func() error {
		for _, b := range blocks {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := linkOrCopy(fsys, b.path, filepath.Join(dir, filepath.Base(filepath.Dir(b.path)), filepath.Base(b.path))); err != nil {
				return err
			}
		}
		return nil
	}()
	if err := errors.Join(err, releaseAll(blocks)); err != nil {
		return err
	}
	// Only maintenance writes to these logs, so they hold still.
	for _, part := range []string{seriesDir, annotationsDir} {
		names, err := fsys.List(filepath.Join(db.dir, part))
		if err != nil {
			return err
		}
		for _, name := range names {
			if !strings.HasSuffix(name, ".wal") {
				continue
			}
			if err := copyFile(fsys, filepath.Join(db.dir, part, name), filepath.Join(dir, part, name)); err != nil {
				return err
			}
		}
	}
	for _, part := range append(parts, "", "..") {
		if err := fsys.SyncDir(filepath.Join(dir, part)); err != nil {
			return err
		}
	}
	return nil
}

// linkOrCopy gives a file that never changes a second name, or copies it to another file system.
func linkOrCopy(fsys vfs.FS, from, to string) error {
	if fsys.Link(from, to) == nil {
		return nil
	}
	return copyFile(fsys, from, to)
}

func copyFile(fsys vfs.FS, from, to string) error {
	in, err := fsys.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := fsys.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(struct{ io.Writer }{out}, struct{ io.Reader }{in})
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}
