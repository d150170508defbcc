package main

import (
	"encoding/json"
	"os"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/peers"
	"github.com/neuroweaver/heddle/cmd/heddle/internal/rulesbench"
)

// BenchRulesCmd compares what rules cost with Prometheus.
type BenchRulesCmd struct {
	Instances int    `default:"10000" help:"Rule instances: half of them averages, half of them ratios of rates, over 5 minutes."`
	Rounds    int    `default:"8" help:"Rounds that are measured, 15 s each."`
	Seed      uint64 `default:"1" help:"Seed of the samples."`
	JSON      bool   `name:"json" help:"Print the results as JSON."`
}

// Help is what `heddle bench rules --help` adds.
func (BenchRulesCmd) Help() string {
	return `Starts Heddle and, where its Debian package is installed (prometheus), Prometheus, each with and
without rules, feeds all of them the same samples every 15 s, and prints how much processor time the rules
take in a round: the server with rules less its twin without. At the end it compares which alerts fire.

Takes two rounds more than it measures: 3 minutes with the default of 8.

Examples:
  heddle bench rules
  heddle bench rules --instances 50000 --rounds 20`
}

// Validate refuses sizes that measure nothing.
func (c *BenchRulesCmd) Validate() error {
	if c.Instances < 2 || c.Rounds < 1 {
		return usagef("--instances must be at least 2 and --rounds at least 1")
	}
	return nil
}

// Run measures and prints.
func (c *BenchRulesCmd) Run(env *Env) error {
	dir, err := os.MkdirTemp("", "heddle-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	progress := newBenchProgress(env.Stderr)
	results, err := rulesbench.Run{
		Instances: c.Instances,
		Rounds:    c.Rounds,
		Seed:      c.Seed,
		Heddle:    peers.Heddle,
		Dir:       dir,
		Progress:  progress.show,
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
	return rulesbench.Report(env.Stdout, c.Instances, c.Rounds, results)
}
