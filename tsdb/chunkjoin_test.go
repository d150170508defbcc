package tsdb

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/tsdb/codec"
)

// TestChunkJoin compares what the joiner makes of random groups with the general merge, and that it
// leaves to the merge what is not of its kind.
func TestChunkJoin(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	var joiner chunkJoiner
	ways := map[bool]int{}
	for range 300 {
		width := 1 + random.IntN(12)
		series := make([]SeriesID, width)
		layout := columnLayout{order: make([]uint16, width), families: make([]uint16, width)}
		for i, col := range random.Perm(width) {
			series[i] = SeriesID(1 + i)
			layout.order[i], layout.families[i] = uint16(col), uint16(random.IntN(3))
		}
		absent := random.IntN(width + 1) // a column without samples, if there is one of this number
		gaps, twisted := random.IntN(3) == 0, random.IntN(3) == 0
		var chunks []*sealedChunk
		var packer chunkPacker
		at := int64(1000)
		for range 1 + random.IntN(4) {
			var c openChunk
			c.widen(width)
			if twisted && random.IntN(2) == 0 {
				at = max(1, at-30)
			}
			for range 1 + random.IntN(20) {
				at += 1 + random.Int64N(20)
				for col := range width {
					if col == absent || gaps && random.IntN(8) == 0 {
						continue
					}
					x := cell{value: randomValue(random)}
					if gaps && random.IntN(20) == 0 {
						x.startMS = at
					}
					row := c.row(at)
					if !c.has(row, col) {
						c.set(row, col, x)
					}
				}
			}
			if c.rows() > 0 {
				chunks = append(chunks, packer.pack(&c))
			}
		}
		if len(chunks) == 0 {
			continue
		}
		got, joined, err := joiner.join(chunks, series, layout)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		ways[joined]++
		if !joined {
			continue
		}
		parts, batch := make([]mergePart, len(chunks)), make([]int, len(chunks))
		for i, c := range chunks {
			parts[i], batch[i] = c.part(series), i
		}
		m := merger{tier: codec.Hot}
		want, err := m.collect(parts, batch, layout.places(series))
		if err != nil || len(want) != len(got) {
			t.Fatalf("seed %d: %d columns, want %d (%v)", seed, len(got), len(want), err)
		}
		for i, w := range want {
			g := got[i]
			sameBits := slices.EqualFunc(g.column.values, w.column.values, func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
			if g.series != w.series || g.family != w.family || !slices.Equal(g.column.times, w.column.times) || !sameBits || g.column.starts != nil || w.column.starts != nil {
				t.Fatalf("seed %d: column %d: %+v, want %+v", seed, i, g, w)
			}
		}
	}
	if ways[true] == 0 || ways[false] == 0 {
		t.Errorf("seed %d: not both ways were taken: %v", seed, ways)
	}
}

func randomValue(random *rand.Rand) float64 {
	switch random.IntN(4) {
	case 0:
		return float64(random.IntN(1000))
	case 1:
		return float64(random.IntN(1000)) / 100
	case 2:
		return math.Float64frombits(random.Uint64()) // NaNs, infinities and denormals among them
	}
	return 0
}
