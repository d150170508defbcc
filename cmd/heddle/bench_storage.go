package main

import (
	"encoding/json"
	"os"
	"time"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/peers"
	"github.com/neuroweaver/heddle/cmd/heddle/internal/storagebench"
)

// BenchStorageCmd compares the store with Prometheus and VictoriaMetrics.
type BenchStorageCmd struct {
	Series   int           `default:"1000" help:"Synthetic series, 25 for each target."`
	Span     time.Duration `default:"6h" help:"Length of the synthetic data."`
	Interval time.Duration `default:"15s" help:"Time between two samples; also between recorded scrapes whose files are not named by their time."`
	Seed     uint64        `default:"1" help:"Seed of the synthetic data: the same seed gives the same samples."`
	Full     bool          `help:"10,000 series over 6 h at 15 s: 14.4 million samples."`
	ByKind   bool          `help:"Also measure histogram buckets, counters, short decimals and full-mantissa floats each alone."`
	Batch    int           `default:"5000" help:"Most samples in a request."`
	Scrape   []string      `placeholder:"URL" help:"Instead of synthetic data, scrape these targets (with --every and --for)."`
	Every    time.Duration `default:"1s" help:"Time between two scrapes."`
	For      time.Duration `default:"2m" help:"How long to scrape."`
	Keep     string        `type:"path" placeholder:"DIR" help:"Write what was scraped to this directory, one directory for each target."`
	Recorded []string      `type:"existingdir" placeholder:"DIR" help:"Instead of synthetic data, use recorded scrapes: each directory is a target, each file in it a text exposition."`
	Alone    bool          `help:"Measure Heddle only."`
	JSON     bool          `name:"json" help:"Print the results as JSON."`
}

// fullSeries is the size at which the store's goals are stated.
const fullSeries = 10_000

// Help is what `heddle bench storage --help` adds.
func (BenchStorageCmd) Help() string {
	return `Sends the same remote-write requests to Heddle and, where their Debian packages are installed
(prometheus, victoria-metrics), to the peers, one after the other, lets each flush and compact, and
prints what each took: bytes on disk per sample, processor seconds per million samples, peak memory. Every
sample is read back and compared with what was sent.

Examples:
  heddle bench storage
  heddle bench storage --full --by-kind
  heddle bench storage --scrape http://127.0.0.1:9100/metrics --for 10m --keep scrapes
  heddle bench storage --recorded scrapes/target-0`
}

// Validate refuses flags that cannot be meant together.
func (c *BenchStorageCmd) Validate() error {
	switch {
	case len(c.Scrape) > 0 && len(c.Recorded) > 0:
		return usagef("--scrape and --recorded exclude each other")
	case c.Series < 1 || c.Batch < 1:
		return usagef("--series and --batch must be at least 1")
	case c.Interval < time.Second || c.Every < 10*time.Millisecond:
		return usagef("--interval must be at least 1s and --every at least 10ms")
	case c.Span < c.Interval:
		return usagef("--span must be at least --interval")
	}
	for _, target := range c.Scrape {
		if _, err := storagebench.TargetHost(target); err != nil {
			return usageError{err}
		}
	}
	return nil
}

// Run measures and prints.
func (c *BenchStorageCmd) Run(env *Env) error {
	progress := newBenchProgress(env.Stderr)
	data, err := c.data(env, progress)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "heddle-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	run := storagebench.Run{
		Servers:  []peers.Start{peers.Heddle, peers.Prometheus, peers.VictoriaMetrics},
		Dir:      dir,
		Batch:    c.Batch,
		Progress: progress.show,
	}
	if c.Alone {
		run.Servers = run.Servers[:1]
	}
	results, err := run.All(env.Ctx, data...)
	progress.end()
	if err != nil {
		return err
	}
	if c.JSON {
		encoder := json.NewEncoder(env.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(results)
	}
	return storagebench.Report(env.Stdout, results)
}

// data is what the flags ask for.
func (c *BenchStorageCmd) data(env *Env, progress *benchProgress) ([]*storagebench.Dataset, error) {
	switch {
	case len(c.Scrape) > 0:
		data, err := storagebench.Scrape(env.Ctx, c.Scrape, c.Every, c.For, c.Keep, func(share float64) {
			progress.show("scraping", share)
		})
		return []*storagebench.Dataset{data}, err
	case len(c.Recorded) > 0:
		data, err := storagebench.ReadRecordings(c.Recorded, c.Interval, time.Now())
		return []*storagebench.Dataset{data}, err
	}
	telemetry := storagebench.Telemetry{
		Seed: c.Seed, Series: c.Series, Span: c.Span, Interval: c.Interval,
		// A whole span that has just passed, beginning at midnight, so that no peer's partition by day
		// or month cuts it.
		Start: time.Now().UTC().Add(-c.Span).Truncate(24 * time.Hour).Add(-24 * time.Hour),
	}
	if c.Full {
		telemetry.Series, telemetry.Span, telemetry.Interval = fullSeries, 6*time.Hour, 15*time.Second
	}
	list := []*storagebench.Dataset{telemetry.Dataset()}
	if c.ByKind {
		for _, kind := range storagebench.Kinds() {
			one := telemetry
			one.Kind = kind
			list = append(list, one.Dataset())
		}
	}
	return list, nil
}
