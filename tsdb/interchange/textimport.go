package interchange

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb"
)

const (
	// textSamples is how many samples of a text are appended at once. Texts name one series after
	// another, the store keeps what was taken at one time together: the more it gets at once the fewer
	// pieces it has to join. Half a million is some 50 MiB.
	textSamples = 500_000
	// progressEvery is how many lines pass between two looks at the clock of progress.
	progressEvery = 10_000
)

// Text imports a text file. A line that can not be read ends the import with *tsdb.CorruptionError; what
// stands before it stays.
func (im *Importer) Text(ctx context.Context, path string, format TextFormat) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("import text: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("import text: %w", err)
	}
	if err := im.text(ctx, newTextReader(path, file, format), info.Size()); err != nil {
		return fmt.Errorf("import text: %w", err)
	}
	return nil
}

func (im *Importer) text(ctx context.Context, in *textReader, size int64) error {
	out := im.newBatch(ctx, textSamples)
	described := map[string]bool{} // metrics whose metadata was given
	var s textSample
	for {
		err := in.next(&s)
		if err == io.EOF {
			return out.commit()
		}
		if err == nil {
			err = im.textSample(in, &s, out, described)
		}
		if err != nil {
			if stored := out.commit(); stored != nil {
				return stored
			}
			return err
		}
		if in.line%progressEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			im.progress(float64(in.read) / float64(max(size, 1)))
		}
	}
}

func (im *Importer) textSample(in *textReader, s *textSample, out *batch, described map[string]bool) error {
	if !s.hasTime {
		im.report.refuse(NoTimestamp, 1, fmt.Sprintf("%s in line %d", s.series, in.line))
		return nil
	}
	if s.timeMS < im.OldestMS {
		im.refuseOld(1, s.timeMS, func() string { return string(s.series) })
		return nil
	}
	id, err := out.resolve(s.series, func([]byte) (labels.Labels, error) { return s.labels(), nil })
	if err != nil || id == 0 {
		return err
	}
	for _, e := range s.exemplars {
		if !e.HasTs {
			e.Ts = s.timeMS // as Prometheus has it
		}
		out.exemplar(id, e)
	}
	if s.family != nil {
		if metric := im.DB.Labels(id).Get(labels.MetricName); !described[metric] {
			described[metric] = true
			out.metadata(id, *s.family)
		}
	}
	return out.sample(id, tsdb.Sample{TimeMS: s.timeMS, Value: s.value})
}
