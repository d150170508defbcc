package storagebench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/peers"
)

// ScaleResult is what one number of series costs.
type ScaleResult struct {
	Series  int   `json:"series"`
	Samples int64 `json:"samples"`
	// CPUSecondsPerMillion is processor time for a million samples, flushes that fall into it included.
	CPUSecondsPerMillion float64 `json:"cpu_seconds_per_million_samples"`
	// SteadyCPUSecondsPerMillion leaves out the first requests, which make the series.
	SteadyCPUSecondsPerMillion float64 `json:"steady_cpu_seconds_per_million_samples"`
	// RSSBytes is the memory that is resident right after the last sample.
	RSSBytes     int64 `json:"rss_bytes"`
	PeakRSSBytes int64 `json:"peak_rss_bytes"`
	// RestartSeconds is from the start of the program, after it was killed, until it is ready.
	RestartSeconds float64 `json:"restart_seconds"`
	// FirstQuerySeconds is how long the first query after that takes: all samples of one target.
	FirstQuerySeconds float64 `json:"first_query_seconds"`
}

// Scale writes the data set to a fresh Heddle, measures, kills it, and measures its restart. The
// processor time of maintenance that is due later is not in it; that of [Run] has it all.
func Scale(ctx context.Context, data *Dataset, dir string, batch int, progress func(doing string, share float64)) (_ ScaleResult, err error) {
	if dir, err = os.MkdirTemp(dir, "scale-"); err != nil {
		return ScaleResult{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, err := peers.Heddle(ctx, peers.Options{Dir: dir})
	if err != nil {
		return ScaleResult{}, err
	}
	defer server.Kill() // its last flush would be for nothing

	result := ScaleResult{Series: data.Series()}
	doing := fmt.Sprintf("%d series", result.Series)
	before, err := server.Usage()
	if err != nil {
		return ScaleResult{}, err
	}
	var created peers.Usage
	var usageErr error
	createdSteps := 0
	result.Samples, err = Send(ctx, server, data, batch, func(step int) {
		if createdSteps == 0 {
			created, usageErr = server.Usage()
			createdSteps = step
		}
		progress(doing+": writing", float64(step)/float64(data.Steps))
	})
	if err = errors.Join(err, usageErr); err != nil {
		return ScaleResult{}, err
	}
	after, err := server.Usage()
	if err != nil {
		return ScaleResult{}, err
	}
	result.RSSBytes, result.PeakRSSBytes = after.RSSBytes, after.PeakRSSBytes
	result.CPUSecondsPerMillion = (after.CPUSeconds - before.CPUSeconds) / float64(result.Samples) * 1e6
	steady := float64(result.Samples) * float64(data.Steps-createdSteps) / float64(data.Steps)
	result.SteadyCPUSecondsPerMillion = (after.CPUSeconds - created.CPUSeconds) / steady * 1e6

	progress(doing+": restarting", 0)
	took, err := server.Restart(ctx)
	if err != nil {
		return ScaleResult{}, err
	}
	result.RestartSeconds = took.Seconds()
	began := time.Now()
	end := time.UnixMilli(data.LastMS)
	series, err := server.Raw(ctx, data.Targets[0].Selector(), end.Sub(time.UnixMilli(data.FirstMS))+time.Second, end)
	if err != nil {
		return ScaleResult{}, err
	}
	result.FirstQuerySeconds = time.Since(began).Seconds()
	if len(series) != len(data.Targets[0].Series()) || len(series[0].Values) != data.Steps {
		return ScaleResult{}, fmt.Errorf("after the restart a target has %d series, not %d, or lacks samples", len(series), len(data.Targets[0].Series()))
	}
	return result, nil
}
