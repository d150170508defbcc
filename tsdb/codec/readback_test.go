package codec

import (
	"math"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
)

// TestReadBack changes one thing after the other in a group, each too small for ==, and looks whether
// reading its block back finds it.
func TestReadBack(t *testing.T) {
	hist := func() *histogram.Histogram {
		return &histogram.Histogram{Count: 3, ZeroCount: 1, Sum: 2, PositiveSpans: []histogram.Span{{Length: 2}}, PositiveBuckets: []int64{1, 0}}
	}
	group := func() *Group {
		return &Group{
			Times: [][]int64{steady(4)},
			Columns: []Column{
				{Floats: []float64{1, 0, staleMarker, 4}},
				{Floats: []float64{1, 2}, Present: []uint64{0b0101}},
				{Histograms: []*histogram.Histogram{hist(), hist()}, Present: []uint64{0b0011}},
				{FloatHistograms: []*histogram.FloatHistogram{hist().ToFloat(nil)}, Present: []uint64{0b1000}},
				{Floats: []float64{5, 6, 7, 8}, Starts: []int64{1, 1, 1, 1}},
			},
		}
	}
	f := func(name string, change func(*Group)) {
		t.Helper()
		var e Encoder
		block, err := e.Append(nil, group(), Cold)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.readBack(block, group()); err != nil {
			t.Errorf("nothing: %v", err)
		}
		other := group()
		change(other)
		if e.readBack(block, other) == nil {
			t.Errorf("%s is not found", name)
		}
	}
	f("a time", func(g *Group) { g.Times[0][3]++ })
	f("a sign of zero", func(g *Group) { g.Columns[0].Floats[1] = negZero })
	f("another NaN", func(g *Group) { g.Columns[0].Floats[2] = math.NaN() })
	f("a row", func(g *Group) { g.Columns[1].Present[0] = 0b1001 })
	f("a hint", func(g *Group) { g.Columns[2].Histograms[1].CounterResetHint = histogram.CounterReset })
	f("a bucket", func(g *Group) { g.Columns[2].Histograms[0].PositiveBuckets[1]++ })
	f("a histogram less", func(g *Group) { g.Columns[2].Histograms = g.Columns[2].Histograms[:1] })
	f("a sum", func(g *Group) { g.Columns[3].FloatHistograms[0].Sum = math.Nextafter(2, 3) })
	f("a start", func(g *Group) { g.Columns[4].Starts[2]++ })
	f("no starts", func(g *Group) { g.Columns[4].Starts = nil })
	f("a column more", func(g *Group) { g.Columns = append(g.Columns, g.Columns[0]) })
}

// TestColumnsAlone: what is written when a block does not read back is a block like others.
func TestColumnsAlone(t *testing.T) {
	r := seeded(t)
	for range 50 {
		g := randomGroup(r)
		for _, tier := range []Tier{Hot, Cold} {
			var e Encoder
			e.append(nil, g, tier, true) // whatever it keeps
			if err := compare(g, e.append(nil, g, tier, false)); err != nil {
				t.Fatalf("tier %d: %v", tier, err)
			}
		}
	}
}
