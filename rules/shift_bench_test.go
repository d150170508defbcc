package rules

import (
	"testing"
	"time"

	"github.com/neuroweaver/heddle/tsdb"
)

// BenchmarkShifted is one row of one model, of 16 series and ten observations, through an engine with three
// detectors; the windows alone are what the same rules cost without shifted.
func BenchmarkShifted(b *testing.B) {
	for _, c := range []struct{ name, source string }{
		{"detectors", shiftRules},
		{"windows", `
metric requests = counter "requests_total"
metric failures = counter "requests_total" where status = "500"
metric latency  = histogram "seconds"
metric queue    = gauge "queue"
rule failing on model { when age(failures) > 1d or age(requests) > 1d }
rule slow on model { when age(latency) > 1d }
rule full on model { when age(queue) > 1d }
rule region_failing on region { when age(requests) > 1d or age(failures) > 1d }`},
	} {
		b.Run(c.name, func(b *testing.B) {
			traffic := newShiftTraffic(1)
			bench := newBench(b, c.source)
			var rows []tsdb.Row
			for range 3600 {
				row, samples := tsdb.Row{}, traffic.row("eu", 10, 0.01, 1)
				for i := 0; i < len(samples); i += 2 {
					row.Series = append(row.Series, bench.id(samples[i].(string)))
					row.Values = append(row.Values, samples[i+1].(float64))
				}
				rows = append(rows, row)
			}
			at, n := start, 0
			push := func() { // an hour again and again: with its start, counters begin anew
				rows[n%len(rows)].TimeMS = at.UnixMilli()
				bench.engine.Observe(&tsdb.Batch{Arrived: at, Rows: rows[n%len(rows) : n%len(rows)+1]}, at)
				at = at.Add(time.Second)
				n++
			}
			for range 8 * 3600 {
				push()
			}
			for b.Loop() {
				push()
			}
		})
	}
}
