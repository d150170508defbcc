package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/neuroweaver/heddle/server"
	"github.com/neuroweaver/heddle/tsdb/interchange"
)

// TSDBExportCmd writes samples for other programs.
type TSDBExportCmd struct {
	StoreFlags
	From          string          `placeholder:"TIME" help:"First sample: a time, or how long ago (7d). Default: the oldest."`
	To            string          `placeholder:"TIME" help:"Last sample. Default: the newest."`
	Match         string          `placeholder:"SELECTOR" help:"Which series: a selector of PromQL. Default: all."`
	Format        string          `enum:"openmetrics,prometheus-block" default:"openmetrics" help:"openmetrics or prometheus-block (${default})."`
	BlockDuration server.Duration `default:"2h" help:"Time in one block, a multiple of 2h (${default})."`
	Output        string          `short:"o" required:"" placeholder:"PATH" help:"A file for openmetrics, or - for standard output; a directory for blocks."`
	Quiet         bool            `short:"q" help:"Print no progress and no summary, only what was left out."`
}

// Help shows examples.
func (TSDBExportCmd) Help() string {
	return `Examples:
  heddle tsdb export --data ./data -o history.om
  heddle tsdb export --data ./data --from 7d --match '{model="gpt-4o"}' -o - | zstd > week.om.zst
  heddle tsdb export --data ./data --format prometheus-block -o blocks
      then move what is in blocks to the data directory of a Prometheus

Blocks carry every sample bit for bit, native histograms too. Text carries floats: the summary says
what had to be left out.`
}

// Run writes one file, or a directory of blocks.
func (c TSDBExportCmd) Run(env *Env) (err error) {
	config, err := ServeCmd{Config: c.Config, Data: c.Data}.configuration()
	if err != nil {
		return err
	}
	began := time.Now()
	exporter := &interchange.Exporter{}
	if exporter.FromMS, err = boundMS(c.From, began, math.MinInt64); err != nil {
		return err
	}
	if exporter.ToMS, err = boundMS(c.To, began, math.MaxInt64); err != nil {
		return err
	}
	if exporter.FromMS > exporter.ToMS {
		return usagef("--from is after --to")
	}
	if c.Match != "" {
		if exporter.Matchers, err = parser.NewParser(parser.Options{}).ParseMetricSelector(c.Match); err != nil {
			return usagef("--match: %w", err)
		}
	}
	if exporter.DB, err = openStore(config.Data); err != nil {
		return inUse(config.Data, err)
	}
	progress := newBenchProgress(progressWriter(env, c.Quiet))
	exporter.Progress = func(share float64) { progress.show("write "+c.Output, share) }
	if c.Format == "openmetrics" {
		err = c.writeText(env, exporter)
	} else {
		err = exporter.Blocks(env.Ctx, c.Output, time.Duration(c.BlockDuration))
	}
	err = errors.Join(err, exporter.DB.Close())
	progress.end()
	if err != nil {
		return err
	}
	c.summary(env, exporter.Report(), time.Since(began))
	return nil
}

// boundMS reads an end of the time range.
func boundMS(text string, now time.Time, otherwise int64) (int64, error) {
	if text == "" {
		return otherwise, nil
	}
	at, err := parseWhen(text, now, now)
	return at.UnixMilli(), err
}

// writeText writes to a file that has its name only when it is whole.
func (c TSDBExportCmd) writeText(env *Env, exporter *interchange.Exporter) error {
	if c.Output == "-" {
		return exporter.Text(env.Ctx, env.Stdout)
	}
	file, err := os.CreateTemp(filepath.Dir(c.Output), filepath.Base(c.Output)+".*.tmp")
	if err != nil {
		return err
	}
	err = exporter.Text(env.Ctx, file)
	if err == nil {
		err = errors.Join(file.Chmod(0o644), file.Sync())
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), c.Output)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

func (c TSDBExportCmd) summary(env *Env, report interchange.ExportReport, took time.Duration) {
	for _, left := range []struct {
		n   int
		why string
	}{
		{report.Histograms, "native histograms: text has no form for them, blocks do"},
		{report.StaleMarkers, "markers that a series ended: text has no form for them, blocks do"},
		{report.NamelessSeries, "series without a metric name"},
	} {
		if left.n > 0 {
			fmt.Fprintf(env.Stderr, "left out %s %s\n", humanize.Comma(int64(left.n)), left.why)
		}
	}
	out := io.Writer(env.Stdout)
	if c.Output == "-" {
		out = env.Stderr
	}
	if c.Quiet {
		return
	}
	blocks := ""
	if report.Blocks > 0 {
		blocks = " in " + count(report.Blocks, "block")
	}
	fmt.Fprintf(out, "%s exported%s in %s\n", count(report.Samples, "sample"), blocks, took.Round(time.Millisecond))
}
