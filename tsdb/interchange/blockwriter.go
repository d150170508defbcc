package interchange

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/index"
	"github.com/prometheus/prometheus/tsdb/tombstones"
)

// temporarySuffix marks a block that is being written; Prometheus removes such directories when it
// starts.
const temporarySuffix = ".tmp-for-creation"

// blockWriter writes one block of Prometheus under a temporary name; finish gives it its own, so a block
// is either not there or whole.
type blockWriter struct {
	dir    string
	name   ulid.ULID
	chunks *chunks.Writer
	index  *index.Writer
	meta   blockMeta
	mint   int64 // of the samples, both included
	maxt   int64
}

// newBlockWriter starts a block in dir with the strings that its labels consist of.
func newBlockWriter(ctx context.Context, dir string, symbols map[string]struct{}) (w *blockWriter, err error) {
	name, err := ulid.New(ulid.Timestamp(time.Now()), rand.Reader)
	if err != nil {
		return nil, err
	}
	w = &blockWriter{dir: dir, name: name, mint: math.MaxInt64, maxt: math.MinInt64}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.abandon())
		}
	}()
	if err := os.MkdirAll(w.temporary(), 0o777); err != nil {
		return nil, err
	}
	if w.chunks, err = chunks.NewWriter(filepath.Join(w.temporary(), blockChunksDir)); err != nil {
		return nil, err
	}
	if w.index, err = index.NewWriter(ctx, filepath.Join(w.temporary(), blockIndexFile)); err != nil {
		return nil, err
	}
	for _, symbol := range slices.Sorted(maps.Keys(symbols)) {
		if err := w.index.AddSymbol(symbol); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *blockWriter) temporary() string {
	return filepath.Join(w.dir, w.name.String()+temporarySuffix)
}

// add writes a series; they come in the order of their labels. One without samples is left out.
func (w *blockWriter) add(series storage.Series) error {
	var metas []chunks.Meta
	it := storage.NewSeriesToChunkEncoder(series).Iterator(nil)
	samples := 0
	for it.Next() {
		metas = append(metas, it.At())
		samples += it.At().Chunk.NumSamples()
	}
	if err := it.Err(); err != nil || len(metas) == 0 {
		return err
	}
	if err := w.chunks.WriteChunks(metas...); err != nil {
		return err
	}
	if err := w.index.AddSeries(storage.SeriesRef(w.meta.Stats.NumSeries), series.Labels(), metas...); err != nil {
		return err
	}
	w.mint, w.maxt = min(w.mint, metas[0].MinTime), max(w.maxt, metas[len(metas)-1].MaxTime)
	w.meta.Stats.NumSeries++
	w.meta.Stats.NumChunks += uint64(len(metas))
	w.meta.Stats.NumSamples += uint64(samples)
	return nil
}

// finish makes the block durable under its name. One without samples is removed again.
func (w *blockWriter) finish() error {
	if w.meta.Stats.NumSamples == 0 {
		return w.abandon()
	}
	if err := errors.Join(w.closeFiles(), w.writeMeta(), w.writeTombstones(), syncDir(w.temporary())); err != nil {
		return err
	}
	if err := os.Rename(w.temporary(), filepath.Join(w.dir, w.name.String())); err != nil {
		return err
	}
	return syncDir(w.dir)
}

func (w *blockWriter) closeFiles() error {
	var errs []error
	if w.chunks != nil {
		errs = append(errs, w.chunks.Close())
	}
	if w.index != nil {
		errs = append(errs, w.index.Close())
	}
	w.chunks, w.index = nil, nil
	return errors.Join(errs...)
}

func (w *blockWriter) writeMeta() error {
	w.meta.ULID = w.name.String()
	w.meta.MinTime, w.meta.MaxTime = w.mint, w.maxt+1
	w.meta.Compaction = blockCompaction{Level: 1, Sources: []string{w.meta.ULID}}
	w.meta.Version = blockMetaVersion
	text, err := json.MarshalIndent(w.meta, "", "\t")
	if err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(w.temporary(), blockMetaFile))
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	return errors.Join(err, file.Sync(), file.Close())
}

func (w *blockWriter) writeTombstones() error {
	_, err := tombstones.WriteFile(slog.New(slog.DiscardHandler), w.temporary(), tombstones.NewMemTombstones())
	return err
}

// abandon removes what was written.
func (w *blockWriter) abandon() error {
	// What fails here is the writing of files that go anyway.
	_ = w.closeFiles()
	return os.RemoveAll(w.temporary())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// blockRange is the least range of time of a block in a Prometheus; larger ones are multiples.
const blockRange = 2 * time.Hour

// Blocks writes blocks of Prometheus to a directory, each of one aligned stretch of time, which is a
// multiple of two hours. Samples with a start timestamp are in chunks that older versions of Prometheus
// do not read; exemplars and metadata have no place in a block.
func (e *Exporter) Blocks(ctx context.Context, dir string, each time.Duration) error {
	if each <= 0 || each%blockRange != 0 {
		return fmt.Errorf("export blocks: a block may not be of %s, only of a multiple of %s", each, blockRange)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("export blocks: %w", err)
	}
	step := each.Milliseconds()
	fromMS, toMS := e.span()
	first := fromMS - (fromMS%step+step)%step
	for start := first; start <= toMS; start += step {
		if err := e.block(ctx, dir, start, start+step-1); err != nil {
			return fmt.Errorf("export blocks: %w", err)
		}
		e.progress(float64(start-first+step) / float64(toMS-first+step))
	}
	if e.report.Samples == 0 {
		return fmt.Errorf("export blocks: %w", errNothing)
	}
	return nil
}

// block writes the samples between two times, both included.
func (e *Exporter) block(ctx context.Context, dir string, fromMS, toMS int64) (err error) {
	querier, err := e.querier(fromMS, toMS)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, querier.Close()) }()
	var list []storage.Series
	symbols := map[string]struct{}{}
	set := querier.Select(ctx, true, nil, e.matchers()...)
	for set.Next() {
		list = append(list, set.At())
		set.At().Labels().Range(func(l labels.Label) {
			symbols[l.Name], symbols[l.Value] = struct{}{}, struct{}{}
		})
	}
	if err := set.Err(); err != nil || len(list) == 0 {
		return err
	}
	w, err := newBlockWriter(ctx, dir, symbols)
	if err != nil {
		return err
	}
	for _, series := range list {
		if err := errors.Join(ctx.Err(), w.add(series)); err != nil {
			return errors.Join(err, w.abandon())
		}
	}
	if err := w.finish(); err != nil {
		return errors.Join(err, w.abandon())
	}
	e.report.Samples += int(w.meta.Stats.NumSamples)
	if w.meta.Stats.NumSamples > 0 {
		e.report.Blocks++
	}
	return nil
}
