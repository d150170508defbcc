package codec

// A histogram's buckets are cumulative: each counts what the next lower one counts and a little
// more. What is stored is the little more.

// neighbour returns the column that column i should lean on, and how: the next lower bucket of its
// histogram, or for those that findTotals listed the next higher one. -1: there is none.
func (e *Encoder) neighbour(g *Group, i int, bitmapOf []int) (int, leanKind) {
	if above, ok := e.above[i]; ok {
		return above, leanShortfall
	}
	c := &g.Columns[i]
	if !e.related || c.Family == 0 || i == 0 || !g.sameHistogram(i, i-1, bitmapOf) {
		return -1, leanNot
	}
	return i - 1, leanDifference
}

// sameHistogram reports whether two columns are buckets of one histogram with the same rows.
func (g *Group) sameHistogram(i, j int, bitmapOf []int) bool {
	a, b := &g.Columns[i], &g.Columns[j]
	return a.Family != 0 && a.Family == b.Family && a.Kind() == KindFloat && b.Kind() == KindFloat && g.sameRows(i, j, bitmapOf)
}

// findTotals looks for histograms whose highest bucket is stored elsewhere already, as the counter of
// requests that is the same. Then one bucket's share need not be stored at all: the buckets above it
// lean on the next higher one instead of the next lower. It is the bucket with the largest share.
func (e *Encoder) findTotals(g *Group, bitmapOf []int) {
	for start := 0; start < len(g.Columns); {
		end := start + 1
		for end < len(g.Columns) && g.sameHistogram(end-1, end, bitmapOf) {
			end++
		}
		if top := e.aliasOf[end-1]; end-start > 1 && top >= 0 && (top < start || top >= end) {
			e.splitChain(g, start, end)
		}
		start = end
	}
}

// splitChain fills e.above for the buckets from start to end.
func (e *Encoder) splitChain(g *Group, start, end int) {
	// The distinct columns of the histogram, wherever they are stored.
	chain := e.chain[:0]
	for i := start; i < end; i++ {
		at := i
		if e.aliasOf[i] >= 0 {
			at = e.aliasOf[i]
		}
		if len(chain) == 0 || chain[len(chain)-1] != at {
			chain = append(chain, at)
		}
	}
	e.chain = chain
	growth := func(i int) float64 {
		v := g.Columns[i].Floats
		return v[len(v)-1] - v[0]
	}
	split, largest := len(chain)-1, 0.0
	for k := 1; k < len(chain); k++ {
		if share := growth(chain[k]) - growth(chain[k-1]); share > largest {
			split, largest = k, share
		}
	}
	for k := split; k < len(chain)-1; k++ {
		if at := chain[k]; start <= at && at < end {
			if e.above == nil {
				e.above = map[int]int{}
			}
			e.above[at] = chain[k+1]
		}
	}
}

// appendDifference appends values by their difference to base, or by what they lack to it, if both
// are integers as a rule and that is smaller than the values alone.
func (e *Encoder) appendDifference(dst []byte, values, base []float64, kind leanKind, tier Tier) ([]byte, bool) {
	if countChanges(values) == 0 {
		return dst, false
	}
	var whole unit // buckets are integers
	ks := grow(&e.other, len(values))
	whole.integers(ks, base, nil)
	own := grow(&e.values, len(values))
	e.exceptions = whole.integers(own, values, e.exceptions[:0])
	if !most(len(values)-len(e.exceptions), len(values)) {
		return dst, false
	}
	for i, k := range own {
		ks[i] = k - ks[i]
		if kind == leanShortfall {
			ks[i] = -ks[i]
		}
	}
	plan, smaller := e.planDifference(own, ks, tier)
	if !smaller {
		return dst, false
	}
	return e.appendWhole(dst, plan, ks, values, tier), true
}

// planDifference plans ks if they are smaller than the values alone. In the hot tier a rough look decides:
// buckets that do not grow together are rare.
func (e *Encoder) planDifference(alone, ks []int64, tier Tier) (plan intPlan, smaller bool) {
	if tier == Hot {
		if changeBits(ks) >= changeBits(alone) {
			return intPlan{}, false
		}
		plan, _ = e.planInts(ks, tier)
		return plan, true
	}
	_, most := e.planInts(alone, tier)
	plan, bits := e.planInts(ks, tier)
	return plan, bits < most
}

// appendWhole writes a float stream of integers that have been planned already.
func (e *Encoder) appendWhole(dst []byte, plan intPlan, ks []int64, values []float64, tier Tier) []byte {
	header := floatWhole
	if len(e.exceptions) > 0 {
		header |= floatExceptions
	}
	dst = append(dst, header)
	if len(e.exceptions) > 0 {
		dst = appendExceptions(dst, e.exceptions, values)
	}
	return e.appendPlanned(dst, plan, ks, tier)
}

// maxChain bounds how many columns lean on each other: more than any histogram has buckets.
const maxChain = 4096

