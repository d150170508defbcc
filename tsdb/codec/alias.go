package codec

import "math"

// Exporters give the same number under several names: the count of a histogram and its last bucket,
// a process metric and its older spelling. Equal columns are stored once.

// findAliases notes in e.aliasOf, for each column, the first one that is the same in all that is stored; and
// fills e.leads.
func (e *Encoder) findAliases(g *Group, bitmapOf []int) {
	first := map[uint64]int{}
	for i := range g.Columns {
		c := &g.Columns[i]
		alias := -1
		if c.Kind() == KindFloat && c.Starts == nil {
			print := fingerprint(c.Floats)
			if j, ok := first[print]; !ok {
				first[print] = i
			} else if g.sameRows(i, j, bitmapOf) && firstOtherBits(c.Floats, g.Columns[j].Floats) < 0 {
				alias = j
			}
		}
		e.aliasOf[i] = alias
		if alias >= 0 && c.Family != 0 {
			e.leads[alias] = true
		}
	}
}

// fingerprint is a hash of some of the values; equal columns have the same.
func fingerprint(values []float64) uint64 {
	h := uint64(len(values))
	step := 1 + len(values)/unitLooks
	for i := 0; i < len(values); i += step {
		h = (h ^ math.Float64bits(values[i])) * 0x9e3779b97f4a7c15 // 2^64 / golden ratio: spreads every bit upwards
		h ^= h >> 29
	}
	return h
}

// firstOtherBits is the first index where columns of one length differ, or -1.
func firstOtherBits(a, b []float64) int {
	for i, v := range a {
		if math.Float64bits(v) != math.Float64bits(b[i]) {
			return i
		}
	}
	return -1
}
