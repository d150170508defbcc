package codec

import (
	"encoding/binary"
	"slices"
)

// Values near a grid: sums of decimals drift away from it by rounding, and exporters that compute
// in several steps land beside it. Such a value is stored as the integer of the nearest point of the
// grid and the distance from it in ulps.

// ulpsFrom is how many ulps v lies above the value of k.
func (u unit) ulpsFrom(k int64, v float64) int64 { return orderedBits(v) - orderedBits(u.value(k)) }

// addUlps moves the values by so many ulps.
func addUlps(values []float64, ulps []int64) {
	for i, d := range ulps {
		if d != 0 {
			values[i] = fromOrderedBits(orderedBits(values[i]) + d)
		}
	}
}

// nearLooks is how many neighbouring values decide whether a grid fits.
const nearLooks = 256

// nearUnit looks for the unit with which integers and distances together take the fewest bits, and
// at least a twentieth less than the values' own bits take.
func (e *Encoder) nearUnit(values []float64, tier Tier) (unit, bool) {
	window := values[:min(len(values), nearLooks)]
	ks, ulps := grow(&e.values, len(window)), grow(&e.other, len(window))
	units := make([]nearCandidate, 0, maxNearExponent+2)
	look := func(u unit) {
		near(ks, ulps, window, u)
		units = append(units, nearCandidate{u, changeBits(ks) + sizeBits(ulps)})
	}
	for x := 0; x <= maxNearExponent; x++ {
		look(unit{exponent: x})
	}
	var buf [unitLooks]float64
	if u, ok := ratioOf(looksOf(&buf, window)); ok {
		look(u)
	}
	slices.SortStableFunc(units, func(a, b nearCandidate) int { return a.bits - b.bits })

	e.orderedBits(ks, window)
	_, bits := e.planInts(ks, tier)
	best, found := unit{}, false
	most := bits - bits/20
	looks := coldUnits
	if tier == Hot {
		looks = hotUnits
	}
	for _, c := range units[:min(len(units), looks)] {
		near(ks, ulps, window, c.unit)
		_, coarse := e.planInts(ks, tier)
		if coarse >= most {
			continue
		}
		if _, fine := e.planInts(ulps, tier); coarse+fine < most {
			best, found, most = c.unit, true, coarse+fine
		}
	}
	return best, found
}

// So many units get a close look, those that leave the fewest bits at a rough one.
const (
	hotUnits  = 1
	coldUnits = 3
)

// maxNearExponent is the finest grid that sums and means of decimals are looked for on.
const maxNearExponent = 9

// nearCandidate is a unit and roughly how many bits integers and distances take with it.
type nearCandidate struct {
	unit unit
	bits int
}

// near fills ks with the integers nearest to the values and ulps with the distances. Values without
// such an integer get the one before.
func near(ks, ulps []int64, values []float64, u unit) {
	last := int64(0)
	for i, v := range values {
		k, ok := u.nearest(v)
		if !ok {
			ks[i], ulps[i] = last, 0
			continue
		}
		ks[i], ulps[i] = k, u.ulpsFrom(k, v)
		last = k
	}
}

// appendNear writes values as points of the grid of u and distances from them.
func (e *Encoder) appendNear(dst []byte, u unit, values []float64, tier Tier) []byte {
	ks, ulps := grow(&e.values, len(values)), grow(&e.other, len(values))
	near(ks, ulps, values, u)
	e.exceptions = e.exceptions[:0]
	for i, v := range values {
		if _, ok := u.nearest(v); !ok {
			e.exceptions = append(e.exceptions, i)
		}
	}
	header := floatUnits | floatUlps
	if len(e.exceptions) > 0 {
		header |= floatExceptions
	}
	dst = u.append(append(dst, header))
	if len(e.exceptions) > 0 {
		dst = appendExceptions(dst, e.exceptions, values)
	}
	stream := e.appendInts(nil, ulps, tier)
	dst = binary.AppendUvarint(dst, uint64(len(stream)))
	dst = append(dst, stream...)
	return e.appendInts(dst, ks, tier)
}
