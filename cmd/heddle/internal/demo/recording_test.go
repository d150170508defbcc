package demo

import (
	"math"
	"slices"
	"testing"

	"github.com/neuroweaver/heddle/examples"
)

// TestRecordingHasThePublishedFigures holds the embedded tables against what their sources state.
func TestRecordingHasThePublishedFigures(t *testing.T) {
	r, err := parseRecording(examples.LLMDriftPrime, examples.AzureArrivals)
	if err != nil {
		t.Fatal(err)
	}
	for snapshot, want := range map[string]float64{snapshotMarch: 0.840, snapshotJune: 0.502, snapshotBackup: 0.681} {
		right := 0
		for n := range questionCount {
			if r.answer(snapshot, n).correct {
				right++
			}
		}
		if got := float64(right) / questionCount; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %.3f of the answers are right, want %.3f", snapshot, got, want)
		}
	}
	if n := len(r.arrivals); n != 19366 {
		t.Errorf("%d arrivals, want 19366", n)
	}
	if !slices.IsSorted(r.arrivals) {
		t.Error("the arrivals are not in order")
	}
	if long := r.arrivals[len(r.arrivals)-1] / speedup; long < healthyFor+degradedFor+returnedFor+2*stepLimit {
		t.Errorf("the recording lasts %v, too short for the slowest story", long)
	}
}

// TestEveryWindowIsLikeTheWhole checks the order of the questions: in any 500 in a row, the share of
// right answers is close to the share in all, or the demo's rule would depend on the minute.
func TestEveryWindowIsLikeTheWhole(t *testing.T) {
	r, err := parseRecording(examples.LLMDriftPrime, examples.AzureArrivals)
	if err != nil {
		t.Fatal(err)
	}
	const window, tolerance = 500, 0.06
	for snapshot, whole := range map[string]float64{snapshotMarch: 0.840, snapshotJune: 0.502, snapshotBackup: 0.681} {
		for start := range questionCount {
			right := 0
			for n := start; n < start+window; n++ {
				if r.answer(snapshot, n).correct {
					right++
				}
			}
			if got := float64(right) / window; math.Abs(got-whole) > tolerance {
				t.Fatalf("%s: %.3f of the %d answers from the %d-th on are right, %.3f in all", snapshot, got, window, start, whole)
			}
		}
	}
}
