package codec

import (
	"math/rand/v2"
	"testing"
)

// TestOneColumnInTwoRelations checks that a counter that is the sum of two others, and whose number is
// the highest bucket of a histogram as well, comes back: only one of the two may be used.
func TestOneColumnInTwoRelations(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const rows, buckets = 1000, 4
	columns := make([]Column, 3+buckets)
	for i := range columns {
		columns[i].Floats = make([]float64, rows)
		if i >= 3 {
			columns[i].Family = 1
		}
	}
	var now [3 + buckets]float64
	for row := range rows {
		for range r.IntN(50) {
			now[0]++
			now[1+r.IntN(2)]++
			for b := r.IntN(buckets); b < buckets; b++ {
				now[3+b]++
			}
		}
		for i := range columns {
			columns[i].Floats[row] = now[i]
		}
	}
	for range 4 {
		r.Shuffle(3, func(i, j int) { columns[i], columns[j] = columns[j], columns[i] })
		g := &Group{Times: [][]int64{steady(rows)}, Columns: columns}
		for name, tier := range tiers {
			var e Encoder
			block, err := e.Append(nil, g, tier)
			if err == nil {
				err = compare(g, block)
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
