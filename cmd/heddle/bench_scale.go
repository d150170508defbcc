package main

import (
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/storagebench"
)

// BenchScaleCmd measures how the store's costs grow with the number of series.
type BenchScaleCmd struct {
	Series   int           `default:"1000000" help:"Series of the large run, 25 for each target."`
	Span     time.Duration `default:"1h" help:"Length of the large run's data."`
	Interval time.Duration `default:"15s" help:"Time between two samples."`
	Seed     uint64        `default:"1" help:"Seed of the data: the same seed gives the same samples."`
	Batch    int           `default:"5000" help:"Most samples in a request."`
	JSON     bool          `name:"json" help:"Print the results as JSON."`
}

const (
	scaleSeries = 10_000 // what the large run is compared with
	// scaleSpan makes the small run's 10 million samples at 15 s: what a restart has to replay.
	scaleSpan = 1000 * 15 * time.Second
)

// Help is what `heddle bench scale --help` adds.
func (BenchScaleCmd) Help() string {
	return `Writes to two servers, one after the other: 10,000 series with 10 million samples, then --series over
--span. Prints what a sample costs in both, what is resident, and how long a restart takes after the
server was killed. The large run needs some 6 GB for itself, and minutes.

Examples:
  heddle bench scale
  heddle bench scale --series 200000 --span 20m`
}

// Validate refuses what can not be measured.
func (c *BenchScaleCmd) Validate() error {
	switch {
	case c.Series < 1 || c.Batch < 1:
		return usagef("--series and --batch must be at least 1")
	case c.Interval < time.Second:
		return usagef("--interval must be at least 1s")
	case c.Span < 40*c.Interval:
		return usagef("--span must be at least 40 times --interval: the first 20 rows make the series")
	}
	return nil
}

// Run measures and prints.
func (c *BenchScaleCmd) Run(env *Env) error {
	progress := newBenchProgress(env.Stderr)
	dir, err := os.MkdirTemp("", "heddle-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var results []storagebench.ScaleResult
	for _, t := range []storagebench.Telemetry{
		{Series: scaleSeries, Span: scaleSpan, Interval: 15 * time.Second},
		{Series: c.Series, Span: c.Span, Interval: c.Interval},
	} {
		t.Seed = c.Seed
		t.Start = time.Now().Add(-t.Span).Truncate(time.Minute)
		result, err := storagebench.Scale(env.Ctx, t.Dataset(), dir, c.Batch, progress.show)
		if err != nil {
			progress.end()
			return err
		}
		results = append(results, result)
	}
	progress.end()
	if c.JSON {
		encoder := json.NewEncoder(env.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(results)
	}
	table := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "series\tsamples\tCPU-s/million\twithout making series\tresident\tpeak\tready after kill\tfirst query")
	small := results[0]
	for _, r := range results {
		fmt.Fprintf(table, "%s\t%s\t%.3f\t%.3f (×%.2f)\t%s\t%s\t%.2f s\t%.3f s\n", humanize.Comma(int64(r.Series)), humanize.Comma(r.Samples),
			r.CPUSecondsPerMillion, r.SteadyCPUSecondsPerMillion, r.SteadyCPUSecondsPerMillion/small.SteadyCPUSecondsPerMillion,
			humanize.Bytes(uint64(r.RSSBytes)), humanize.Bytes(uint64(r.PeakRSSBytes)), r.RestartSeconds, r.FirstQuerySeconds)
	}
	return table.Flush()
}
