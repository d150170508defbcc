package detect

import (
	"math"

	"github.com/prometheus/prometheus/model/histogram"
)

// Growth turns the values of one counter, in the order of their times, into what it grew by. The first is
// where it begins; after a reset, what came since counts as it stands.
type Growth struct {
	last  float64
	begun bool
}

// Add takes a value; ok is false where nothing can be said.
func (g *Growth) Add(v float64) (growth float64, ok bool) {
	growth, ok = v-g.last, g.begun
	if v < g.last {
		growth = v
	}
	g.last, g.begun = v, true
	return growth, ok && growth >= 0
}

// NativeGrowth does the same for a native histogram.
type NativeGrowth struct{ last *histogram.FloatHistogram }

// Add takes a histogram, of which it keeps a copy, and returns the observations since the one before, nil
// where nothing can be said.
func (g *NativeGrowth) Add(h *histogram.FloatHistogram) *histogram.FloatHistogram {
	h = coarse(h)
	last := g.last
	g.last = h
	if last == nil {
		return nil
	}
	grown := h.Copy()
	if h.Schema != last.Schema || h.DetectReset(last) {
		return grown
	}
	if _, _, _, err := grown.Sub(last); err != nil {
		return nil // two layouts with bounds of their own
	}
	return grown
}

// coarse is a copy with buckets no finer than a detector keeps.
func coarse(h *histogram.FloatHistogram) *histogram.FloatHistogram {
	if !h.UsesCustomBuckets() && h.Schema > finest {
		if made, err := h.CopyToSchema(finest); err == nil {
			return made
		}
	}
	return h.Copy()
}

// AddNative adds the observations of a native histogram to a Histogram.
func (d *Detector) AddNative(grown *histogram.FloatHistogram) {
	d.bounds.native = true
	made := false
	if !grown.UsesCustomBuckets() && grown.Schema < d.bounds.coarsest {
		d.bounds.coarsest, made = grown.Schema, true
	}
	for buckets := grown.AllBucketIterator(); buckets.Next(); {
		if b := buckets.At(); b.Count > 0 {
			made = d.want(b) || made
		}
	}
	below, next := 0.0, 0 // counted up to the bound next
	for buckets := grown.AllBucketIterator(); buckets.Next(); {
		b := buckets.At()
		if b.Count <= 0 {
			continue
		}
		at, found := d.bounds.place(b.Upper)
		if !found && !d.plan.Down && at > 0 {
			at-- // no cell was left: count it to the side that makes no evidence
		}
		for ; next < at; next++ {
			d.block[d.bounds.order[next]] += below
		}
		below += b.Count
	}
	for ; next < len(d.bounds.order); next++ {
		d.block[d.bounds.order[next]] += below
	}
	if made {
		d.relearn()
	}
	d.fresh = true
}

// want makes cells for both ends of a native bucket that holds something, and for where its observations would
// lie after the tolerated move: native histograms have all bounds, and none is sent that holds nothing.
func (d *Detector) want(b histogram.Bucket[float64]) (made bool) {
	wanted := []float64{b.Upper, b.Lower}
	if moved, ok := d.moved(b); ok {
		wanted = append(wanted, moved)
	}
	for _, bound := range wanted {
		at, found := d.bounds.place(bound)
		if found || math.IsInf(bound, 0) || len(d.bounds.upper) >= maxBounds {
			continue
		}
		d.insert(bound, at)
		made = true
	}
	return made
}

// moved is the native bound next beyond a bucket after the tolerated move.
func (d *Detector) moved(b histogram.Bucket[float64]) (bound float64, ok bool) {
	v, round := b.Upper, math.Ceil
	if d.plan.Down {
		v, round = b.Lower, math.Floor
	}
	switch x := d.plan.Tolerance; {
	case d.plan.Relative && d.plan.Down:
		v *= 1 - x
	case d.plan.Relative:
		v *= 1 + x
	case d.plan.Down:
		v -= x
	default:
		v += x
	}
	if !(v > 0) || math.IsInf(v, 0) {
		return 0, false
	}
	index := round(math.Log2(v) * math.Exp2(float64(d.bounds.coarsest)))
	one := histogram.FloatHistogram{
		Schema:        d.bounds.coarsest,
		PositiveSpans: []histogram.Span{{Offset: int32(index), Length: 1}}, PositiveBuckets: []float64{1},
	}
	it := one.PositiveBucketIterator()
	if !it.Next() {
		return 0, false
	}
	return it.At().Upper, true
}
