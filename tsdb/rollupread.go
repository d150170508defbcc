package tsdb

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"
)

// rollupView is what a reader takes of one resolution: the buckets that start from mint to maxt.
type rollupView struct {
	set        *rollupSet
	blocks     []*block
	mint, maxt int64
}

// rolled is buckets of one resolution, in ascending time.
type rolled struct {
	stepMS  int64
	buckets []bucket
}

// rollupViews returns what rollups have between two times, the finest resolution first; each
// resolution takes over where the finer one has nothing any more. The blocks must be released. maxt is
// before the raw samples, so it ends an hour.
func (db *DB) rollupViews(mint, maxt int64) []rollupView {
	var views []rollupView
	for _, s := range db.rollups {
		if mint > maxt {
			break
		}
		blocks := s.acquire(noTime, maxTime)
		if len(blocks) == 0 {
			continue
		}
		floor := floorTo(blocks[0].meta.mint, rollup1h.Milliseconds())
		views = append(views, rollupView{s, blocks, floorTo(max(mint, floor), s.stepMS), maxt})
		maxt = min(maxt, floor-1)
	}
	return views
}

func releaseViews(views []rollupView) error {
	var err error
	for _, v := range views {
		err = errors.Join(err, releaseAll(v.blocks))
	}
	return err
}

// buckets returns what a view has of a series in some fields.
func (v *rollupView) buckets(group groupID, id SeriesID, fields fieldSet) (rolled, error) {
	r := rolled{stepMS: v.set.stepMS}
	for _, b := range v.blocks {
		for _, e := range b.of(group) {
			if e.maxt < v.mint || e.mint > v.maxt {
				continue
			}
			found, err := b.buckets(e, id, fields)
			if err != nil {
				return r, err
			}
			r.buckets = append(r.buckets, between(found, v.mint, v.maxt)...)
		}
	}
	byStart := func(a, b bucket) int { return cmp.Compare(a.StartMS, b.StartMS) }
	if !slices.IsSortedFunc(r.buckets, byStart) {
		slices.SortFunc(r.buckets, byStart)
	}
	// A block that was written and then could not be opened or removed is written again: the same twice.
	r.buckets = slices.CompactFunc(r.buckets, func(a, b bucket) bool { return a.StartMS == b.StartMS })
	return r, nil
}

// between returns the buckets that start between two times.
func between(buckets []bucket, mint, maxt int64) []bucket {
	from := sort.Search(len(buckets), func(i int) bool { return buckets[i].StartMS >= mint })
	to := sort.Search(len(buckets), func(i int) bool { return buckets[i].StartMS > maxt })
	return buckets[from:max(from, to)]
}

// buckets decodes some fields of the buckets of a series in a section of a rollup, in ascending time.
func (b *block) buckets(e blockEntry, id SeriesID, fields fieldSet) (buckets []bucket, err error) {
	err = b.use(e, func(g *groupBlock) error {
		var columns []seriesColumn
		for i, series := range g.series {
			field := series & (1<<rollupFieldBits - 1)
			if series>>rollupFieldBits != id || !fields.has(field) {
				continue
			}
			c, err := g.decode(i)
			if err != nil {
				return err
			}
			columns = append(columns, seriesColumn{series: field, column: c})
		}
		buckets = joinFields(columns)
		return nil
	})
	return buckets, err
}

// joinFields makes buckets of their fields.
func joinFields(columns []seriesColumn) []bucket {
	var times []int64
	for i := range columns {
		if c := &columns[i].column; !slices.Equal(times, c.times) {
			times = append(slices.Clip(times), c.times...)
			slices.Sort(times)
			times = slices.Compact(times)
		}
	}
	buckets := make([]bucket, len(times))
	for i, t := range times {
		buckets[i].StartMS, buckets[i].Stddev = t, math.NaN()
	}
	for i := range columns {
		c, at := &columns[i].column, 0
		for row, t := range c.times {
			for times[at] < t {
				at++
			}
			buckets[at].setField(columns[i].series, c.at(row))
		}
	}
	for i := range buckets {
		if x := &buckets[i]; x.Stddev != x.Stddev && x.Min == x.Max && x.sketch == nil {
			x.Stddev = 0
		}
	}
	return buckets
}

