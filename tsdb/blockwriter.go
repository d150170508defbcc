package tsdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"path/filepath"

	"github.com/neuroweaver/heddle/tsdb/codec"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// blockWriter writes a block file under a temporary name; finish gives it its own, so a block is
// either not there or whole. Groups must come in ascending order, and the sections of one group in
// ascending time.
type blockWriter struct {
	fs      vfs.FS
	dir     string
	number  int
	file    vfs.File
	buf     []byte // not written yet
	offset  int64  // of what comes next
	entries []blockEntry
	meta    blockMeta
	mended  int  // group-blocks with columns that could not lean on each other
	named   bool // the file has the block's name
}

// writeBuffer is how much is written at once.
const writeBuffer = 1 << 20

func newBlockWriter(fsys vfs.FS, dir string, number int) (*blockWriter, error) {
	w := &blockWriter{fs: fsys, dir: dir, number: number, meta: blockMeta{mint: math.MaxInt64, maxt: math.MinInt64}}
	file, err := fsys.Create(w.temporary())
	if err != nil {
		return nil, fmt.Errorf("make block: %w", err)
	}
	w.file = file
	w.buf = append(w.buf, blockMagic...)
	w.offset = int64(len(w.buf))
	return w, nil
}

func (w *blockWriter) temporary() string { return blockPath(w.dir, w.number) + ".tmp" }

// section is a group-block that is about to be written.
type section struct {
	data       []byte
	tier       codec.Tier
	mint, maxt int64
	samples    int
	rows       int
	mended     bool // see codec.Encoder.Mended
}

func (w *blockWriter) add(group groupID, s section) error {
	if len(s.data) > maxSection {
		return fmt.Errorf("group-block of %d bytes is too large", len(s.data))
	}
	w.entries = append(w.entries, blockEntry{
		group: group, tier: s.tier, offset: w.offset, length: len(s.data),
		mint: s.mint, maxt: s.maxt, samples: s.samples, rows: s.rows,
	})
	w.meta.mint, w.meta.maxt = min(w.meta.mint, s.mint), max(w.meta.maxt, s.maxt)
	w.meta.samples += int64(s.samples)
	if s.mended {
		w.mended++
	}
	w.buf = append(w.buf, s.data...)
	w.buf = binary.LittleEndian.AppendUint32(w.buf, crc32.Checksum(s.data, castagnoli))
	w.offset += int64(len(s.data)) + 4
	if len(w.buf) >= writeBuffer {
		return w.flush()
	}
	return nil
}

func (w *blockWriter) flush() error {
	if _, err := w.file.Write(w.buf); err != nil {
		return fmt.Errorf("write block: %w", err)
	}
	w.buf = w.buf[:0]
	return nil
}

// noteMended says that the codec has a mistake: what it wrote did not read back, and was written anew in a
// plainer way. Nothing is lost; whoever reads the log should report it.
func (db *DB) noteMended(w *blockWriter) {
	if w.mended > 0 {
		db.metrics.mended.Add(float64(w.mended))
		db.options.Logger.Error("group-blocks did not read back as they were written and were written again in a plainer way, with all samples; please report this",
			"block", blockPath(w.dir, w.number), "group_blocks", w.mended)
	}
}

// finish makes the block durable under its name.
func (w *blockWriter) finish() error {
	directory := appendDirectory(nil, w.meta, w.entries)
	w.buf = append(w.buf, directory...)
	w.buf = appendFooter(w.buf, w.offset, directory)
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("sync block: %w", err)
	}
	err := w.file.Close()
	w.file = nil
	if err != nil {
		return fmt.Errorf("close block: %w", err)
	}
	if err := w.fs.Rename(w.temporary(), blockPath(w.dir, w.number)); err != nil {
		return fmt.Errorf("name block: %w", err)
	}
	w.named = true
	if err := w.fs.SyncDir(filepath.Clean(w.dir)); err != nil {
		return fmt.Errorf("sync block directory: %w", err)
	}
	return nil
}

// abandon removes what was written. It may be called after finish failed.
func (w *blockWriter) abandon() error {
	var err error
	if w.file != nil {
		err = w.file.Close()
	}
	path := w.temporary()
	if w.named {
		path = blockPath(w.dir, w.number)
	}
	return errors.Join(err, w.fs.Remove(path))
}
