package codec

import (
	"encoding/binary"
	"math"
	"slices"
)

// What a process counts grows with its work: tokens with requests, bytes with packets, seconds of a
// processor with both, and the same number is told in seconds and in microseconds. A column of integers
// is then stored less a multiple of another one. Which multiple of which is found by regression of the
// steps from one row to the next.

// multiple is what a column of integers is stored less of: (factor * (k - first k)) >> shift of the
// integers k of another column in a unit.
type multiple struct {
	on     int
	unit   unit
	factor int64
	shift  int
}

// append appends the multiple that column i is stored less of: the distance (zigzag varint), the unit,
// factor (zigzag varint) and shift (byte).
func (m *multiple) append(dst []byte, i int) []byte {
	dst = binary.AppendVarint(dst, int64(m.on-i))
	dst = m.unit.append(dst)
	dst = binary.AppendVarint(dst, m.factor)
	return append(dst, byte(m.shift))
}

// multiple reads what column i of n is stored less of.
func (c *cursor) multiple(i, n int) multiple {
	m := multiple{on: c.otherColumn(i, n), unit: c.unit(), factor: c.varint()}
	if m.shift = int(c.byte()); m.shift > 63 {
		c.fail("shift by %d bits", m.shift)
	}
	return m
}

// addTo adds the multiple of the integers others, or with sign -1 subtracts it.
func (m *multiple) addTo(ks, others []int64, first, sign int64) {
	for i, k := range others {
		ks[i] += sign * (m.factor * (k - first) >> m.shift)
	}
}

const (
	// maxMultiples bounds the columns between which multiples are looked for: every pair of them is
	// compared, which for 256 takes about as long as encoding them.
	maxMultiples = 256
	// Steps that are compared: so many runs of so many.
	multipleRuns = 4
	runSteps     = 16
	stepLooks    = multipleRuns * runSteps
	// leastAgreement is the share of the variance of the steps that a multiple must explain. Of 256
	// columns of noise the best explains a fifth in 64 steps.
	leastAgreement = 0.25
	// factorBits is how exact a factor is that is no whole number.
	factorBits = 20
	// multipleGain: a multiple is taken when it saves at least one part in so many, and the
	// bytes of its own header twice.
	multipleGain     = 32
	multipleOverhead = 16
)

// paced is a column that may be a multiple of another, or another may be one of it.
type paced struct {
	column int
	unit   unit
	steps  [stepLooks]float64 // centred, of length 1
}