// history returns the samples of a series in a time range and, where raw samples are gone, some fields of
// its buckets that end in the range: the oldest first, each time in one of them.
func (db *DB) history(id SeriesID, mint, maxt int64, fields fieldSet) (raw column, past []rolled, err error) {
	g, col := db.head.locate(id)
	if g == nil || mint > maxt {
		return column{}, nil, nil
	}
	db.blocks.mu.RLock()
	rawFrom := db.rawFrom
	views := db.rollupViews(mint, min(maxt, rawFrom-1))
	view, err := db.viewRaw(g, col, max(mint, rawFrom), maxt)
	db.blocks.mu.RUnlock()
	defer func() { err = errors.Join(err, view.release(), releaseViews(views)) }()
	if err != nil {
		return column{}, nil, err
	}
	for _, v := range slices.Backward(views) {
		r, err := v.buckets(g.id, id, fields)
		if err != nil {
			return column{}, nil, err
		}
		if len(r.buckets) > 0 {
			past = append(past, r)
		}
	}
	raw, err = view.samples(id)
	return raw, past, err
}

// Buckets returns what the samples of a series were like between two times in buckets of 5 minutes or
// an hour: from raw samples and, where those are gone, from rollups. All buckets that touch the range
// are whole. Where only rollups of an hour are left, there are no buckets of 5 minutes. Buckets without
// samples are left out.
func (db *DB) Buckets(id SeriesID, resolution time.Duration, mint, maxt int64) ([]Bucket, error) {
	if db.isClosed() {
		return nil, ErrClosed
	}
	if resolution != rollup5m && resolution != rollup1h {
		return nil, fmt.Errorf("buckets of %s: only %s and %s are kept", resolution, rollup5m, rollup1h)
	}
	stepMS := resolution.Milliseconds()
	if mint > noTime+stepMS {
		mint = floorTo(mint, stepMS)
	}
	if maxt < maxTime-stepMS {
		maxt = floorTo(maxt, stepMS) + stepMS - 1
	}
	raw, past, err := db.history(id, mint, maxt, allFields)
	if err != nil {
		return nil, err
	}
	var joined []bucket
	for _, r := range append(past, rolled{stepMS, rollUp(&raw, stepMS)}) {
		if r.stepMS > stepMS {
			continue
		}
		for i := range r.buckets {
			b := &r.buckets[i]
			b.StartMS, b.distribution = floorTo(b.StartMS, stepMS), b.weights()
			if n := len(joined); n > 0 && joined[n-1].StartMS == b.StartMS {
				joined[n-1].join(b)
			} else {
				joined = append(joined, *b)
			}
		}
	}
	var buckets []Bucket
	for _, b := range joined {
		if b.Count > 0 {
			buckets = append(buckets, b.Bucket)
		}
	}
	return buckets, nil
}

// samples makes of buckets the samples that a PromQL function over a range needs to be right about
// whole buckets; docs/storage.md lists them. The other functions, and selectors without a range (function
// ""), get the last value of each bucket at its end.
func (r *rolled) samples(function string) column {
	c := r.room(function)
	for i := range r.buckets {
		b := &r.buckets[i]
		end := b.StartMS + r.stepMS - 1
		if b.Count > 0 {
			lastAt := end
			if b.stale || b.hist.isSet() { // they take the end
				lastAt = b.StartMS + r.stepMS*3/4
			}
			b.floats(&c, function, lastAt, r.stepMS)
		}
		if b.hist.isSet() {
			lastAt := end
			if b.stale {
				lastAt = b.StartMS + r.stepMS*7/8
			}
			b.histograms(&c, function, lastAt, r.stepMS)
		}
		if b.stale {
			c.append(end, cell{value: math.Float64frombits(value.StaleNaN)})
		}
	}
	return c
}

// maxRoom bounds the samples for which room is made ahead.
const maxRoom = 1 << 20

// room makes an empty column for the samples of a function, so that it need not grow.
func (r *rolled) room(function string) column {
	n := 2 * len(r.buckets) // the last value and a stale marker
	if isWeighing(function) {
		for i := range r.buckets {
			n += r.buckets[i].Count
		}
	}
	n = min(n, maxRoom)
	return column{times: make([]int64, 0, n), values: make([]float64, 0, n)}
}

// floats appends the float samples that stand for a bucket, the last one at lastAt.
func (b *bucket) floats(c *column, function string, lastAt, stepMS int64) {
	v := b.Last
	if isWeighing(function) {
		n := 0
		for _, w := range b.standIns(function) {
			for range w.count {
				if n++; n == b.Count {
					v = w.value
					break
				}
				c.append(b.StartMS+int64(n-1)*(lastAt-b.StartMS)/int64(b.Count), cell{value: w.value})
			}
		}
	}
	switch function {
	case "rate", "increase":
		// The series rises from First, falls to nothing from a peak that is as high as all it fell from
		// together, and rises to Last: the increase is Last - First + Resets.
		if b.Count > 1 {
			c.append(b.StartMS, cell{value: b.First})
		}
		if b.Resets > 0 {
			c.append(b.StartMS+stepMS/4, cell{value: b.Resets})
			c.append(b.StartMS+stepMS/2, cell{})
		}
	case "first_over_time":
		v = b.First
	case "min_over_time":
		v = b.Min
	case "max_over_time":
		v = b.Max
	case "sum_over_time":
		v = b.Sum
	}
	c.append(lastAt, cell{value: v})
}

