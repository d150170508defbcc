package rules

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/rules/detect"
)

// reading is the past of some subjects as it is read, by detectors and feeds of its own: until it is entered,
// nothing of it is in force, and the detectors in force take nothing in. Subjects that share series are read
// together, because a detector must see the samples of all its series in the order of time.
type reading struct {
	subjects  []*subject
	detectors map[*detect.Detector]*detect.Detector // by the one in force
	order     []*detect.Detector                    // the same, of the reading
	feeds     map[*feed]*feed                       // by the one in force
	byHash    map[uint64][]*feed                    // by hash of the labels of the series
	names     []string
	budget    detect.Budget // as it was when the reading began: that in force belongs to the engine
	// from and now are the time that is read next, and the server's clock when that began, in milliseconds.
	from, now int64
	// kept are the samples that came since the reading began, by feeds in force; overflow: there were too
	// many, and they are read from the store as well. The engine's mu guards both.
	kept     []keptSample
	overflow bool
}

// keptSample is a point with the feed that is in force, and the server's clock when it came.
type keptSample struct {
	point
	nowMS int64
}

const (
	// maxKept bounds the memory of a reading, and the time that it takes to enter: some milliseconds.
	maxKept = 20_000
	// lateMS is how much of what was read already is read again after an overflow, for samples that came late.
	lateMS = 10 * 60_000
	// shiftSlice is how much time of the samples of a thousand series is held in memory at once: sixty
	// megabytes with a sample a second.
	shiftSlice = 10 * time.Minute
)

// learn gives the detectors of a subject their past, and those of all that share series with it.
func (e *Engine) learn(ctx context.Context, f *force, s *subject, now time.Time) error {
	r := e.startReading(f, s, now.UnixMilli())
	if r == nil {
		return nil
	}
	for done := false; !done; {
		if err := r.read(ctx, e.options.Store); err != nil {
			e.mu.Lock()
			r.end()
			e.mu.Unlock()
			return err
		}
		done = true
		e.enter(f, now, func() []*subject {
			if done = r.finish(e.latestMS); !done {
				return nil
			}
			return r.subjects
		})
	}
	return nil
}

// startReading has the feeds of a subject and its company keep what comes from here on; what came before is in
// the store. It returns nil where the subject does not wait.
func (e *Engine) startReading(f *force, s *subject, nowMS int64) *reading {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.force != f || !s.unlearned || s.reading != nil {
		return nil
	}
	now := max(nowMS, e.latestMS)
	r := &reading{
		detectors: map[*detect.Detector]*detect.Detector{}, feeds: map[*feed]*feed{}, byHash: map[uint64][]*feed{},
		names: f.shiftNames(), budget: *f.budget, from: now - detect.Reach, now: now,
	}
	for _, other := range s.company() {
		if other.unlearned && other.reading == nil {
			r.subjects = append(r.subjects, other)
			other.reading = r
			for i, number := range other.group.scope.shifts {
				made := detect.New(&other.group.scope.terms[number].plan, &r.budget)
				r.detectors[other.detectors[i]] = made
				r.order = append(r.order, made)
			}
		}
	}
	r.follow()
	return r
}

// follow makes feeds for the series of the subjects that have none yet in the reading.
func (r *reading) follow() {
	for _, s := range r.subjects {
		for _, tr := range s.members {
			for i := range tr.targets {
				f := tr.targets[i].feed
				if f == nil || r.feeds[f] != nil {
					continue
				}
				made := new(feed)
				for _, t := range f.taps {
					if t.detector, t.subject = r.detectors[t.detector], nil; t.detector != nil {
						t.settle()
						made.taps = append(made.taps, t)
					}
				}
				if len(made.taps) > 0 {
					f.reading, r.feeds[f] = r, made
					r.byHash[tr.hash] = append(r.byHash[tr.hash], made)
				}
			}
		}
	}
}

// keep holds a sample that came while the past was read.
func (r *reading) keep(f *feed, t int64, v float64, h *histogram.FloatHistogram, nowMS int64) {
	if r.overflow {
		return
	}
	if len(r.kept) == maxKept {
		r.kept, r.overflow = nil, true
		return
	}
	if h != nil {
		h = h.Copy()
	}
	r.kept = append(r.kept, keptSample{point{t, f, v, h}, nowMS})
}