// findMultiples returns for columns that lean on nothing else what they are multiples of. No column is
// both, and a column that buckets lean on is none: a chain of buckets ends at one that stands alone.
// But sums and products may lean on multiples.
func (e *Encoder) findMultiples(g *Group, bitmapOf []int) map[int]multiple {
	all := e.pacedColumns(g)
	leads := map[int]bool{} // columns that others are multiples of
	type match struct {
		of, on    int // in all
		agreement float64
	}
	var matches []match
	for i := range all {
		for j := range all[:i] {
			if !g.sameRows(all[i].column, all[j].column, bitmapOf) {
				continue
			}
			dot := 0.0
			other := &all[j].steps
			for k, s := range all[i].steps {
				dot += s * other[k]
			}
			if agreement := dot * dot; agreement >= leastAgreement {
				matches = append(matches, match{i, j, agreement}, match{j, i, agreement})
			}
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int {
		switch {
		case a.agreement > b.agreement:
			return -1
		case a.agreement < b.agreement:
			return 1
		}
		return 0
	})
	found := map[int]multiple{}
	tries := map[int]int{}
	for _, m := range matches {
		of, on := &all[m.of], &all[m.on]
		_, onLeans := found[on.column]
		_, again := found[of.column]
		const most = 2 // others that are tried for a column
		if again || onLeans || leads[of.column] || e.leads[of.column] || tries[of.column] == most {
			continue
		}
		tries[of.column]++
		if multiple, ok := e.bestMultiple(g, of, on); ok {
			found[of.column] = multiple
			leads[on.column] = true
		}
	}
	return found
}

// pacedColumns picks the columns of integers that change and lean on nothing.
func (e *Encoder) pacedColumns(g *Group) []paced {
	var all []paced
	for i := range g.Columns {
		c := &g.Columns[i]
		_, isSum := e.sums[i]
		_, isProduct := e.products[i]
		if isSum || isProduct || c.Family != 0 || !e.mayLean(g, i) || countChanges(c.Floats) < runSteps || len(all) == maxMultiples {
			continue
		}
		var buf [unitLooks]float64
		u, ok := exactUnit(looksOf(&buf, c.Floats))
		p := paced{column: i, unit: u}
		if ok && p.look(c.Floats) {
			all = append(all, p)
		}
	}
	return all
}

// look fills the steps; false if they are all alike or not finite.
func (p *paced) look(values []float64) bool {
	sum, n := 0.0, 0
	for run := range multipleRuns {
		at := run * (len(values) - runSteps - 1) / (multipleRuns - 1)
		for i := range runSteps {
			p.steps[n] = values[at+i+1] - values[at+i]
			sum += p.steps[n]
			n++
		}
	}
	square := 0.0
	for i := range p.steps {
		p.steps[i] -= sum / stepLooks
		square += float64(p.steps[i] * p.steps[i])
	}
	if !(square > 0) || math.IsInf(square, 0) {
		return false
	}
	scale := 1 / math.Sqrt(square)
	for i := range p.steps {
		p.steps[i] *= scale
	}
	return true
}

// bestMultiple finds the multiple of a column that leaves the fewest bits of another, if that pays.
func (e *Encoder) bestMultiple(g *Group, of, on *paced) (multiple, bool) {
	values := g.Columns[of.column].Floats
	own, others, rest := grow(&e.values, len(values)), grow(&e.other, len(values)), grow(&e.rest, len(values))
	if u, ok := e.integers(own, values, of.unit); !ok || u != of.unit {
		return multiple{}, false
	}
	on.unit.integers(others, g.Columns[on.column].Floats, nil)
	factor := regression(own, others)
	copy(rest, own)
	alone := e.costOf(rest)
	best, found := multiple{}, false
	most := alone - max(alone/multipleGain, 8*multipleOverhead*min(len(values), samplesPerPlan)/len(values))
	for _, m := range []multiple{
		wholeMultiple(math.Round(factor), 0),
		wholeMultiple(factor, factorBits),
	} {
		if m.factor == 0 {
			continue
		}
		copy(rest, own)
		m.addTo(rest, others, others[0], -1)
		if cost := e.costOf(rest); cost < most {
			best, found, most = m, true, cost
		}
	}
	best.on, best.unit = on.column, on.unit
	return best, found
}

// wholeMultiple is the multiple by a factor with so many bits, and none behind the point if they are 0.
func wholeMultiple(factor float64, bits int) multiple {
	m := multiple{}
	if bits > 0 {
		_, exponent := math.Frexp(factor)
		m.shift = min(max(0, bits-exponent), 63)
	}
	if scaled := math.Ldexp(factor, m.shift); math.Abs(scaled) < 1<<32 {
		m.factor = int64(math.Round(scaled))
	}
	return m
}

// regression is the factor by which the steps of others explain those of ks best: least squares about
// the means.
func regression(ks, others []int64) float64 {
	n := float64(len(ks) - 1)
	var x, y, xx, xy float64
	for i := 1; i < len(ks); i++ {
		dx, dy := float64(others[i]-others[i-1]), float64(ks[i]-ks[i-1])
		x += dx
		y += dy
		xx += dx * dx
		xy += dx * dy
	}
	return (xy - x*y/n) / (xx - x*x/n)
}

// costOf estimates the bits of integers, their greatest common divisor taken out.
func (e *Encoder) costOf(ks []int64) int {
	divide(ks)
	_, cost := e.planInts(ks, Cold)
	return cost
}

// appendMultiple appends the samples of column i less the multiple of another.
func (e *Encoder) appendMultiple(dst []byte, g *Group, i int, m multiple, tier Tier) ([]byte, bool) {
	values := g.Columns[i].Floats
	var buf [unitLooks]float64
	u, ok := exactUnit(looksOf(&buf, values))
	ks, others := grow(&e.values, len(values)), grow(&e.other, len(values))
	if !ok {
		return dst, false
	}
	if u, ok = e.integers(ks, values, u); !ok {
		return dst, false
	}
	m.unit.integers(others, g.Columns[m.on].Floats, nil)
	m.addTo(ks, others, others[0], -1)
	return e.appendUnits(m.append(append(dst, byte(leanMultiple)), i), u, ks, values, tier), true
}

// multiple decodes a column that is stored less the multiple of another.
func (r *GroupReader) multiple(dst []float64, c *cursor, h *columnHead) {
	m := &h.lean.multiple
	others := r.kept.get(m.on, m.unit, len(dst))
	if others == nil {
		if c.err = r.leading(dst, m.on, false); c.err != nil {
			return
		}
		others = r.kept.add(m.on, m.unit, len(dst))
		m.unit.integers(others, dst, nil)
	}
	header := c.byte()
	var s scale
	s.read(header, c, len(dst))
	if kind := header & floatKind; c.err == nil && (kind != floatWhole && kind != floatUnits || header&floatUlps != 0) {
		c.fail("what is left of a multiple has header %#x", header)
	}
	var ints intReader
	ints.open(c, len(dst), &r.tables)
	var ks [frameLen]int64
	first := others[0]
	for rest := dst; len(rest) > 0 && c.err == nil; {
		n := min(frameLen, len(rest))
		ints.next(c, ks[:n])
		s.multiply(ks[:n])
		m.addTo(ks[:n], others[:n], first, 1)
		s.unit.values(rest[:n], ks[:n])
		rest, others = rest[n:], others[n:]
	}
	s.except(dst)
}
