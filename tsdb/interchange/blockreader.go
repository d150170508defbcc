package interchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/index"
	"github.com/prometheus/prometheus/tsdb/tombstones"

	"github.com/neuroweaver/heddle/tsdb"
)

// Names in the directory of a block of Prometheus.
const (
	blockMetaFile      = "meta.json"
	blockIndexFile     = "index"
	blockChunksDir     = "chunks"
	blockTombstoneFile = "tombstones"
)

// blockMetaVersion is the only version of meta.json there is.
const blockMetaVersion = 1

// maxBlockMeta bounds meta.json, which is a few hundred bytes; a name for each parent is the most of it.
const maxBlockMeta = 1 << 20

// blockMeta is meta.json: what of it is read, and all that is written.
type blockMeta struct {
	ULID       string          `json:"ulid"`
	MinTime    int64           `json:"minTime"` // ms
	MaxTime    int64           `json:"maxTime"` // ms, not included
	Stats      blockStats      `json:"stats"`
	Compaction blockCompaction `json:"compaction"`
	Version    int             `json:"version"`
}

type blockStats struct {
	NumSamples uint64 `json:"numSamples,omitempty"`
	NumSeries  uint64 `json:"numSeries,omitempty"`
	NumChunks  uint64 `json:"numChunks,omitempty"`
}

type blockCompaction struct {
	Level   int      `json:"level"`
	Sources []string `json:"sources,omitempty"`
}

// block is an open block of Prometheus. Its files are mapped into memory, so they must not change.
//
// The decoders are Prometheus's. They check lengths and sums, but are written for files that their own
// program wrote: a panic of theirs is reported as what it is, a corrupt file.
type block struct {
	dir     string
	meta    blockMeta
	index   *index.Reader
	chunks  *chunks.Reader
	deleted tombstones.Reader
}

func openBlock(dir string) (b *block, err error) {
	b = &block{dir: dir}
	if b.meta, err = readBlockMeta(filepath.Join(dir, blockMetaFile)); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	open := func(name string, open func(path string) error) {
		path := filepath.Join(dir, name)
		if err == nil {
			err = corruptUnlessMissing(path, 0, decoding(func() error { return open(path) }))
		}
	}
	open(blockChunksDir, func(path string) (err error) {
		b.chunks, err = chunks.NewDirReader(path, nil)
		return err
	})
	open(blockIndexFile, func(path string) (err error) {
		b.index, err = index.NewFileReader(path, index.DecodePostingsRaw)
		return err
	})
	open(blockTombstoneFile, func(string) (err error) {
		b.deleted, _, err = tombstones.ReadTombstones(dir)
		return err
	})
	return b, err
}

func readBlockMeta(path string) (blockMeta, error) {
	info, err := os.Stat(path)
	if err != nil {
		return blockMeta{}, err
	}
	if info.Size() > maxBlockMeta {
		return blockMeta{}, corrupt(path, maxBlockMeta, errors.New("longer than any meta.json"))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return blockMeta{}, err
	}
	var meta blockMeta
	if err := json.Unmarshal(text, &meta); err != nil {
		offset := int64(0)
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			offset = syntax.Offset
		}
		return blockMeta{}, corrupt(path, offset, err)
	}
	if meta.Version != blockMetaVersion {
		return blockMeta{}, corrupt(path, 0, fmt.Errorf("version %d is not known", meta.Version))
	}
	if meta.MinTime > meta.MaxTime {
		return blockMeta{}, corrupt(path, 0, fmt.Errorf("ends at %d, before it begins at %d", meta.MaxTime, meta.MinTime))
	}
	return meta, nil
}

func (b *block) close() error {
	var errs []error
	if b.index != nil {
		errs = append(errs, b.index.Close())
	}
	if b.chunks != nil {
		errs = append(errs, b.chunks.Close())
	}
	if b.deleted != nil {
		errs = append(errs, b.deleted.Close())
	}
	return errors.Join(errs...)
}

// refs returns all series of the block.
func (b *block) refs(ctx context.Context) (refs []storage.SeriesRef, err error) {
	err = decoding(func() error {
		name, value := index.AllPostingsKey()
		all, err := b.index.Postings(ctx, name, value)
		if err != nil {
			return err
		}
		for all.Next() {
			refs = append(refs, all.At())
		}
		return all.Err()
	})
	return refs, corruptUnlessMissing(filepath.Join(b.dir, blockIndexFile), 0, err)
}