// finish puts what was read in force, with what came meanwhile; false: so much came that reading must go on.
// The engine's mu is held.
func (r *reading) finish(latestMS int64) bool {
	if r.overflow {
		r.overflow, r.from, r.now = false, r.now-lateMS, max(r.now, latestMS)
		return false
	}
	r.follow() // series that came meanwhile
	for i := 0; i < len(r.kept); {
		now := r.kept[i].nowMS
		for ; i < len(r.kept) && r.kept[i].nowMS == now; i++ {
			k := &r.kept[i]
			r.feeds[k.feed].add(k.timeMS, k.value, k.histogram, now)
		}
		r.look(now)
	}
	for _, s := range r.subjects {
		s.unlearned = false
		for _, d := range s.detectors {
			d.Become(r.detectors[d])
		}
	}
	for f, read := range r.feeds {
		if read.heard {
			f.newest, f.heard, f.growth, f.native = read.newest, read.heard, read.growth, read.native
		}
		f.settle()
	}
	r.end()
	return true
}

// end has the feeds keep nothing any more. The engine's mu is held.
func (r *reading) end() {
	for _, s := range r.subjects {
		s.reading = nil
	}
	for f := range r.feeds {
		f.reading = nil
	}
}

// look asks the detectors of the reading, as evaluation does after each row.
func (r *reading) look(nowMS int64) {
	for _, d := range r.order {
		d.Shifted(nowMS)
	}
}

// read shows the detectors what the store has from r.from on, up to what senders with a good clock can have sent
// by r.now: what is of a later time came later, or counts when the series is heard next. It takes no lock.
func (r *reading) read(ctx context.Context, store storage.Queryable) error {
	matchers := []*labels.Matcher{named(r.names)}
	if len(r.subjects) == 1 {
		r.subjects[0].labels.Range(func(l labels.Label) {
			matchers = append(matchers, labels.MustNewMatcher(labels.MatchEqual, l.Name, l.Value))
		})
	}
	slice := max(shiftSlice.Milliseconds()*1000/int64(max(len(r.byHash), 1)), time.Second.Milliseconds())
	slice = min(slice, (6 * time.Hour).Milliseconds())
	last := r.now + maxSkew.Milliseconds()
	for at := r.from; at <= last; at += slice {
		points, err := r.readPoints(ctx, store, matchers, at, min(at+slice-1, last))
		if err != nil {
			return err
		}
		for i := 0; i < len(points); {
			t := points[i].timeMS
			now := min(t, r.now) // when it came: as if at its own time, but not after now
			for ; i < len(points) && points[i].timeMS == t; i++ {
				p := &points[i]
				p.feed.add(t, p.value, p.histogram, now)
			}
			r.look(now)
		}
	}
	return nil
}

// point is one sample for a feed.
type point struct {
	timeMS    int64
	feed      *feed
	value     float64
	histogram *histogram.FloatHistogram
}

// readPoints returns the samples of a stretch of time in their order.
func (r *reading) readPoints(ctx context.Context, store storage.Queryable, matchers []*labels.Matcher, from, to int64) (points []point, err error) {
	querier, err := store.Querier(from, to)
	if err != nil {
		return nil, err
	}
	defer querier.Close()
	var samples chunkenc.Iterator
	set := querier.Select(ctx, false, &storage.SelectHints{Start: from, End: to}, matchers...)
	for set.Next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		series := set.At()
		feeds := r.byHash[series.Labels().Hash()]
		if len(feeds) == 0 {
			continue
		}
		samples = series.Iterator(samples)
		for kind := samples.Next(); kind != chunkenc.ValNone; kind = samples.Next() {
			p := point{}
			if kind == chunkenc.ValFloat {
				p.timeMS, p.value = samples.At()
			} else {
				p.timeMS, p.histogram = samples.AtFloatHistogram(nil)
			}
			for _, p.feed = range feeds {
				points = append(points, p)
			}
		}
		if err := samples.Err(); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(points, func(x, y point) int { return cmp.Compare(x.timeMS, y.timeMS) })
	return points, set.Err()
}
