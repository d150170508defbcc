package recording

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/tsdb"
)

// TestSortByTime compares the sort with the library's, which is stable.
func TestSortByTime(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for _, span := range []int64{1, 2, 2047, 2048, 2049, 60_000, 3_600_000, 1 << 40} {
		from := random.Int64N(1 << 41)
		points := make([]point, random.IntN(2000))
		for i := range points {
			points[i] = point{timeMS: from + random.Int64N(span), series: tsdb.SeriesID(i)}
		}
		want := slices.Clone(points)
		slices.SortStableFunc(want, func(x, y point) int { return cmp.Compare(x.timeMS, y.timeMS) })
		got, _ := sortByTime(points, make([]point, len(points)), from)
		if !slices.Equal(got, want) {
			t.Errorf("%d points within %d ms are not sorted", len(points), span)
		}
	}
}

// TestNextSlice: however dense a store is, what is held at once stays bounded, and sparse ones are read in
// few steps.
func TestNextSlice(t *testing.T) {
	for _, pointsPerSecond := range []int{0, 1, 1000, 1_000_000} {
		slice := firstSlice
		for range 20 {
			slice = nextSlice(slice, pointsPerSecond*int(slice/time.Second))
		}
		points := pointsPerSecond * int(slice/time.Second)
		if points > manyPoints || slice < longestSlice && points < fewPoints/2 {
			t.Errorf("%d points a second are read %v at once", pointsPerSecond, slice)
		}
	}
}
