package storagebench

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
)

// Report writes the results as tables, one for each data set. The first server of a data set is the
// one that the others are compared with: "×0.40" means that it takes 0.40 of what the other takes.
func Report(w io.Writer, results []Result) error {
	for len(results) > 0 {
		n := 1
		for n < len(results) && results[n].Data == results[0].Data {
			n++
		}
		if err := reportData(w, results[:n]); err != nil {
			return err
		}
		results = results[n:]
	}
	return nil
}

func reportData(w io.Writer, results []Result) error {
	ours := results[0]
	fmt.Fprintf(w, "\n%s: %s series, %s samples\n", ours.Data, humanize.Comma(int64(ours.Series)), humanize.Comma(ours.Samples))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "store\tbytes/sample\t\tCPU-s/million\t\tpeak memory\t\twritten in\tread back")
	for _, r := range results {
		fmt.Fprintf(table, "%s %s\t%.3f\t%s\t%.2f\t%s\t%s\t%s\t%.1f s\t%s\n", r.Server, r.Version,
			r.BytesPerSample, ratio(ours.BytesPerSample, r.BytesPerSample),
			r.CPUSecondsPerMillion, ratio(ours.CPUSecondsPerMillion, r.CPUSecondsPerMillion),
			humanize.Bytes(uint64(r.PeakRSSBytes)), ratio(float64(ours.PeakRSSBytes), float64(r.PeakRSSBytes)),
			r.SendSeconds, r.ReadBack)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if ours.OtherDiskBytes > 0 {
		fmt.Fprintf(w, "%s keeps %s more that do not grow with samples and are not counted: its journal of decisions.\n",
			ours.Server, humanize.Bytes(uint64(ours.OtherDiskBytes)))
	}
	return nil
}

// ratio is ours in units of theirs.
func ratio(ours, theirs float64) string {
	if ours == theirs {
		return "" // our own row
	}
	return fmt.Sprintf("(×%.2f)", ours/theirs)
}

// String says in a few words whether all came back.
func (d Difference) String() string {
	switch {
	case d.Exact():
		return "bit for bit"
	case d.Missing == 0 && d.Surplus == 0:
		return fmt.Sprintf("%.2f %% changed, by at most %.1e", 100*float64(d.Changed)/float64(d.Samples), d.MaxRelativeError)
	}
	return fmt.Sprintf("%d missing, %d too many, %d changed", d.Missing, d.Surplus, d.Changed)
}
