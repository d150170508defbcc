package rulesbench

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
)

// Report writes the results as a table; the first is the one that the others are compared with.
func Report(w io.Writer, instances, rounds int, results []Result) error {
	fmt.Fprintf(w, "\n%s rule instances over 5 minutes, %d rounds of samples every %v\n", humanize.Comma(int64(instances)), rounds, interval)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "server\trules\tCPU per round\t\twithout rules\tpeak memory\tfiring\tmissed\tfalse")
	for i, r := range results {
		ratio := ""
		if i > 0 && results[0].CPUSecondsPerRound > 0 { // else it drowns in the noise of the bare servers
			ratio = fmt.Sprintf("(×1/%.0f)", r.CPUSecondsPerRound/results[0].CPUSecondsPerRound)
		}
		fmt.Fprintf(table, "%s %s\t%s\t%.1f ms\t%s\t%.1f ms\t%s\t%d\t%d\t%d\n", r.Server, r.Version, r.Rules,
			1000*r.CPUSecondsPerRound, ratio, 1000*r.BarePerRound, humanize.Bytes(uint64(r.PeakRSSBytes)), r.Firing, r.Missed, r.False)
	}
	return table.Flush()
}
