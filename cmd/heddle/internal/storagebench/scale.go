package storagebench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/peers"
)

// Scale measures what one number of series costs a fresh Heddle.
type Scale struct {
	// Start starts the server.
	Start peers.Start
	// Data describes the samples. Span is left out: it follows from the rows.
	Data Telemetry
	// Rows is how many samples each series gets before all is flushed and compacted.
	Rows int
	// RestartSamples is how many more are written, about, before the server is killed: what it has to
	// replay. 0: it is not killed.
	RestartSamples int
	// Dir is where the server gets its directory, which is removed afterwards.
	Dir string
	// Batch is how many samples a request carries at most.
	Batch int
	// Progress is told what is being done and which share of it is done (0…1).
	Progress func(doing string, share float64)
}

// ScaleResult is what one number of series costs.
type ScaleResult struct {
	Series int `json:"series"`
	Rows   int `json:"rows_per_series"`
	// CreationSeconds is processor time of the first row of all series, which makes them.
	CreationSeconds float64 `json:"creation_cpu_seconds"`
	// Samples came after the first row, CPUSeconds is what they took, with all flushing and compaction, to
	// the last group-block. FinalCPUSeconds is the part of it from the last sample on.
	Samples         int64   `json:"samples"`
	CPUSeconds      float64 `json:"cpu_seconds"`
	FinalCPUSeconds float64 `json:"final_cpu_seconds"`
	// DiskBytes is what the first row and these take in the end.
	DiskBytes int64 `json:"disk_bytes"`
	// RSSBytes is the memory that is resident right after the last sample, PeakRSSBytes the most that
	// ever was, flushing and compaction included.
	RSSBytes     int64 `json:"rss_bytes"`
	PeakRSSBytes int64 `json:"peak_rss_bytes"`
	// RestartSeconds is from the start of the program, after it was killed with so many samples in the
	// log, until it is ready; RestartCPUSeconds is its processor time until then.
	LoggedSamples     int64   `json:"logged_samples"`
	RestartSeconds    float64 `json:"restart_seconds"`
	RestartCPUSeconds float64 `json:"restart_cpu_seconds"`
	// FirstQuerySeconds is how long the first query after that takes: all samples of one target.
	FirstQuerySeconds float64 `json:"first_query_seconds"`
}

// CPUMicroseconds is the processor time of a sample.
func (r ScaleResult) CPUMicroseconds() float64 { return r.CPUSeconds / float64(r.Samples) * 1e6 }

// Add adds another run of the same kind, so that short runs can be measured together. Of memory the larger
// figure stays, and a restart is that of the run which had one. The zero value is no run.
func (r *ScaleResult) Add(other ScaleResult) {
	r.Series, r.Rows = other.Series, other.Rows
	r.CreationSeconds += other.CreationSeconds
	r.Samples += other.Samples
	r.CPUSeconds += other.CPUSeconds
	r.FinalCPUSeconds += other.FinalCPUSeconds
	r.DiskBytes += other.DiskBytes
	r.RSSBytes = max(r.RSSBytes, other.RSSBytes)
	r.PeakRSSBytes = max(r.PeakRSSBytes, other.PeakRSSBytes)
	if other.LoggedSamples > 0 {
		r.LoggedSamples, r.FirstQuerySeconds = other.LoggedSamples, other.FirstQuerySeconds
		r.RestartSeconds, r.RestartCPUSeconds = other.RestartSeconds, other.RestartCPUSeconds
	}
}

// Run writes, flushes, compacts, kills and starts again.
func (s Scale) Run(ctx context.Context) (_ ScaleResult, err error) {
	dir, err := os.MkdirTemp(s.Dir, "scale-")
	if err != nil {
		return ScaleResult{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	restartRows := (s.RestartSamples + s.Data.Series - 1) / s.Data.Series
	s.Data.Span = time.Duration(s.Rows+restartRows) * s.Data.Interval
	s.Data.Start = time.Now().Add(-s.Data.Span).Truncate(time.Minute)
	data := s.Data.Dataset()
	result := ScaleResult{Series: data.Series(), Rows: s.Rows}

	server, err := s.Start(ctx, peers.Options{Dir: dir})
	if err != nil {
		return ScaleResult{}, err
	}
	defer server.Kill() // its last flush would be for nothing
	sender := NewSender(server, data, s.Batch)
	defer sender.Close()
	if err := s.ingest(ctx, server, sender, &result); err != nil {
		return ScaleResult{}, err
	}
	if restartRows > 0 {
		if err := s.restart(ctx, server, sender, data, restartRows, &result); err != nil {
			return ScaleResult{}, err
		}
	}
	return result, nil
}

// ingest writes all rows and brings them to where they stay.
func (s Scale) ingest(ctx context.Context, server *peers.Server, sender *Sender, result *ScaleResult) error {
	doing := fmt.Sprintf("%d series", result.Series)
	started, err := server.Usage()
	if err != nil {
		return err
	}
	s.Progress(doing+": making them", 0)
	if _, err := sender.Send(ctx, 1, func(int) {}); err != nil {
		return err
	}
	made, err := server.Usage()
	if err != nil {
		return err
	}
	result.Samples, err = sender.Send(ctx, s.Rows-1, func(step int) {
		s.Progress(doing+": writing", float64(step)/float64(s.Rows-1))
	})
	if err != nil {
		return err
	}
	written, err := server.Usage()
	if err != nil {
		return err
	}
	s.Progress(doing+": flushing and compacting", 0)
	disk, err := server.Compact(ctx)
	if err != nil {
		return err
	}
	done, err := server.Usage()
	if err != nil {
		return err
	}
	result.CreationSeconds = made.CPUSeconds - started.CPUSeconds
	result.CPUSeconds = done.CPUSeconds - made.CPUSeconds
	result.FinalCPUSeconds = done.CPUSeconds - written.CPUSeconds
	result.DiskBytes = disk.SampleBytes
	result.RSSBytes, result.PeakRSSBytes = written.RSSBytes, done.PeakRSSBytes
	return nil
}

// restart fills the log, kills the server, starts it again and asks it something.
func (s Scale) restart(ctx context.Context, server *peers.Server, sender *Sender, data *Dataset, rows int, result *ScaleResult) (err error) {
	doing := fmt.Sprintf("%d series", result.Series)
	result.LoggedSamples, err = sender.Send(ctx, rows, func(step int) {
		s.Progress(doing+": filling the log", float64(step)/float64(rows))
	})
	if err != nil {
		return err
	}
	usage, err := server.Usage()
	if err != nil {
		return err
	}
	result.PeakRSSBytes = max(result.PeakRSSBytes, usage.PeakRSSBytes)
	s.Progress(doing+": restarting", 0)
	took, err := server.Restart(ctx)
	if err != nil {
		return err
	}
	if usage, err = server.Usage(); err != nil {
		return err
	}
	result.RestartSeconds, result.RestartCPUSeconds = took.Seconds(), usage.CPUSeconds
	began := time.Now()
	end := time.UnixMilli(data.LastMS)
	series, err := server.Raw(ctx, data.Targets[0].Selector(), end.Sub(time.UnixMilli(data.FirstMS))+time.Second, end)
	if err != nil {
		return err
	}
	result.FirstQuerySeconds = time.Since(began).Seconds()
	if want := len(data.Targets[0].Series()); len(series) != want {
		return fmt.Errorf("after the restart a target has %d series, not %d", len(series), want)
	}
	for _, one := range series {
		if len(one.Values) != data.Steps {
			return fmt.Errorf("after the restart %v has %d samples, not %d", one.Metric, len(one.Values), data.Steps)
		}
	}
	return nil
}
