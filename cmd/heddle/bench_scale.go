package main

import (
	"encoding/json"
	"os"
	"time"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/peers"
	"github.com/neuroweaver/heddle/cmd/heddle/internal/storagebench"
)

// BenchScaleCmd measures how the store's costs grow with the number of series.
type BenchScaleCmd struct {
	Series   int           `default:"1000000" help:"Series of the large side, 25 for each target."`
	Span     time.Duration `default:"1h" help:"Length of the data, on both sides."`
	Interval time.Duration `default:"1m" help:"Time between two samples, on both sides."`
	Full     bool          `help:"An hour at 15 s: 240 million samples with a million series."`
	Seed     uint64        `default:"1" help:"Seed of the data: the same seed gives the same samples."`
	Batch    int           `default:"5000" help:"Most samples in a request."`
	JSON     bool          `name:"json" help:"Print the results as JSON."`
}

const (
	// fewSeries is what the large side is compared with.
	fewSeries = 10_000
	// leastSamples is what the small side must have for its processor time to mean something: a second of
	// it, which Linux counts in hundredths. It runs as often as that takes.
	leastSamples = 3_000_000
	// restartSamples is what a restart has to replay.
	restartSamples = 10_000_000
)

// Help is what `heddle bench scale --help` adds.
func (BenchScaleCmd) Help() string {
	return `Writes to fresh servers, one after the other: 10,000 series (several times, to have enough to
measure), then --series. Each series gets the same number of samples at the same interval on both sides;
then all is flushed and compacted. What that took is compared by sample; the first sample of each series,
which makes it, is counted apart. Then ten million samples more go to the log, the server is killed, and
its restart is timed.

With a million series it takes minutes, and 4 GB of memory for itself and the server.

Examples:
  heddle bench scale
  heddle bench scale --full
  heddle bench scale --series 200000 --span 20m --interval 15s`
}

// Validate refuses what can not be measured.
func (c *BenchScaleCmd) Validate() error {
	switch {
	case c.Series < 1 || c.Batch < 1:
		return usagef("--series and --batch must be at least 1")
	case c.Interval < time.Second:
		return usagef("--interval must be at least 1s")
	case c.Span < 2*c.Interval:
		return usagef("--span must be at least twice --interval: the first sample makes the series")
	}
	return nil
}

// Run measures and prints.
func (c *BenchScaleCmd) Run(env *Env) error {
	if c.Full {
		c.Span, c.Interval = time.Hour, 15*time.Second
	}
	progress := newBenchProgress(env.Stderr)
	few, many, err := c.measure(env, progress)
	progress.end()
	if err != nil {
		return err
	}
	if c.JSON {
		encoder := json.NewEncoder(env.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode([]storagebench.ScaleResult{few, many})
	}
	return storagebench.ScaleReport(env.Stdout, few, many)
}

func (c *BenchScaleCmd) measure(env *Env, progress *benchProgress) (few, many storagebench.ScaleResult, err error) {
	dir, err := os.MkdirTemp("", "heddle-bench-")
	if err != nil {
		return few, many, err
	}
	defer os.RemoveAll(dir)
	run := storagebench.Scale{
		Start: peers.Heddle,
		Data:  storagebench.Telemetry{Seed: c.Seed, Series: fewSeries, Interval: c.Interval},
		Rows:  int(c.Span / c.Interval), Dir: dir, Batch: c.Batch, Progress: progress.show,
	}
	for few.Samples < leastSamples {
		if few.Samples+int64(run.Data.Series*(run.Rows-1)) >= leastSamples { // the last time
			run.RestartSamples = restartSamples
		}
		one, err := run.Run(env.Ctx)
		if err != nil {
			return few, many, err
		}
		few.Add(one)
	}
	run.Data.Series, run.RestartSamples = c.Series, restartSamples
	many, err = run.Run(env.Ctx)
	return few, many, err
}
