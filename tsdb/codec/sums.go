package codec

import (
	"encoding/binary"
	"slices"
)

// Exporters publish sums next to their parts: objects on a heap are those allocated less those
// freed, active memory is anonymous and mapped. A column of integers that is the sum or difference
// of one or two others takes a few bytes. Which are is found by fingerprints that add up as the
// columns do, so that only numbers are compared until one fits.

// addends are the columns that another column is the sum of.
type addends struct {
	columns  [2]int // second is -1 if there is only one
	negative [2]bool
}

// The bits of the byte that stands for signs and number of addends.
const (
	sumFirstNegative  = 1 << iota
	sumSecond         // there is a second one
	sumSecondNegative // and it is subtracted
)

// append appends the addends of column i: the byte, and for each the varint (zigzag) of its distance.
func (a addends) append(dst []byte, i int) []byte {
	var b byte
	if a.negative[0] {
		b |= sumFirstNegative
	}
	if a.columns[1] >= 0 {
		b |= sumSecond
		if a.negative[1] {
			b |= sumSecondNegative
		}
	}
	dst = append(dst, b)
	dst = binary.AppendVarint(dst, int64(a.columns[0]-i))
	if a.columns[1] >= 0 {
		dst = binary.AppendVarint(dst, int64(a.columns[1]-i))
	}
	return dst
}

// addends reads the addends of column i of n.
func (c *cursor) addends(i, n int) addends {
	b := c.byte()
	a := addends{columns: [2]int{-1, -1}, negative: [2]bool{b&sumFirstNegative != 0, b&sumSecondNegative != 0}}
	for j := range a.columns {
		if j == 1 && b&sumSecond == 0 {
			break
		}
		a.columns[j] = c.otherColumn(i, n)
	}
	return a
}

// maxSummands bounds the columns between which relations are looked for: every pair of them is
// tried, which for 512 takes about as long as encoding them.
const maxSummands = 512

// summand is a column that may be part of a relation.
type summand struct {
	column int
	print  uint64 // sum over some rows of a weight for the row times the distance from the first value
}

// relation says that column total has the same steps as the sum.
type relation struct {
	total int
	sum   addends
	cost  int
}

// findSums returns for columns that are sums of others what they are sums of. No addend is a sum
// itself, nor is a column that buckets lean on: a chain of buckets ends at one that stands alone.
func (e *Encoder) findSums(g *Group, bitmapOf []int) map[int]addends {
	summands, byPrint := e.summands(g, bitmapOf)
	var found []relation
	costs := map[int]int{} // of the columns alone: one may be in very many relations
	note := func(total, first, second int, minusFirst, minusSecond bool) {
		if second >= 0 && !g.sameRows(first, second, bitmapOf) || !g.sameRows(first, total, bitmapOf) {
			return
		}
		sum := addends{columns: [2]int{first, second}, negative: [2]bool{minusFirst, minusSecond}}
		if _, known := costs[total]; !known {
			costs[total] = e.costAlone(g, total)
		}
		found = append(found, relation{total, sum, costs[total]})
	}
	for i, a := range summands {
		if first := byPrint[a.print]; first != a.column {
			note(a.column, first, -1, false, false)
		}
		for _, b := range summands[:i] {
			// Each of the three columns may be the one that is left out.
			if c, ok := byPrint[a.print+b.print]; ok && c != a.column && c != b.column {
				note(c, a.column, b.column, false, false)
				note(a.column, c, b.column, false, true)
				note(b.column, c, a.column, false, true)
			}
		}
	}
	// What saves most first; but a column that is in several relations rather stays, for the others.
	uses := map[int]int{}
	for _, f := range found {
		uses[f.total]++
	}
	for i := range found {
		found[i].cost /= uses[found[i].total]
	}
	slices.SortStableFunc(found, func(a, b relation) int { return b.cost - a.cost })
	sums := map[int]addends{}
	part := map[int]bool{}
	for _, f := range found {
		first, second := f.sum.columns[0], f.sum.columns[1]
		_, firstIsSum := sums[first]
		_, secondIsSum := sums[second]
		_, again := sums[f.total]
		if again || firstIsSum || secondIsSum || part[f.total] || e.leads[f.total] {
			continue
		}
		sums[f.total] = f.sum
		part[first], part[second] = true, true
	}
	return sums
}

