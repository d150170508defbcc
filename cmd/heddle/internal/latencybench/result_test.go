package latencybench

import (
	"strings"
	"testing"
	"time"
)

func TestQuantileIsTheNearestRank(t *testing.T) {
	var r Result
	for i := 100; i >= 1; i-- {
		r.Took = append(r.Took, time.Duration(i)*time.Millisecond)
	}
	f := func(q float64, want time.Duration) {
		t.Helper()
		if got := r.quantile(q); got != want {
			t.Errorf("the %v quantile of 1…100 ms is %v, want %v", q, got, want)
		}
	}
	f(0, time.Millisecond)
	f(0.5, 50*time.Millisecond)
	f(0.99, 99*time.Millisecond)
	f(0.991, 100*time.Millisecond)
	f(1, 100*time.Millisecond)
}

func TestHistogramHasABarForEachTrial(t *testing.T) {
	text := histogram([]time.Duration{time.Millisecond, 1100 * time.Microsecond, 8 * time.Millisecond})
	lines := strings.Split(strings.TrimSpace(text), "\n")
	// From 1 ms to 8 ms there are three octaves of three steps each, both ends included.
	if len(lines) != 10 || !strings.HasSuffix(lines[0], "█ 2") || !strings.HasSuffix(lines[1], "│ 0") || !strings.HasSuffix(lines[9], "█ 1") {
		t.Errorf("the histogram is\n%s", text)
	}
}
