package storagebench

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
)

// ScaleReport prints what few and many series cost, side by side, and the ratio where one tells something.
func ScaleReport(out io.Writer, few, many ScaleResult) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(what, a, b, ratio string) { fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", what, a, b, ratio) }
	numbers := func(what, format string, ratio bool, of func(ScaleResult) float64) {
		a, b, times := of(few), of(many), ""
		if ratio {
			times = fmt.Sprintf("× %.2f", b/a)
		}
		line(what, fmt.Sprintf(format, a), fmt.Sprintf(format, b), times)
	}
	bytes := func(what string, of func(ScaleResult) int64) {
		line(what, humanize.Bytes(uint64(of(few))), humanize.Bytes(uint64(of(many))), "")
	}
	count := func(n int64) string { return humanize.Comma(n) }

	line("", count(int64(few.Series))+" series", count(int64(many.Series))+" series", "")
	line("samples of a series", count(int64(few.Rows)), count(int64(many.Rows)), "")
	line("samples measured", count(few.Samples), count(many.Samples), "")
	numbers("processor time a sample, with flushing and compaction", "%.3f µs", true, ScaleResult.CPUMicroseconds)
	numbers("– of it after the last sample", "%.3f µs", false, func(r ScaleResult) float64 { return r.FinalCPUSeconds / float64(r.Samples) * 1e6 })
	numbers("processor time to make a series and its first sample", "%.1f µs", true, func(r ScaleResult) float64 {
		made := float64(r.Samples) / float64(r.Rows-1) // of several runs
		return r.CreationSeconds / made * 1e6
	})
	numbers("on disk, a sample", "%.3f B", true, func(r ScaleResult) float64 {
		return float64(r.DiskBytes) / float64(r.Samples) * float64(r.Rows-1) / float64(r.Rows)
	})
	bytes("resident after the last sample", func(r ScaleResult) int64 { return r.RSSBytes })
	bytes("resident at most, with flushing and compaction", func(r ScaleResult) int64 { return r.PeakRSSBytes })
	line("samples in the log when it was killed", count(few.LoggedSamples), count(many.LoggedSamples), "")
	numbers("ready again after", "%.2f s", false, func(r ScaleResult) float64 { return r.RestartSeconds })
	numbers("– processor time of that", "%.2f s", false, func(r ScaleResult) float64 { return r.RestartCPUSeconds })
	numbers("first query answered in", "%.3f s", false, func(r ScaleResult) float64 { return r.FirstQuerySeconds })
	return table.Flush()
}