// summands picks the columns of integers that change, and indexes them by fingerprint.
func (e *Encoder) summands(g *Group, bitmapOf []int) ([]summand, map[uint64]int) {
	var all []summand
	byPrint := map[uint64]int{}
	for i := range g.Columns {
		c := &g.Columns[i]
		if c.Family != 0 || !e.mayLean(g, i) || len(all) == maxSummands {
			continue
		}
		print, ok := linearPrint(c.Floats)
		if !ok || print == 0 {
			continue
		}
		if _, ok := byPrint[print]; !ok {
			byPrint[print] = i
		}
		all = append(all, summand{i, print})
	}
	return all, byPrint
}

// linearPrint is a fingerprint of the steps of a column of integers: the print of a sum is the sum of
// the prints, modulo 2^64. It fails where a value that it looks at is no integer.
func linearPrint(values []float64) (uint64, bool) {
	var sum, weight uint64
	first, ok := unit{}.integer(values[0])
	step := 1 + len(values)/unitLooks
	for i := step; ok && i < len(values); i += step {
		var k int64
		k, ok = unit{}.integer(values[i])
		weight += 0x9e3779b97f4a7c15 // the steps of splitmix64, and its mixing below
		w := (weight ^ weight>>30) * 0xbf58476d1ce4e5b9
		w ^= w >> 27
		sum += w * uint64(k-first)
	}
	return sum, ok
}

// costAlone estimates the bits of a column of integers that leans on nothing.
func (e *Encoder) costAlone(g *Group, i int) int {
	ks := grow(&e.values, len(g.Columns[i].Floats))
	unit{}.integers(ks, g.Columns[i].Floats, nil)
	_, cost := e.planInts(ks, Cold)
	return cost
}

// appendSum appends the samples of column i less the sum of others, if that is smaller than alone.
func (e *Encoder) appendSum(dst []byte, g *Group, i int, sum addends, tier Tier) ([]byte, bool) {
	values := g.Columns[i].Floats
	ks := grow(&e.values, len(values))
	e.exceptions = unit{}.integers(ks, values, e.exceptions[:0])
	if !most(len(values)-len(e.exceptions), len(values)) {
		return dst, false
	}
	_, alone := e.planInts(ks, tier)
	other := grow(&e.other, len(values))
	for j, column := range sum.columns {
		if column < 0 {
			continue
		}
		unit{}.integers(other, g.Columns[column].Floats, nil)
		addSigned(ks, other, !sum.negative[j])
	}
	plan, apart := e.planInts(ks, tier)
	if apart >= alone {
		return dst, false
	}
	dst = sum.append(append(dst, byte(leanSum)), i)
	return e.appendWhole(dst, plan, ks, values, tier), true
}

// addSigned adds other to ks, or subtracts it.
func addSigned(ks, other []int64, negative bool) {
	if negative {
		for i, k := range other {
			ks[i] -= k
		}
		return
	}
	for i, k := range other {
		ks[i] += k
	}
}

// sum decodes a column that is stored less the sum of others.
func (r *GroupReader) sum(dst []float64, c *cursor, h *columnHead) {
	ks := make([]int64, len(dst))
	other := make([]int64, len(dst))
	for j, column := range h.lean.sum.columns {
		if column < 0 {
			continue
		}
		if c.err = r.leading(dst, column, true); c.err != nil {
			return
		}
		unit{}.integers(other, dst, nil)
		addSigned(ks, other, h.lean.sum.negative[j])
	}
	own := *c
	if readDifferences(dst, ks, ks, false, &own, &r.tables); own.done() != nil {
		c.err = own.err
		return
	}
	r.exceptDifferences(dst, c)
}
