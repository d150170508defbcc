package latencybench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Result is one row: how long each trial took.
type Result struct {
	Name string
	Took []time.Duration
	// Lasted is how long the row took in all, and CPU the processor time of what it measured.
	Lasted, CPU time.Duration
	// Missing says why there is nothing, if there is nothing.
	Missing string
}

// quantile is the q-th sample quantile by the nearest rank: the smallest value that at least a share
// q of the trials did not exceed.
func (r Result) quantile(q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(r.Took))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// cpuShare is the processor time as a share of one core.
func (r Result) cpuShare() float64 { return r.CPU.Seconds() / r.Lasted.Seconds() }

// MarshalJSON gives the figures in milliseconds.
func (r Result) MarshalJSON() ([]byte, error) {
	if len(r.Took) == 0 {
		return json.Marshal(map[string]string{"name": r.Name, "missing": r.Missing})
	}
	return json.Marshal(struct {
		Name     string  `json:"name"`
		Trials   int     `json:"trials"`
		MedianMS float64 `json:"median_ms"`
		P99MS    float64 `json:"p99_ms"`
		MaxMS    float64 `json:"max_ms"`
		CPUShare float64 `json:"cpu_share"`
	}{r.Name, len(r.Took), ms(r.quantile(0.5)), ms(r.quantile(0.99)), ms(r.quantile(1)), r.cpuShare()})
}

// Report prints the table and a histogram of each row.
func Report(w io.Writer, results []Result) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "breaching sample → webhook\ttrials\tmedian\tp99\tmax\tof a core\t")
	for _, r := range results {
		if len(r.Took) == 0 {
			fmt.Fprintf(table, "%s\t%s\t\t\t\t\t\n", r.Name, r.Missing)
			continue
		}
		fmt.Fprintf(table, "%s\t%d\t%.1f ms\t%.1f ms\t%.1f ms\t%.1f %%\t\n",
			r.Name, len(r.Took), ms(r.quantile(0.5)), ms(r.quantile(0.99)), ms(r.quantile(1)), 100*r.cpuShare())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range results {
		if len(r.Took) > 0 {
			if _, err := fmt.Fprintf(w, "\n%s\n%s", r.Name, histogram(r.Took)); err != nil {
				return err
			}
		}
	}
	return nil
}

// histogramWidth is the length of the longest bar, in characters, so that a line fits 80 columns.
const histogramWidth = 50

// histogram draws one bar for each step of a geometric scale of three steps to the octave, wide enough for
// milliseconds and seconds alike.
func histogram(took []time.Duration) string {
	const stepsPerOctave = 3
	step := func(d time.Duration) int {
		return int(math.Floor(stepsPerOctave * math.Log2(max(ms(d), 1e-3))))
	}
	counts := map[int]int{}
	low, high, most := math.MaxInt, math.MinInt, 0
	for _, d := range took {
		s := step(d)
		counts[s]++
		low, high, most = min(low, s), max(high, s), max(most, counts[s])
	}
	var out strings.Builder
	for s := low; s <= high; s++ {
		bar := strings.Repeat("█", (counts[s]*histogramWidth+most-1)/most)
		fmt.Fprintf(&out, "%9.2f ms │%s %d\n", math.Exp2(float64(s)/stepsPerOctave), bar, counts[s])
	}
	return out.String()
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