// difference decodes a column that is chained to another. That one may be chained too, so the whole
// chain is decoded from its start, or from the nearest column that is kept.
func (r *GroupReader) difference(dst []float64, c *cursor, h *columnHead) {
	r.chain = append(r.chain[:0], link{h.index, h.lean, *c})
	var ks []int64
	for {
		l := &r.chain[len(r.chain)-1]
		if ks = r.kept.get(l.index, unit{}, len(dst)); ks != nil {
			break
		}
		if !l.lean.chained() {
			if ks = r.startChain(dst, l); l.samples.err != nil {
				c.err = l.samples.err
				return
			}
			break
		}
		if len(r.chain) > maxChain {
			c.fail("chain of more than %d columns", maxChain)
			return
		}
		var next columnHead
		own := r.samples(&next, l.lean.on)
		if own.err == nil && (next.Kind != KindFloat || next.lean.kind > leanShortfall || next.Samples != len(dst)) {
			own.fail("column of %d %v leads differences of %d floats", next.Samples, next.Kind, len(dst))
		}
		if c.err = own.err; c.err != nil {
			return
		}
		r.chain = append(r.chain, link{next.index, next.lean, own})
	}
	if len(r.chain) == 1 {
		whole.values(dst, ks)
	}
	for i := len(r.chain) - 2; i >= 0; i-- {
		l := &r.chain[i]
		base := ks
		ks = r.kept.add(l.index, unit{}, len(dst)) // may be the memory of base
		if readDifferences(dst, ks, base, l.lean.kind == leanShortfall, &l.samples, &r.tables); l.samples.done() != nil {
			r.kept.drop()
			c.err = l.samples.err
			return
		}
	}
	r.exceptDifferences(dst, c)
}

// startChain decodes the integers of a column that leans on nothing, and keeps them. dst is working
// memory.
func (r *GroupReader) startChain(dst []float64, l *link) []int64 {
	ks := r.kept.add(l.index, unit{}, len(dst))
	c := &l.samples
	kind := floatBits
	if c.left() > 0 {
		kind = c.src[c.pos] & floatKind
	}
	switch {
	case c.isWhole():
		var s scale
		s.read(c.byte(), c, len(dst))
		var ints intReader
		ints.open(c, len(dst), &r.tables)
		ints.all(c, ks)
		s.multiply(ks)
	case kind == floatConstant:
		readFloats(dst[:1], c, &r.tables)
		unit{}.integers(ks[:1], dst[:1], nil)
		fill(ks, ks[0])
	case kind == floatChanges:
		c.byte()
		var short rowBitmap
		bitmap := short.of(len(dst))
		if n := readDistinct(dst, bitmap, c, &r.tables); c.err == nil {
			unit{}.integers(ks[:n], dst[:n], nil)
			spread(asFloats(ks), n, bitmap)
		}
	default:
		readFloats(dst, c, &r.tables)
		unit{}.integers(ks, dst, nil)
	}
	if c.done() != nil {
		r.kept.drop()
	}
	return ks
}

// whole is the scale of whole numbers.
var whole = scale{gcd: 1}

// isWhole reports whether a float stream of whole numbers follows: but for exceptions, its integers are
// the values.
func (c *cursor) isWhole() bool {
	return c.left() > 0 && c.src[c.pos]&(floatKind|floatUlps) == floatWhole
}

// exceptDifferences puts in place the exceptions of a stream whose integers have been read already,
// and steps over it.
func (r *GroupReader) exceptDifferences(dst []float64, c *cursor) {
	header := c.byte()
	var s scale
	s.read(header, c, len(dst))
	s.except(dst)
	c.pos = len(c.src)
}

// link is one column of a chain, and a cursor over its differences.
type link struct {
	index   int
	lean    lean
	samples cursor
}

// readDifferences fills ks with base plus what a float stream of integers holds, for shortfalls less
// it, and dst with the same as floats. ks may be base itself.
func readDifferences(dst []float64, ks, base []int64, shortfall bool, c *cursor, tables *tableSet) {
	isWhole := c.isWhole()
	header := c.byte()
	var s scale
	s.read(header, c, len(ks))
	if c.err == nil && !isWhole {
		c.fail("differences with header %#x", header)
	}
	var ints intReader
	ints.open(c, len(ks), tables)
	ints.job.chains(&s, shortfall)
	var buf [frameLen]int64
	for len(ks) > 0 && c.err == nil {
		n := min(frameLen, len(ks))
		ints.nextChained(c, dst[:n], ks[:n], base[:n], &s, shortfall, buf[:])
		dst, ks, base = dst[n:], ks[n:], base[n:]
	}
}

// addDifferences fills ks with base plus the differences, for shortfalls less them, and dst with the
// same as floats.
func addDifferences(dst []float64, ks, base, differences []int64, shortfall bool) {
	if kernels != levelGo {
		done := chainGroups(dst, ks, base, differences, shortfall) * groupLen
		dst, ks, base, differences = dst[done:], ks[done:], base[done:], differences[done:]
	}
	addDifferencesGo(dst, ks, base, differences, shortfall)
}

// addDifferencesGo is addDifferences without kernels.
func addDifferencesGo(dst []float64, ks, base, differences []int64, shortfall bool) {
	dst, ks, base = dst[:len(differences)], ks[:len(differences)], base[:len(differences)]
	if shortfall {
		for i, d := range differences {
			k := base[i] - d
			ks[i], dst[i] = k, float64(k)
		}
		return
	}
	for i, d := range differences {
		k := base[i] + d
		ks[i], dst[i] = k, float64(k)
	}
}
