package main

import (
	"encoding/json"
	"os"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/latencybench"
)

// BenchLatencyCmd measures breach → webhook.
type BenchLatencyCmd struct {
	Trials int    `default:"200" help:"Trials of each row."`
	Seed   uint64 `default:"1" help:"Seed of the pauses between trials."`
	Peers  bool   `default:"true" negatable:"" help:"Also measure Prometheus with Alertmanager, where they are installed."`
	JSON   bool   `name:"json" help:"Print the results as JSON."`
}

// Help is what `heddle bench latency --help` adds.
func (BenchLatencyCmd) Help() string {
	return `Starts a server in a directory of its own, sends it samples by remote write of which each breaks a rule
with "for 0s", and takes the time from just before such a sample is sent until the signed webhook has arrived:
for an alert, and for the switch of a route. Where their Debian packages are installed (prometheus,
prometheus-alertmanager), the same alert is measured through them, configured for the least delay.

Examples:
  heddle bench latency
  heddle bench latency --trials 2000 --no-peers
  heddle bench latency --json`
}

// Validate refuses sizes that measure nothing.
func (c *BenchLatencyCmd) Validate() error {
	if c.Trials < 1 {
		return usagef("--trials must be at least 1")
	}
	return nil
}

// Run measures and prints.
func (c *BenchLatencyCmd) Run(env *Env) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "heddle-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	progress := newBenchProgress(env.Stderr)
	results, err := latencybench.Run{
		Trials: c.Trials, Seed: c.Seed, Dir: dir, Program: program, Peers: c.Peers, Progress: progress.show,
	}.Measure(env.Ctx)
	progress.end()
	if err != nil {
		return err
	}
	if c.JSON {
		encoder := json.NewEncoder(env.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(results)
	}
	return latencybench.Report(env.Stdout, results)
}
