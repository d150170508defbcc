package window

import (
	"math"

	"github.com/prometheus/prometheus/model/value"
)

// Series is the recent samples of one series of floats, and its windows.
type Series struct {
	// Clock is the time of the series' group; see Join.
	Clock *Clock

	plan  *Plan
	reach int64 // that of the plan

	rows   *rows
	values ring[float64] // see column.go
	offset uint64
	sealed *sealed // nil where all samples are in the rows

	windows []sliding // parallel to plan.Specs
	newest  int64     // time of the newest sample ever, stale markers left out
	stale   int64     // time of the newest stale marker
}

// never is before every time.
const never = math.MinInt64

// NewSeries returns an empty series with rows of its own.
func NewSeries(plan *Plan, clock *Clock) *Series {
	var s *Series
	switch len(plan.Specs) {
	case 1: // most series; what is used together lies together
		one := new(struct {
			Series
			windows [1]sliding
		})
		s, one.Series.windows = &one.Series, one.windows[:]
	default:
		s = &Series{windows: make([]sliding, len(plan.Specs))}
	}
	s.Clock, s.plan, s.reach, s.newest, s.stale = clock, plan, plan.Reach(), never, never
	for i, spec := range plan.Specs {
		s.windows[i].init(spec)
	}
	newRows().join(s)
	return s
}

// Outcome says what became of a sample.
type Outcome uint8

// The outcomes of Add.
const (
	// Added: newer than all others, or a stale marker.
	Added Outcome = iota
	// Corrected: late, but within the grace; the windows have been put right.
	Corrected
	// Duplicate: there is a sample of this time already; it stays.
	Duplicate
	// TooLate: beyond the grace; the windows do not know of it.
	TooLate
)

// Add takes a sample, t in milliseconds. The windows see it with the next Slide.
func (s *Series) Add(t int64, v float64) Outcome {
	if value.IsStaleNaN(v) {
		s.stale = max(s.stale, t)
		return Added
	}
	switch {
	case t > s.newest:
		s.newest = t
		s.put(t, v)
		return Added
	case t == s.newest:
		return Duplicate
	case t < s.newest-s.plan.Grace:
		return TooLate
	}
	number, fresh := s.put(t, v)
	if !fresh {
		return Duplicate
	}
	for i := range s.windows {
		s.late(i, number)
	}
	return Corrected
}

// Slide moves all windows to an end, in milliseconds, and forgets what no window needs any more. What left
// the windows within the grace stays, for a late sample to be put beside it and for an end that goes back
// when a group speaks again.
func (s *Series) Slide(end int64) {
	s.follow()
	for i := range s.windows {
		s.slide(i, end)
	}
	s.forget(end - s.reach)
}

// Empty reports whether all windows are empty.
func (s *Series) Empty() bool {
	for i := range s.windows {
		if s.windows[i].count > 0 {
			return false
		}
	}
	return true
}

// Newest is the time of the newest sample; ok is false while there was none.
func (s *Series) Newest() (t int64, ok bool) { return s.newest, s.newest != never }

// span returns the oldest and the newest sample of window i, nil when it is empty.
func (s *Series) span(i int) (oldest, newest *point) {
	w := &s.windows[i]
	if w.count == 0 {
		return nil, nil
	}
	return &w.oldest, &w.newest
}

// live reports whether the series still speaks at the newest sample of window i: a stale marker
// after it, and up to the window's right edge, ends it.
func (s *Series) live(i int, newest *point) bool {
	return s.stale <= newest.time || s.stale > s.windows[i].right
}

// samples is how many samples the window i holds over all series.
func samples(series []*Series, i int) int {
	n := 0
	for _, s := range series {
		n += s.windows[i].samples()
	}
	return n
}
