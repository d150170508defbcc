package interchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"github.com/neuroweaver/heddle/tsdb"
)

const (
	// importWindow is how much time is imported before the next stretch of it begins, so that the blocks
	// of the store that come of it stay narrow and can go, one by one, when they are too old. A chunk
	// belongs to the window in which it begins.
	importWindow = 24 * time.Hour
	// importSeries is how many series are read side by side: some groups of the store.
	importSeries = 4096
	// importSamples is how many samples are appended at once: some ten milliseconds of work, a few
	// megabytes.
	importSamples = 50_000
	// samplesPerChunk is what Prometheus puts in a chunk, to estimate how much is to come.
	samplesPerChunk = 120
)

// importedSeries is one series of a block and of the store.
type importedSeries struct {
	ref   storage.SeriesRef
	group uint64 // equal for series that the store keeps together
	id    tsdb.SeriesID
}

// Block imports a block of Prometheus: the directory with meta.json. Errors are *tsdb.CorruptionError
// where a file can not be read, and the store's; what was appended before stays.
func (im *Importer) Block(ctx context.Context, dir string) error {
	b, err := openBlock(dir)
	if err != nil {
		return fmt.Errorf("import block: %w", err)
	}
	if err := errors.Join(im.block(ctx, b), b.close()); err != nil {
		return fmt.Errorf("import block: %w", err)
	}
	return nil
}

func (im *Importer) block(ctx context.Context, b *block) error {
	if n := int(b.meta.Stats.NumSamples); n > 0 && b.meta.MaxTime <= im.OldestMS {
		im.refuseOld(n, b.meta.MinTime, func() string { return "block " + b.dir })
		return nil
	}
	out := im.newBatch(ctx, importSamples)
	series, windows, err := blockContents(ctx, b, out)
	if err != nil {
		return err
	}
	for i, window := range windows {
		done := 0
		for part := range slices.Chunk(series, importSeries) {
			if err := im.blockPart(b, part, window, out); err != nil {
				return err
			}
			done += len(part)
			im.progress((float64(i) + float64(done)/float64(len(series))) / float64(len(windows)))
		}
	}
	return out.commit()
}

// windowOf is the number of the import window that a chunk belongs to.
func windowOf(m chunks.Meta) int64 { return m.MinTime / importWindow.Milliseconds() }

// blockContents makes the series of a block known to the store, in the order in which it keeps them.
// The windows are those that have chunks.
func blockContents(ctx context.Context, b *block, out *batch) (list []importedSeries, windows []int64, err error) {
	refs, err := b.refs(ctx)
	if err != nil {
		return nil, nil, err
	}
	var (
		builder labels.ScratchBuilder
		metas   []chunks.Meta
		seed    = maphash.MakeSeed()
		met     = map[int64]bool{}
	)
	for _, ref := range refs {
		if metas, err = b.series(ref, &builder, metas); err != nil {
			return nil, nil, err
		}
		for _, m := range metas {
			met[windowOf(m)] = true
		}
		list = append(list, importedSeries{ref: ref, group: maphash.String(seed, tsdb.GroupKey(builder.Labels()))})
	}
	slices.SortFunc(list, func(a, b importedSeries) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.ref, b.ref))
	})
	for i := range list {
		if _, err = b.series(list[i].ref, &builder, metas); err != nil {
			return nil, nil, err
		}
		if list[i].id, err = out.series(builder.Labels()); err != nil {
			return nil, nil, err
		}
	}
	list = slices.DeleteFunc(list, func(s importedSeries) bool { return s.id == 0 })
	return list, slices.Sorted(maps.Keys(met)), nil
}

// source is a series that is being read.
type source struct {
	*blockSamples
	id tsdb.SeriesID
}

// blockPart imports the chunks of some series that belong to a window.
func (im *Importer) blockPart(b *block, part []importedSeries, window int64, out *batch) error {
	var (
		builder labels.ScratchBuilder
		metas   []chunks.Meta
		sources []source
		samples int64
	)
	for _, series := range part {
		var err error
		if metas, err = b.series(series.ref, &builder, metas); err != nil {
			return err
		}
		own := slices.DeleteFunc(slices.Clone(metas), func(m chunks.Meta) bool { return windowOf(m) != window })
		if len(own) == 0 {
			continue
		}
		samples += int64(len(own)) * samplesPerChunk
		s, err := b.samples(series.ref, own)
		if err != nil {
			return err
		}
		sources = append(sources, source{s, series.id})
	}
	return im.sideBySide(sources, max(1, importWindow.Milliseconds()/(samples/importSamples+1)), out)
}

// sideBySide appends the samples of several series one stretch of time after another, so that what was
// taken at one time reaches the store together.
func (im *Importer) sideBySide(sources []source, stepMS int64, out *batch) error {
	defer func() {
		for _, s := range sources {
			im.report.Deleted += s.hidden
		}
	}()
	open, err := advanceAll(sources)
	for len(open) > 0 && err == nil {
		end := slices.MinFunc(open, func(a, b source) int { return cmp.Compare(a.sample.TimeMS, b.sample.TimeMS) }).sample.TimeMS + stepMS
		open, err = appendUntil(open, end, out)
	}
	return err
}

// advanceAll moves all to their first sample and drops those that have none.
func advanceAll(sources []source) (open []source, err error) {
	for _, s := range sources {
		found, err := s.next()
		if err != nil {
			return nil, err
		}
		if found {
			open = append(open, s)
		}
	}
	return open, nil
}

// appendUntil appends what is before end and returns the sources that have more.
func appendUntil(sources []source, end int64, out *batch) (open []source, err error) {
	open = sources[:0]
	for _, s := range sources {
		found := true
		for found && s.sample.TimeMS < end {
			if err := out.sample(s.id, s.sample); err != nil {
				return nil, err
			}
			if found, err = s.next(); err != nil {
				return nil, err
			}
		}
		if found {
			open = append(open, s)
		}
	}
	return open, nil
}
