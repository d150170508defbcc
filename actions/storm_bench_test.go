package actions

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/rules"
)

// inStorm is the number of rule instances that fire at once in the measurements of a storm.
const inStorm = 15_000

// BenchmarkStorm is 15,000 instances that begin to fire at once, in so many calls, with the one that
// moves a route as the last of all. switch-ms is how long the gateway waits for it from the first call
// on, total-ms how long those wait who bring samples, longest-ms the longest call, and told-ms how long until all are delivered.
func BenchmarkStorm(b *testing.B) {
	for _, calls := range []int{1, 150} {
		for _, told := range []bool{false, true} {
			b.Run(fmt.Sprintf("calls=%d/told=%v", calls, told), func(b *testing.B) {
				var moved, total, longest, delivered time.Duration
				var bytes int64
				for b.Loop() {
					b.StopTimer()
					w := newWorld(b)
					hot := hotRule()
					w.infos = append(w.infos, hot)
					gateway := newPeer(b, echo)
					w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL})
					people := newPeer(b, nil)
					people.arrived = make(chan struct{}, 2*inStorm)
					if told {
						w.receiver("oncall", people.URL)
						w.options.DefaultReceivers = []string{"oncall"}
						w.options.OutboxLimit = 2 * inStorm
					}
					m, stop := w.run()
					now := w.advance(time.Second)
					ts := append(machines(hot, inStorm, rules.Inactive, rules.Firing, now), fires(w.infos[0], "a", now))
					b.StartTimer()
					began := time.Now()
					done := make(chan time.Duration)
					go func() {
						<-gateway.arrived
						done <- time.Since(began)
					}()
					size := (len(ts) + calls - 1) / calls
					for len(ts) > 0 {
						n := min(size, len(ts))
						one := time.Now()
						m.Handle(now, ts[:n])
						longest = max(longest, time.Since(one))
						ts = ts[n:]
					}
					total += time.Since(began)
					moved += <-done
					if told {
						for range inStorm + 1 {
							<-people.arrived
						}
						delivered += time.Since(began)
					}
					b.StopTimer()
					stop()
					info, err := os.Stat(w.options.Path)
					if err != nil {
						b.Fatal(err)
					}
					bytes += info.Size()
					b.StartTimer()
				}
				ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
				b.ReportMetric(ms(moved), "switch-ms")
				b.ReportMetric(ms(total), "total-ms")
				b.ReportMetric(float64(longest.Microseconds())/1000, "longest-ms")
				b.ReportMetric(ms(delivered), "told-ms")
				b.ReportMetric(float64(bytes)/float64(b.N)/inStorm, "B/alert")
			})
		}
	}
}
