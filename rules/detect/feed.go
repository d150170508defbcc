package detect

import "github.com/prometheus/prometheus/model/histogram"

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
	if !grown.UsesCustomBuckets() && grown.Schema < d.bounds.coarsest {
		d.bounds.coarsest = grown.Schema
		d.relearn()
	}
	below, next, made := 0.0, 0, false // counted up to the bound next
	for buckets := grown.AllBucketIterator(); buckets.Next(); {
		b := buckets.At()
		if b.Count <= 0 {
			continue
		}
		at, found := d.bounds.place(b.Upper)
		if !found && len(d.bounds.upper) < maxBounds {
			d.insert(b.Upper, at)
			made = true
		} else if !found && !d.plan.Down && at > 0 {
			at-- // no cell is left: count it to the side that makes no evidence
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
