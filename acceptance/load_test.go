package acceptance

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/prompb"
)

// loadSeries is how many series each writer has, all in one request, as a real sender's targets are.
const loadSeries = 10

// load is several writers that push counters as fast as they are acknowledged, and what was.
type load struct {
	server *server
	stop   chan struct{}
	wait   sync.WaitGroup

	mu       sync.Mutex              // guards what follows
	acked    map[int][]prompb.Sample // by writer; all its series have the same samples
	refusals int
}

// startLoad runs writers until end; what fails is not sent again, so only what was acknowledged counts.
func (s *server) startLoad(writers int) *load {
	l := &load{server: s, stop: make(chan struct{}), acked: map[int][]prompb.Sample{}}
	for writer := range writers {
		l.wait.Go(func() { l.write(writer) })
	}
	return l
}

func (l *load) write(writer int) {
	var sample prompb.Sample
	for {
		select {
		case <-l.stop:
			return
		default:
		}
		now := time.Now().UnixMilli()
		if now <= sample.Timestamp { // one sample a millisecond, so that no time is ahead of the clock
			time.Sleep(time.Millisecond)
			continue
		}
		sample.Timestamp = now
		sample.Value++
		series := make([]prompb.TimeSeries, loadSeries)
		for i := range series {
			series[i] = prompb.TimeSeries{
				Labels: []prompb.Label{
					{Name: "__name__", Value: "load_total"},
					{Name: "series", Value: strconv.Itoa(i)},
					{Name: "writer", Value: strconv.Itoa(writer)},
				},
				Samples: []prompb.Sample{sample},
			}
		}
		err := remoteWrite(l.server.url(""), series...)
		l.mu.Lock()
		if err == nil {
			l.acked[writer] = append(l.acked[writer], sample)
		} else {
			l.refusals++
		}
		l.mu.Unlock()
		if err != nil {
			time.Sleep(pollEvery) // the server is down: look again soon
		}
	}
}

// end stops the writers and returns how many samples were acknowledged.
func (l *load) end() int {
	close(l.stop)
	l.wait.Wait()
	total := 0
	for _, samples := range l.acked {
		total += len(samples) * loadSeries
	}
	return total
}

// check reads every series back and reports what was acknowledged and is not there, and what is there
// and was never sent. Call it after end.
func (l *load) check() {
	l.server.t.Helper()
	for writer, acked := range l.acked {
		for series, stored := range l.server.loadSamples(writer) {
			lost := 0
			for _, sample := range acked {
				if value, ok := stored[sample.Timestamp]; !ok || value != sample.Value {
					lost++
				}
			}
			if lost > 0 {
				l.server.t.Errorf("writer %d, series %s: %d of %d acknowledged samples are lost", writer, series, lost, len(acked))
			}
			// Besides those, there can be at most one sample for each request that failed.
			if extra := len(stored) - len(acked); extra > l.refusals {
				l.server.t.Errorf("writer %d, series %s: %d samples that nobody sent", writer, series, extra-l.refusals)
			}
		}
	}
}

// loadSamples reads all samples of a writer: by series, by time in milliseconds.
func (s *server) loadSamples(writer int) map[string]map[int64]float64 {
	s.t.Helper()
	query := url.Values{"query": {fmt.Sprintf(`load_total{writer="%d"}[1h]`, writer)}}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string `json:"metric"`
				Values [][2]json.RawMessage
			} `json:"result"`
		} `json:"data"`
	}
	s.get("/api/v1/query?"+query.Encode(), &answer)
	if len(answer.Data.Result) != loadSeries {
		s.t.Fatalf("writer %d has %d series in the store, want %d", writer, len(answer.Data.Result), loadSeries)
	}
	all := map[string]map[int64]float64{}
	for _, series := range answer.Data.Result {
		samples := map[int64]float64{}
		for _, point := range series.Values {
			seconds, err := strconv.ParseFloat(string(point[0]), 64)
			if err != nil {
				s.t.Fatal(err)
			}
			value, err := strconv.ParseFloat(strings.Trim(string(point[1]), `"`), 64)
			if err != nil {
				s.t.Fatal(err)
			}
			samples[int64(seconds*1000+0.5)] = value
		}
		all[series.Metric["series"]] = samples
	}
	return all
}
