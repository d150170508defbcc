package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-isatty"

	"github.com/neuroweaver/heddle/server"
	"github.com/neuroweaver/heddle/tsdb"
	"github.com/neuroweaver/heddle/tsdb/interchange"
)

// TSDBImportCmd brings samples of other programs into a data directory.
type TSDBImportCmd struct {
	StoreFlags
	Retention *server.Duration `placeholder:"30d" env:"HEDDLE_RETENTION" help:"How long the server keeps samples; older ones are refused."`
	Format    string           `enum:"auto,openmetrics,prometheus" default:"auto" help:"Of text files: openmetrics (seconds), prometheus (milliseconds), or auto, by the line # EOF at the end (${default})."`
	Quiet     bool             `short:"q" help:"Print no progress and no summary, only what was refused."`
	Paths     []string         `arg:"" type:"path" name:"path" help:"Text files, blocks of Prometheus, or directories that hold blocks."`
}

// StoreFlags name a data directory that no server uses.
type StoreFlags struct {
	Config string `placeholder:"heddle.yml" type:"path" env:"HEDDLE_CONFIG" help:"Configuration file of the server. Without it heddle.yml here is read, if there is one."`
	Data   string `placeholder:"DIR" type:"path" env:"HEDDLE_DATA" help:"Data directory (./data); the server that uses it must be stopped."`
}

// Help shows examples.
func (TSDBImportCmd) Help() string {
	return `Examples:
  heddle tsdb import --data ./data /var/lib/prometheus/metrics2
      all blocks of a Prometheus; take a snapshot first if it is running
  heddle tsdb import --data ./data 01HZX4T8MZ3Q4E5V6W7X8Y9Z0A
  heddle tsdb import --data ./data --retention 400d history.om
      OpenMetrics text; set storage.retention to as much, or the server drops it

Samples may be older than what the store has. An import may be repeated: what is there already
is a duplicate. The exit code is 1 when something was refused.`
}

// Run imports one path after another.
func (c TSDBImportCmd) Run(env *Env) error {
	config, err := ServeCmd{Config: c.Config, Data: c.Data, Retention: c.Retention}.configuration()
	if err != nil {
		return err
	}
	began := time.Now()
	retention := config.Storage.Retention
	db, err := tsdb.Open(server.StorePath(config.Data), tsdb.Options{
		Retention: keepAll, Rollup5mRetention: keepAll, Rollup1hRetention: keepAll, OutOfOrder: interchange.OutOfOrder,
	})
	if err != nil {
		return inUse(config.Data, err)
	}
	progress := newBenchProgress(progressWriter(env, c.Quiet))
	importer := &interchange.Importer{DB: db, OldestMS: began.Add(-time.Duration(retention)).UnixMilli()}
	for _, path := range c.Paths {
		if err = c.importPath(env, importer, progress, path); err != nil {
			break
		}
	}
	if err == nil {
		progress.show("write blocks", 0)
	}
	err = errors.Join(err, db.Close())
	progress.end()
	report := importer.Report()
	if !c.Quiet {
		fmt.Fprintf(env.Stdout, "%s imported", count(report.Appended, "sample"))
		for _, more := range []struct {
			n    int
			what string
		}{{report.Exemplars, "exemplars"}, {report.Duplicates, "known before"}, {report.Deleted, "left out, deleted there"}} {
			if more.n > 0 {
				fmt.Fprintf(env.Stdout, ", %s %s", humanize.Comma(int64(more.n)), more.what)
			}
		}
		fmt.Fprintf(env.Stdout, " in %s\n", time.Since(began).Round(time.Millisecond))
	}
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted; what was imported stays, and the import can be repeated")
	}
	if err != nil {
		return err
	}
	return printRefused(env.Stderr, report, retention, began)
}

func (c TSDBImportCmd) importPath(env *Env, importer *interchange.Importer, progress *benchProgress, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		format, err := c.textFormat(path)
		if err != nil {
			return err
		}
		importer.Progress = func(share float64) { progress.show(path, share) }
		return importer.Text(env.Ctx, path, format)
	}
	blocks, err := interchange.FindBlocks(path)
	if err != nil {
		return err
	}
	if interchange.HasUnflushed(path) {
		fmt.Fprintf(env.Stderr, "%s: the newest hours are in no block yet and are not imported; "+
			"a snapshot has them: POST /api/v1/admin/tsdb/snapshot to Prometheus\n", path)
	}
	for _, block := range blocks {
		importer.Progress = func(share float64) { progress.show(block, share) }
		if err := importer.Block(env.Ctx, block); err != nil {
			return err
		}
	}
	return nil
}

func (c TSDBImportCmd) textFormat(path string) (interchange.TextFormat, error) {
	switch c.Format {
	case "openmetrics":
		return interchange.OpenMetrics, nil
	case "prometheus":
		return interchange.PrometheusText, nil
	}
	return interchange.DetectTextFormat(path)
}

// inUse says what to do about a store that a server uses.
func inUse(data string, err error) error {
	if errors.Is(err, tsdb.ErrLocked) {
		return fmt.Errorf("a server uses %s; stop it first: %w", data, err)
	}
	return err
}

// progressWriter is where progress goes: a terminal, or nowhere.
func progressWriter(env *Env, quiet bool) io.Writer {
	if file, ok := env.Stderr.(*os.File); ok && !quiet && isatty.IsTerminal(file.Fd()) {
		return file
	}
	return io.Discard
}

// printRefused says what was refused, why, and what to do about it.
func printRefused(w io.Writer, report interchange.Report, retention server.Duration, now time.Time) error {
	if len(report.Refused) == 0 {
		return nil
	}
	for _, refusal := range report.Refused {
		fmt.Fprintf(w, "refused %s\n", refusal)
		switch refusal.Reason {
		case tsdb.TooOld:
			oldest := time.UnixMilli(report.OldestRefusedMS)
			days := int(now.Sub(oldest).Hours()/24) + 2
			fmt.Fprintf(w, "  older than the retention of %s; the oldest is of %s. To keep them set storage.retention: %dd "+
				"in heddle.yml and import again\n", retention, oldest.UTC().Format(time.DateTime), days)
			if oldest.Year() < 1980 {
				fmt.Fprintln(w, "  times near 1970 are seconds taken for milliseconds: try --format openmetrics")
			}
		case tsdb.Conflict:
			fmt.Fprintln(w, "  the store has other values at these times, and keeps them")
		case tsdb.TooFarAhead:
			fmt.Fprintln(w, "  in the future; if the clock here is right, the times are milliseconds taken for seconds: try --format prometheus")
		case interchange.NoTimestamp:
			fmt.Fprintln(w, "  a sample needs its time behind its value")
		}
	}
	return errBad
}