// isWeighing reports whether a function gets as many samples as there were, so that buckets weigh what they
// must against each other and against raw samples.
func isWeighing(function string) bool {
	switch function {
	case "avg_over_time", "count_over_time", "quantile_over_time", "mad_over_time", "stddev_over_time", "stdvar_over_time":
		return true
	}
	return false
}

// standIns gives numbers in the place of the samples of a bucket, about which a PromQL function says the
// same; none, where what it needs was not kept.
func (b *bucket) standIns(function string) []weighted {
	mean := b.Sum / float64(b.Count)
	switch function {
	case "quantile_over_time", "mad_over_time":
		return b.weights()
	case "stddev_over_time", "stdvar_over_time":
		pairs := b.Count / 2
		if b.Stddev != b.Stddev && mean-mean == 0 {
			return nil
		}
		if pairs > 0 {
			// So far from the mean, to both of its sides, that the deviation is right.
			apart := b.Stddev * math.Sqrt(float64(b.Count)/float64(2*pairs))
			return []weighted{{mean - apart, pairs}, {mean, b.Count - 2*pairs}, {mean + apart, pairs}}
		}
	}
	return []weighted{{mean, b.Count}}
}

// histograms appends the histograms that stand for a bucket, the last one at lastAt.
func (b *bucket) histograms(c *column, function string, lastAt, stepMS int64) {
	if lost := b.lost.float; lost != nil && (function == "rate" || function == "increase") {
		// As floats do: from a peak of all that was lost down to nothing, and up again.
		c.append(b.StartMS+stepMS/4, cell{value: lost.Sum, hist: b.lost})
		none := &histogram.FloatHistogram{Schema: lost.Schema, ZeroThreshold: lost.ZeroThreshold, CustomValues: lost.CustomValues}
		c.append(b.StartMS+stepMS/2, cell{hist: histogramValue{float: none}})
	}
	c.append(lastAt, cell{value: b.hist.sum(), hist: b.hist})
}

// fieldSet is some fields of a rollup, a bit for each.
type fieldSet uint32

const allFields fieldSet = 1<<rollupFields - 1

func (s fieldSet) has(field rollupField) bool { return s>>field&1 == 1 }

// fieldsOf returns the fields that stand-ins for a PromQL function are made of, so that no others are decoded.
func fieldsOf(function string) fieldSet {
	fields := []rollupField{fieldCount, fieldLast, fieldHistogram, fieldStale}
	switch function {
	case "rate", "increase":
		fields = append(fields, fieldFirst, fieldResets, fieldLost)
	case "first_over_time":
		fields = append(fields, fieldFirst)
	case "min_over_time":
		fields = append(fields, fieldMin)
	case "max_over_time":
		fields = append(fields, fieldMax)
	case "sum_over_time", "avg_over_time", "count_over_time":
		fields = append(fields, fieldSum)
	case "quantile_over_time", "mad_over_time":
		fields = append(fields, fieldMin, fieldMax, fieldSum, fieldSketch)
	case "stddev_over_time", "stdvar_over_time":
		fields = append(fields, fieldMin, fieldMax, fieldSum, fieldStddev)
	}
	var set fieldSet
	for _, field := range fields {
		set |= 1 << field
	}
	return set
}

// has reports whether a series has a bucket that starts between two times.
func (v *rollupView) has(group groupID, id SeriesID, mint, maxt int64) (bool, error) {
	for _, b := range v.blocks {
		for _, e := range b.of(group) {
			if e.maxt < v.mint || e.mint > v.maxt {
				continue
			}
			for _, field := range []rollupField{fieldLast, fieldHistogram, fieldStale} {
				from, to := max(v.mint, mint), min(v.maxt, maxt)
				if has, err := b.has(e, rollupColumnID(id, field), from, to); has || err != nil {
					return has, err
				}
			}
		}
	}
	return false, nil
}

// newestRolled returns the last moment of the newest bucket of a series, neverTime if it has none.
func (db *DB) newestRolled(group groupID, id SeriesID) (_ int64, err error) {
	newest := int64(neverTime)
	for _, s := range db.rollups {
		for field := range rollupFields {
			start, err := s.newestOf(group, rollupColumnID(id, field))
			if err != nil {
				return 0, err
			}
			if start != neverTime {
				newest = max(newest, start+s.stepMS-1)
			}
		}
	}
	return newest, nil
}
