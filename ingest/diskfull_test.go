package ingest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"

	"github.com/neuroweaver/heddle/tsdb"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// TestDiskFull: while no space is left both doors answer 503 and keep nothing, and a sender that
// tries again until there is space is counted once.
func TestDiskFull(t *testing.T) {
	disk := vfs.NewMem()
	db, err := tsdb.Open("data", tsdb.Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	observations, remoteWrite := runObservations(t, db, Options{}), NewRemoteWrite(db, Options{})
	start := time.Now().Add(-time.Minute).UnixMilli()
	observe := func(i int64) int {
		answer := post(t, observations, fmt.Appendf(nil, `{"model":"a","latency_ms":100,"ts_ms":%d}`, start+i*100))
		if (answer.Code == http.StatusServiceUnavailable) != (answer.Header().Get("Retry-After") == "30") {
			t.Errorf("%d with Retry-After %q", answer.Code, answer.Header().Get("Retry-After"))
		}
		return answer.Code
	}
	write := func(i int64) int {
		return post(t, remoteWrite, writeV1(t, seriesV1([]prompb.Sample{{Timestamp: start + i*100, Value: float64(i)}}, "__name__", "up"))).Code
	}
	if got := observe(0); got != http.StatusOK {
		t.Fatal(got)
	}
	if got := write(0); got != http.StatusNoContent {
		t.Fatal(got)
	}
	disk.SetCapacity(disk.Used())
	for i := range int64(3) {
		if got := observe(1 + i); got != http.StatusServiceUnavailable {
			t.Errorf("observation %d on a full disk: %d", i, got)
		}
		if got := write(1 + i); got != http.StatusServiceUnavailable {
			t.Errorf("write %d on a full disk: %d", i, got)
		}
	}
	disk.SetCapacity(1 << 30)
	for i := range int64(3) {
		if got := observe(1 + i); got != http.StatusOK {
			t.Errorf("observation %d with space again: %d", i, got)
		}
		if got := write(1 + i); got != http.StatusNoContent {
			t.Errorf("write %d with space again: %d", i, got)
		}
	}
	requests := contents(t, db, labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, "heddle_requests_total"))
	if len(requests) != 1 || !strings.HasSuffix(requests[0], fmt.Sprintf("%d=4", start+300)) {
		t.Errorf("requests: %v", requests)
	}
	want := []string{fmt.Sprintf(`{__name__="up"} %d=0 %d=1 %d=2 %d=3`, start, start+100, start+200, start+300)}
	if diff := cmp.Diff(want, contents(t, db, labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, "up"))); diff != "" {
		t.Error(diff)
	}
}