// seriesAlignment is the unit of a series reference: its place in the index file in 16 bytes.
const seriesAlignment = 16

// Times that a sample may have, in milliseconds: the years 0 and 9999 in round figures. They keep sums of
// times from overflowing.
const (
	earliestMS = -62_200_000_000_000
	latestMS   = 253_400_000_000_000
)

// series returns the labels and the chunks of a series; metas is used again.
func (b *block) series(ref storage.SeriesRef, builder *labels.ScratchBuilder, metas []chunks.Meta) ([]chunks.Meta, error) {
	err := decoding(func() error { return b.index.Series(ref, builder, &metas) })
	for _, m := range metas {
		if err == nil && (m.MinTime < earliestMS || m.MinTime > m.MaxTime || m.MaxTime > latestMS) {
			err = fmt.Errorf("a chunk from %d to %d", m.MinTime, m.MaxTime)
		}
	}
	if err != nil {
		return nil, corrupt(filepath.Join(b.dir, blockIndexFile), int64(ref)*seriesAlignment, err)
	}
	return metas, nil
}

// blockSamples reads the samples in some chunks of a series of a block, in the order of the chunks.
type blockSamples struct {
	block    *block
	metas    []chunks.Meta // those not read yet
	at       chunks.Meta   // the one being read
	iterator chunkenc.Iterator
	deleted  tombstones.Intervals

	sample tsdb.Sample
	hidden int // samples skipped because they are deleted
}

// samples reads chunks of a series.
func (b *block) samples(ref storage.SeriesRef, metas []chunks.Meta) (*blockSamples, error) {
	deleted, err := b.deleted.Get(ref)
	return &blockSamples{block: b, metas: metas, deleted: deleted}, err
}

// next moves to the next sample and reports whether there is one.
func (s *blockSamples) next() (found bool, err error) {
	err = decoding(func() error {
		found, err = s.advance()
		return err
	})
	if err != nil {
		segment, offset := chunks.BlockChunkRef(s.at.Ref).Unpack()
		// Segments are numbered from 1 in the names of their files.
		path := filepath.Join(s.block.dir, blockChunksDir, fmt.Sprintf("%06d", segment+1))
		return false, corrupt(path, int64(offset), err)
	}
	return found, nil
}

func (s *blockSamples) advance() (bool, error) {
	for {
		if s.iterator == nil {
			if len(s.metas) == 0 {
				return false, nil
			}
			s.at, s.metas = s.metas[0], s.metas[1:]
			chunk, _, err := s.block.chunks.ChunkOrIterable(s.at)
			if err != nil {
				return false, err
			}
			s.iterator = chunk.Iterator(nil)
		}
		kind := s.iterator.Next()
		if kind == chunkenc.ValNone {
			if err := s.iterator.Err(); err != nil {
				return false, err
			}
			s.iterator = nil
			continue
		}
		t := s.iterator.AtT()
		switch {
		case t < s.at.MinTime || t > s.at.MaxTime:
			return false, fmt.Errorf("a sample at %d in a chunk from %d to %d", t, s.at.MinTime, s.at.MaxTime)
		case slices.ContainsFunc(s.deleted, func(i tombstones.Interval) bool { return i.InBounds(t) }):
			s.hidden++
			continue
		}
		s.sample = tsdb.Sample{StartMS: s.iterator.AtST()}
		switch kind {
		case chunkenc.ValFloat:
			s.sample.TimeMS, s.sample.Value = s.iterator.At()
		case chunkenc.ValHistogram:
			s.sample.TimeMS, s.sample.Histogram = s.iterator.AtHistogram(nil)
		case chunkenc.ValFloatHistogram:
			s.sample.TimeMS, s.sample.FloatHistogram = s.iterator.AtFloatHistogram(nil)
		default:
			return false, fmt.Errorf("samples of kind %d are not known", kind)
		}
		return true, nil
	}
}

// decoding calls a decoder of Prometheus; a panic of it becomes an error.
func decoding(decode func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("can not be decoded: %v", r)
		}
	}()
	return decode()
}

func corrupt(path string, offset int64, err error) error {
	return &tsdb.CorruptionError{File: path, Offset: offset, Err: err}
}

// corruptUnlessMissing marks an error as one of a file's content, unless the file could not be read.
func corruptUnlessMissing(path string, offset int64, err error) error {
	if failed := (*os.PathError)(nil); err == nil || errors.As(err, &failed) || errors.Is(err, context.Canceled) {
		return err
	}
	return corrupt(path, offset, err)
}
