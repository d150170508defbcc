package storagebench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/peers"
)

// Result is what one store made of one data set.
type Result struct {
	Server  string `json:"server"`
	Version string `json:"version"`
	Data    string `json:"data"`
	Series  int    `json:"series"`
	// Samples is how many were acknowledged.
	Samples int64 `json:"samples"`
	// DiskBytes is all that grows with samples, when everything is flushed and compacted: blocks, logs,
	// index. OtherDiskBytes lies beside it and does not grow with samples.
	DiskBytes      int64   `json:"disk_bytes"`
	OtherDiskBytes int64   `json:"other_disk_bytes"`
	BytesPerSample float64 `json:"bytes_per_sample"`
	// CPUSecondsPerMillion is processor time, background work included, for a million samples.
	CPUSecondsPerMillion float64 `json:"cpu_seconds_per_million_samples"`
	PeakRSSBytes         int64   `json:"peak_rss_bytes"`
	// SendSeconds is the wall time from the first request to the last acknowledgement.
	SendSeconds float64    `json:"send_seconds"`
	ReadBack    Difference `json:"read_back"`
}

// Run is one comparison: the same data to every server, one server after the other, so that none
// takes processor time from another.
type Run struct {
	Servers []peers.Start
	// Dir is where the servers get their directories; each is removed when its server has been measured.
	Dir string
	// Batch is how many samples a request carries at most.
	Batch int
	// Progress is told what is being done and which share of it is done (0…1).
	Progress func(doing string, share float64)
}

// All measures every server on every data set. A peer that is not installed is left out.
func (r Run) All(ctx context.Context, data ...*Dataset) ([]Result, error) {
	var results []Result
	for _, d := range data {
		for _, start := range r.Servers {
			result, err := r.one(ctx, start, d)
			if errors.Is(err, peers.ErrNotInstalled) {
				r.Progress(err.Error()+": left out", 1)
				continue
			}
			if err != nil {
				return results, err
			}
			results = append(results, result)
		}
	}
	return results, nil
}

// one measures one server on one data set.
func (r Run) one(ctx context.Context, start peers.Start, data *Dataset) (_ Result, err error) {
	dir, err := os.MkdirTemp(r.Dir, "server-")
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, err := start(ctx, peers.Options{Dir: dir})
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()

	before, err := server.Usage()
	if err != nil {
		return Result{}, err
	}
	result := Result{Server: server.Name, Version: server.Version, Data: data.Name, Series: data.Series()}
	doing := fmt.Sprintf("%s: %s", server.Name, data.Name)
	began := time.Now()
	sender := NewSender(server, data, r.Batch)
	defer sender.Close()
	result.Samples, err = sender.Send(ctx, data.Steps, func(step int) {
		r.Progress(doing+": writing", float64(step)/float64(data.Steps))
	})
	if err != nil {
		return Result{}, err
	}
	result.SendSeconds = time.Since(began).Seconds()

	r.Progress(doing+": flushing and compacting", 0)
	disk, err := server.Compact(ctx)
	if err != nil {
		return Result{}, err
	}
	result.DiskBytes, result.OtherDiskBytes = disk.SampleBytes, disk.OtherBytes
	after, err := server.Usage()
	if err != nil {
		return Result{}, err
	}
	result.BytesPerSample = float64(result.DiskBytes) / float64(result.Samples)
	result.CPUSecondsPerMillion = (after.CPUSeconds - before.CPUSeconds) / float64(result.Samples) * 1e6
	result.PeakRSSBytes = after.PeakRSSBytes

	result.ReadBack, err = ReadBack(ctx, server, data, func(target int) {
		r.Progress(doing+": reading back", float64(target)/float64(len(data.Targets)))
	})
	return result, err
}
