package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
)

// TSDBCmd looks after the store.
type TSDBCmd struct {
	Stats    TSDBStatsCmd    `cmd:"" default:"withargs" help:"What the store holds and what it takes on disk."`
	Compact  TSDBCompactCmd  `cmd:"" help:"Flush and compact all there is, and wait for it."`
	Check    TSDBCheckCmd    `cmd:"" help:"Read everything on disk and report damage."`
	Snapshot TSDBSnapshotCmd `cmd:"" help:"Write a copy of the store while the server runs."`
	Import   TSDBImportCmd   `cmd:"" help:"Bring in blocks of Prometheus and OpenMetrics text."`
	Export   TSDBExportCmd   `cmd:"" help:"Write OpenMetrics text or blocks of Prometheus."`
}

// Help shows examples.
func (TSDBCmd) Help() string {
	return `Examples:
  heddle tsdb stats
  heddle tsdb compact
  heddle tsdb snapshot                 # a copy while the server runs
  heddle tsdb check --data ./data      # of a stopped server, or of a snapshot
  heddle tsdb import --data ./data /var/lib/prometheus/metrics2
  heddle tsdb export --data ./data -o history.om`
}

// storeStats is the server's answer.
type storeStats struct {
	Data struct {
		Head struct {
			Series    int   `json:"numSeries"`
			MinTimeMS int64 `json:"minTime"`
			MaxTimeMS int64 `json:"maxTime"`
		} `json:"headStats"`
		Groups         int     `json:"groups"`
		Blocks         int     `json:"blocks"`
		BlockBytes     int64   `json:"block_bytes"`
		BlockSamples   int64   `json:"block_samples"`
		LogBytes       int64   `json:"log_bytes"`
		HeadBytes      int64   `json:"head_bytes"`
		HeadSamples    int64   `json:"head_samples"`
		BytesPerSample float64 `json:"block_bytes_per_sample"`
	} `json:"data"`
}

func (s storeStats) print(env *Env) error {
	d := s.Data
	span := "empty"
	if d.Head.MaxTimeMS != 0 {
		span = clockTime(time.UnixMilli(d.Head.MinTimeMS)) + " to " + clockTime(time.UnixMilli(d.Head.MaxTimeMS))
	}
	perSample := "-"
	if d.BlockSamples > 0 {
		perSample = strconv.FormatFloat(d.BytesPerSample, 'f', 3, 64) + " bytes a sample"
	}
	return table(env.Stdout, [][]string{
		{"time", span},
		{"series", humanize.Comma(int64(d.Head.Series)), fmt.Sprintf("in %s groups", humanize.Comma(int64(d.Groups)))},
		{"blocks", humanize.Comma(int64(d.Blocks)), humanize.Comma(d.BlockSamples) + " samples", humanize.IBytes(uint64(d.BlockBytes)), perSample},
		{"in memory", "", humanize.Comma(d.HeadSamples) + " samples", humanize.IBytes(uint64(d.HeadBytes))},
		{"log", "", "", humanize.IBytes(uint64(d.LogBytes))},
	})
}

// TSDBStatsCmd shows what the store holds.
type TSDBStatsCmd struct {
	Remote
	JSON bool `help:"Print JSON."`
}

// Run prints a table.
func (c TSDBStatsCmd) Run(env *Env) error {
	var stats storeStats
	if err := c.get(env.Ctx, "/api/v1/status/tsdb", nil, &stats); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(env.Stdout, stats.Data)
	}
	return stats.print(env)
}

// TSDBCompactCmd compacts the store.
type TSDBCompactCmd struct{ Remote }

// Run waits for the compaction and shows what the store then holds.
func (c TSDBCompactCmd) Run(env *Env) error {
	began := time.Now()
	var stats storeStats
	if err := c.post(env.Ctx, "/api/v1/admin/compact", nil, &stats); err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "compacted in %s\n", time.Since(began).Round(time.Millisecond))
	return stats.print(env)
}
