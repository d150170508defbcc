package codec

import (
	"encoding/binary"
	"math"
	"slices"
)

// A sender that publishes a mean next to a count and a sum says the same thing twice: the sum grows
// by the step of the count times the mean. The sum is then stored as the distance in ulps from that.

// factors are the columns whose steps and values make the steps of a sum.
type factors struct{ count, mean int }

// factors reads the factors of column i of n.
func (c *cursor) factors(i, n int) factors {
	return factors{count: c.otherColumn(i, n), mean: c.otherColumn(i, n)}
}

// next predicts a sum from the one before. A count that fell has started again from 0.
func nextSum(sum, countBefore, count, mean float64) float64 {
	if count < countBefore {
		sum, countBefore = 0, 0
	}
	n := count - countBefore
	// The conversion keeps compilers from fusing the two operations: senders round twice.
	return sum + float64(n*mean)
}

// productLooks is how many steps of a sum must agree with count and mean, to a billionth of the step.
const (
	productLooks = 8
	productNear  = 1e-9
)

// follows reports whether a sum grows like count times mean, at the steps that it looks at.
func follows(sum, count, mean []float64) bool {
	agreed := 0
	for i := 1; i < len(sum) && agreed < productLooks; i++ {
		step := sum[i] - sum[i-1]
		if step == 0 || count[i] < count[i-1] {
			continue
		}
		if !(math.Abs(nextSum(sum[i-1], count[i-1], count[i], mean[i])-sum[i]) <= productNear*math.Abs(step)) {
			return false
		}
		agreed++
	}
	return agreed == productLooks
}

// findProducts returns the columns that follow a count and a mean. Neither of these is a sum or a
// product itself.
func (e *Encoder) findProducts(g *Group, bitmapOf []int) map[int]factors {
	const most = 32 // columns of each sort: every triple of them is looked at
	var counts, broad []int
	for i := range g.Columns {
		c := &g.Columns[i]
		if c.Family != 0 || !e.mayLean(g, i) || countChanges(c.Floats) == 0 {
			continue
		}
		var buf [unitLooks]float64
		looks := looksOf(&buf, c.Floats)
		if _, ok := exactUnit(looks); !ok {
			broad = append(broad, i)
		} else if _, isSum := e.sums[i]; !isSum && (unit{}).meetsMost(looks) {
			counts = append(counts, i)
		}
	}
	counts, broad = counts[:min(most, len(counts))], broad[:min(most, len(broad))]
	products := map[int]factors{}
	means := map[int]bool{}
	for _, sum := range broad {
		if means[sum] || e.leads[sum] {
			continue
		}
		for _, mean := range broad {
			if _, isProduct := products[mean]; isProduct || mean == sum || !g.sameRows(sum, mean, bitmapOf) {
				continue
			}
			count := slices.IndexFunc(counts, func(count int) bool {
				return g.sameRows(sum, count, bitmapOf) && follows(g.Columns[sum].Floats, g.Columns[count].Floats, g.Columns[mean].Floats)
			})
			if count >= 0 {
				products[sum] = factors{counts[count], mean}
				means[mean] = true
				break
			}
		}
	}
	return products
}

// appendProduct appends the factors (varints, zigzag: their distances), the first value, and an
// integer stream of distances from the predictions.
func (e *Encoder) appendProduct(dst []byte, g *Group, i int, f factors, tier Tier) []byte {
	dst = append(dst, byte(leanProduct))
	dst = binary.AppendVarint(dst, int64(f.count-i))
	dst = binary.AppendVarint(dst, int64(f.mean-i))
	sum, count, mean := g.Columns[i].Floats, g.Columns[f.count].Floats, g.Columns[f.mean].Floats
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(sum[0]))
	ulps := grow(&e.values, len(sum))
	ulps[0] = 0
	for j := 1; j < len(sum); j++ {
		predicted := nextSum(sum[j-1], count[j-1], count[j], mean[j])
		ulps[j] = orderedBits(sum[j]) - orderedBits(predicted)
	}
	return e.appendInts(dst, ulps, tier)
}

// product decodes what appendProduct wrote.
func (r *GroupReader) product(dst []float64, c *cursor, h *columnHead) {
	count, mean := make([]float64, len(dst)), make([]float64, len(dst))
	if c.err = r.leading(count, h.lean.factors.count, true); c.err != nil {
		return
	}
	if c.err = r.leading(mean, h.lean.factors.mean, true); c.err != nil {
		return
	}
	dst[0] = c.float()
	ulps := make([]int64, len(dst))
	readIntStream(ulps, c, &r.tables)
	for i := 1; i < len(dst); i++ {
		predicted := nextSum(dst[i-1], count[i-1], count[i], mean[i])
		dst[i] = fromOrderedBits(orderedBits(predicted) + ulps[i])
	}
}
