package codec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
)

// seeded returns a random source whose seed is printed when the test fails; HEDDLE_SEED repeats one.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if s := os.Getenv("HEDDLE_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with HEDDLE_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 1))
}

// roundTrip encodes a group in both tiers and compares everything that comes back.
func roundTrip(t testing.TB, g *Group) {
	t.Helper()
	for _, tier := range []Tier{Hot, Cold} {
		var e Encoder
		prefix := []byte("before")
		block, err := e.Append(prefix, g, tier)
		if err != nil || e.Mended > 0 {
			t.Fatalf("%v, %d blocks mended", err, e.Mended)
		}
		if string(block[:len(prefix)]) != "before" {
			t.Fatal("Append changed what was there")
		}
		if err := compare(g, block[len(prefix):]); err != nil {
			t.Fatalf("tier %d: %v", tier, err)
		}
	}
}

// compare decodes a block and says what differs from the group.
func compare(g *Group, block []byte) error {
	r, err := OpenGroup(block)
	if err != nil {
		return err
	}
	// A reader that has read the block comes to the same when it reads it again.
	if r.Columns() > 0 && g.Columns[r.Columns()-1].Kind() == KindFloat {
		if _, err := r.Floats(nil, r.Columns()-1); err != nil {
			return err
		}
		if err := r.Reset(block); err != nil {
			return err
		}
	}
	if r.Axes() != len(g.Times) || r.Columns() != len(g.Columns) {
		return fmt.Errorf("%d axes and %d columns", r.Axes(), r.Columns())
	}
	for i, times := range g.Times {
		got, err := r.Times(nil, i)
		if err != nil {
			return fmt.Errorf("axis %d: %w", i, err)
		}
		if !slices.Equal(got, times) {
			return fmt.Errorf("axis %d differs", i)
		}
		info, err := r.Axis(i)
		if err != nil || info != (AxisInfo{len(times), times[0], times[len(times)-1]}) {
			return fmt.Errorf("axis %d is %+v, %v", i, info, err)
		}
	}
	for i := range g.Columns {
		if err := compareColumn(g, r, i); err != nil {
			return fmt.Errorf("column %d: %w", i, err)
		}
	}
	return nil
}

func compareColumn(g *Group, r *GroupReader, i int) error {
	c := &g.Columns[i]
	info, err := r.Column(i)
	if err != nil {
		return err
	}
	if info.Kind != c.Kind() || info.Axis != c.Axis || info.Samples != c.samples() || info.Rows != len(g.Times[c.Axis]) {
		return fmt.Errorf("is %+v", info)
	}
	present, err := r.Present(i)
	if err != nil {
		return err
	}
	if want := c.Present; !slices.Equal(present, want) && !(present == nil && c.samples() == info.Rows) {
		return fmt.Errorf("presence differs: %x, want %x", present, want)
	}
	starts, err := r.Starts(nil, i)
	if err != nil {
		return err
	}
	if !slices.Equal(starts, c.Starts) || info.HasStarts != (c.Starts != nil) {
		return fmt.Errorf("start timestamps differ")
	}
	switch c.Kind() {
	case KindFloat:
		got, err := r.Floats([]float64{1}, i)
		if err != nil {
			return err
		}
		if j := firstDifference(got[1:], c.Floats); j >= 0 {
			return fmt.Errorf("value %d of %d differs: got %x, want %x", j, len(c.Floats), math.Float64bits(got[j+1]), math.Float64bits(c.Floats[j]))
		}
		return compareSummary(info.Summary, c.Floats)
	case KindHistogram:
		n := 0
		for h, err := range r.Histograms(i) {
			if err != nil {
				return err
			}
			if n >= len(c.Histograms) || !sameHistogram(h, c.Histograms[n]) {
				return fmt.Errorf("histogram %d is %v", n, h)
			}
			n++
		}
		if n != len(c.Histograms) {
			return fmt.Errorf("%d histograms of %d", n, len(c.Histograms))
		}
	case KindFloatHistogram:
		n := 0
		for h, err := range r.FloatHistograms(i) {
			if err != nil {
				return err
			}
			if n >= len(c.FloatHistograms) || !sameFloatHistogram(h, c.FloatHistograms[n]) {
				return fmt.Errorf("float histogram %d is %v", n, h)
			}
			n++
		}
		if n != len(c.FloatHistograms) {
			return fmt.Errorf("%d float histograms of %d", n, len(c.FloatHistograms))
		}
	}
	return nil
}

// firstDifference is the first index where bits differ, or -1.
func firstDifference(a, b []float64) int {
	for i := range min(len(a), len(b)) {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}

// compareSummary checks a stored summary against a plain computation.
func compareSummary(s Summary, values []float64) error {
	want := Summary{Min: math.NaN(), Max: math.NaN()}
	for _, v := range values {
		if math.Float64bits(v) == 0x7ff0000000000002 {
			continue
		}
		if want.Count++; want.Count == 1 {
			want.First = v
		} else if v < want.Last {
			want.Resets += want.Last
		}
		want.Last = v
		want.Sum += v
		if !(want.Min <= v) && v == v {
			want.Min = v
		}
		if !(want.Max >= v) && v == v {
			want.Max = v
		}
	}
	if want.Count == 0 {
		want.Min, want.Max = 0, 0
	}
	same := func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b }
	scale := math.Max(math.Abs(s.Min), math.Abs(s.Max)) * float64(want.Count)
	near := same(s.Sum, want.Sum) || math.Abs(s.Sum-want.Sum) <= 1e-9*scale || math.IsInf(scale, 0) || scale != scale
	if s.Count != want.Count || !same(s.First, want.First) || !same(s.Last, want.Last) || s.Min != want.Min && !same(s.Min, want.Min) ||
		s.Max != want.Max && !same(s.Max, want.Max) || !same(s.Resets, want.Resets) || !near {
		return fmt.Errorf("summary is %+v, want %+v", s, want)
	}
	return nil
}
