package tsdb

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/neuroweaver/heddle/tsdb/index"
	"github.com/neuroweaver/heddle/tsdb/vfs"
	"github.com/neuroweaver/heddle/tsdb/wal"
)

// CheckReport is what a check has seen.
type CheckReport struct {
	Blocks      int // of raw samples and rollups
	GroupBlocks int
	Samples     int64 // in blocks of raw samples
	Series      int
	LogRows     int64 // rows in the write-ahead log
	Torn        []wal.Torn
	// Problems are what must not be: *CorruptionError where a file is damaged.
	Problems []error
}

// Check reads everything in a store's directory, decodes every sample, and reports what is wrong. It
// changes nothing. fsys nil is the operating system's. progress is called with the bytes of blocks
// that were read, of all there are; it may be nil. An error means that the check could not be done:
// ErrLocked while the store is open.
func Check(dir string, fsys vfs.FS, progress func(done, total int64)) (*CheckReport, error) {
	if fsys == nil {
		fsys = vfs.OS{}
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	exists, err := vfs.Exists(fsys, filepath.Join(dir, seriesDir))
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	if !exists {
		return nil, fmt.Errorf("check: %s is not the directory of a store", dir)
	}
	lock, err := fsys.Lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", dir, err)
	}
	c := &checker{fs: fsys, dir: dir, series: map[SeriesID]index.Record{}}
	err = c.run(progress)
	c.report.Series = len(c.series)
	return &c.report, errors.Join(err, lock.Close())
}

// checker is a check under way. It is also the visitor of the logs.
type checker struct {
	fs     vfs.FS
	dir    string
	report CheckReport
	series map[SeriesID]index.Record
}

// problem writes an error down if it is one of the data; others are returned.
func (c *checker) problem(err error) error {
	if corrupt := (*CorruptionError)(nil); errors.As(err, &corrupt) {
		c.report.Problems = append(c.report.Problems, err)
		return nil
	}
	return err
}

func (c *checker) run(progress func(done, total int64)) error {
	blocks, err := c.openBlocks(blocksDir, 0)
	for _, d := range rollupDirs {
		if err == nil {
			var rollups []checkedBlock
			rollups, err = c.openBlocks(d.name, d.step.Milliseconds())
			blocks = append(blocks, rollups...)
		}
	}
	c.report.Blocks = len(blocks)
	release := func() (err error) {
		for _, b := range blocks {
			err = errors.Join(err, b.release())
		}
		return err
	}
	if err != nil {
		return errors.Join(err, release())
	}
	covered := 1
	for _, b := range blocks {
		if b.stepMS > 0 {
			continue
		}
		covered = max(covered, b.meta.logBefore)
	}
	torn := func(t wal.Torn) { c.report.Torn = append(c.report.Torn, t) }
	var decoder logDecoder
	frame := func(payload []byte) error { return decoder.decode(payload, c) }
	for _, log := range []struct {
		name string
		from int
	}{{seriesDir, 1}, {annotationsDir, 1}, {logDir, covered}} {
		if err := c.problem(wal.Verify(c.fs, filepath.Join(c.dir, log.name), log.from, frame, torn)); err != nil {
			return errors.Join(err, release())
		}
	}
	var done, total int64
	for _, b := range blocks {
		total += b.size
	}
	for _, b := range blocks {
		for _, e := range b.entries {
			if err := c.problem(c.checkSection(b, e)); err != nil {
				return errors.Join(err, release())
			}
			done += int64(e.length)
			progress(done, total)
		}
	}
	progress(total, total)
	return release()
}

// checkedBlock is a block of raw samples, or of rollups with buckets of stepMS.
type checkedBlock struct {
	*block
	stepMS int64
}

// series returns the series that a column belongs to.
func (b checkedBlock) series(id SeriesID) SeriesID {
	if b.stepMS > 0 {
		return id >> rollupFieldBits
	}
	return id
}

func (c *checker) openBlocks(name string, stepMS int64) ([]checkedBlock, error) {
	dir := filepath.Join(c.dir, name)
	names, err := c.fs.List(dir)
	if stepMS > 0 && errors.Is(err, fs.ErrNotExist) { // a store from before there were rollups
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	var blocks []checkedBlock
	for _, name := range names {
		number, is := blockNumber(name)
		if !is {
			continue
		}
		b, err := openBlock(c.fs, dir, number, newGroupCache(0))
		if err := c.problem(err); err != nil {
			return blocks, err
		}
		if b != nil {
			blocks = append(blocks, checkedBlock{b, stepMS})
		}
	}
	return blocks, nil
}

// checkSection decodes a group-block and compares it with what the directory and the logs say.
func (c *checker) checkSection(b checkedBlock, e blockEntry) error {
	samples := 0
	mint, maxt := int64(maxTime), int64(noTime)
	err := b.use(e, func(g *groupBlock) error {
		for col, id := range g.series {
			id = b.series(id)
			record, known := c.series[id]
			if !known {
				return fmt.Errorf("%w: it holds series %d, which no log knows", errGroupBlock, id)
			}
			if groupID(record.Group) != e.group {
				return fmt.Errorf("%w: series %d is of group %d, not %d", errGroupBlock, id, record.Group, e.group)
			}
			column, err := g.decode(col)
			if err != nil {
				return err
			}
			for _, t := range column.times {
				if b.stepMS > 0 && t%b.stepMS != 0 {
					return fmt.Errorf("%w: series %d has a bucket at %d, no multiple of %d", errGroupBlock, id, t, b.stepMS)
				}
			}
			for i := 1; i < column.len(); i++ {
				if column.times[i] <= column.times[i-1] {
					return fmt.Errorf("%w: series %d does not ascend in time", errGroupBlock, id)
				}
			}
			if n := column.len(); n > 0 {
				samples += n
				mint, maxt = min(mint, column.times[0]), max(maxt, column.times[n-1])
			}
		}
		if samples != e.samples || mint != e.mint || maxt != e.maxt {
			return fmt.Errorf("%w: %d samples from %d to %d, the directory says %d from %d to %d",
				errGroupBlock, samples, mint, maxt, e.samples, e.mint, e.maxt)
		}
		return nil
	})
	if err == nil {
		c.report.GroupBlocks++
		if b.stepMS == 0 {
			c.report.Samples += int64(samples)
		}
	}
	return err
}

var (
	errTwice   = errors.New("series is logged twice, differently")
	errUnnamed = errors.New("series is not logged")
)

func (c *checker) seriesEntry(encoded index.EncodedRecord) error {
	r := encoded.Record()
	if old, known := c.series[SeriesID(r.ID)]; known && (old.Group != r.Group || old.Column != r.Column || old.Labels.String() != r.Labels.String()) {
		return errTwice
	}
	c.series[SeriesID(r.ID)] = r
	return nil
}

func (c *checker) reserveEntry(uint32) {}

func (c *checker) rowEntry(*logRow) error {
	c.report.LogRows++
	return nil
}

func (c *checker) exemplarEntry(id SeriesID, _ exemplar.Exemplar) error {
	if _, known := c.series[id]; !known {
		return errUnnamed
	}
	return nil
}

func (c *checker) metadataEntry(string, metadata.Metadata) error { return nil }
