package window

import "math"

// A series' samples have numbers of its own, in the order of their times. The oldest are in panes; the
// newest are its column of the group's rows, s.values, which begins at s.values.first: the sample with
// the number n stands in row n + s.offset. Rows in which the series has no sample are numbered as well,
// and are absent.

// point is one sample: its time in milliseconds since the Unix epoch, and its value.
type point struct {
	time  int64
	value float64
}

// absentBits is a NaN that no sender is given to mean anything by; it marks rows without a sample.
const absentBits = 0x7ff4_ab5e_0000_0000

var absent = math.Float64frombits(absentBits)

func isAbsent(v float64) bool { return math.Float64bits(v) == absentBits }

// oldest is the number of the oldest sample that is kept, end() when none is.
func (s *Series) oldest() uint64 {
	if s.sealed != nil {
		return s.sealed.first()
	}
	return s.values.first
}

func (s *Series) end() uint64 { return s.values.end() }

// at returns the sample with a number from oldest() to end(). A reader that goes through panes names
// the place where it keeps the one that it reads.
func (s *Series) at(number uint64, reader int) point {
	if number >= s.values.first {
		return point{s.rows.times.at(number + s.offset), *s.values.at(number)}
	}
	return s.sealed.at(number, reader)
}

// after returns the number of the first sample newer than t, end() if there is none; it may be absent.
func (s *Series) after(t int64, reader int) uint64 {
	if s.sealed != nil && t < s.sealed.newest() {
		return s.sealed.after(t, reader)
	}
	row := max(s.rows.times.after(t), s.values.first+s.offset)
	return min(row-s.offset, s.end())
}

// follow lets go of values whose rows are gone, because no window reaches back to them, and of what is
// older.
func (s *Series) follow() {
	if gone := s.rows.times.first(); s.values.count > 0 && s.values.first+s.offset < gone {
		s.values.dropBefore(min(gone-s.offset, s.end()))
		s.sealed = nil
	}
}

// forget lets go of samples up to a time.
func (s *Series) forget(limit int64) {
	s.follow()
	if s.sealed != nil {
		if !s.sealed.forget(limit) {
			return
		}
		s.sealed = nil
	}
	for s.values.count > 0 && s.rows.times.at(s.values.first+s.offset) <= limit {
		s.values.dropBefore(s.values.first + 1)
	}
}

// put sets the value at a time that is later than all panes, and returns its number; fresh is false where
// there is one already.
func (s *Series) put(t int64, v float64) (number uint64, fresh bool) {
	if isAbsent(v) {
		v = math.NaN()
	}
	s.follow()
	if !s.rows.reaches(t) {
		s.part()
	}
	row := s.rows.row(t)
	if s.values.count == 0 {
		s.offset = row - s.values.first
	}
	for row < s.values.first+s.offset { // it is older than the column
		s.shift(s.values.first)
		s.values.insert(s.values.first, absent)
		s.offset--
	}
	for row > s.end()+s.offset {
		if s.values.isFull() && s.mostlyAbsent() {
			s.part()
			return s.put(t, v)
		}
		s.values.push(absent)
	}
	number = row - s.offset
	if number == s.end() {
		s.values.push(v)
		return number, true
	}
	if slot := s.values.at(number); isAbsent(*slot) {
		*slot = v
		return number, true
	}
	return number, false
}

// makeRoom follows a row that was put among the others.
func (s *Series) makeRoom(row uint64) {
	s.follow()
	switch {
	case s.values.count == 0 || row >= s.end()+s.offset:
	case row <= s.values.first+s.offset:
		s.offset++
	default:
		s.shift(row - s.offset)
		s.values.insert(row-s.offset, absent)
	}
}

// shift tells the windows that the samples from a number on move up by one.
func (s *Series) shift(number uint64) {
	for i := range s.windows {
		s.windows[i].shift(number)
	}
}

// leastJudged is how many rows a column has before it is found to be in the wrong group: about as many as
// a short window has.
const leastJudged = 16

// mostlyAbsent reports whether the series keeps another pace than its group, so that rows of its own cost
// less.
func (s *Series) mostlyAbsent() bool {
	n := 0
	for number := s.values.first; number < s.end(); number++ {
		if isAbsent(*s.values.at(number)) {
			n++
		}
	}
	return s.values.count >= leastJudged && 2*n > int(s.values.count)
}

// part gives the series rows of its own. Samples that the group's pace has brought into panes, but which
// are within the series' own grace, come back from there.
func (s *Series) part() {
	var recent []point
	if s.sealed != nil {
		recent = s.sealed.reopen(s.newest - s.plan.Grace)
		if s.sealed.isEmpty() {
			s.sealed = nil
		}
	}
	s.move(newRows(), recent)
}

// move takes the series' values, behind some older ones, to other rows.
func (s *Series) move(to *rows, older []point) {
	points := older
	for number := s.values.first; number < s.end(); number++ {
		points = append(points, s.at(number, 0))
	}
	s.rows.leave(s)
	to.join(s)
	s.values = ring[float64]{first: s.values.first - uint64(len(older))}
	for _, p := range points {
		if !isAbsent(p.value) {
			s.put(p.time, p.value)
		}
	}
	for i := range s.windows {
		s.windows[i].startOver()
	}
}

// Join puts the series into its group: under its clock, and into its rows unless it keeps another pace.
func (s *Series) Join(clock *Clock) {
	s.Clock = clock
	to := clock.groupRows()
	if to == s.rows {
		return
	}
	s.follow()
	same, n := 0, 0
	for number := s.values.first; number < s.end(); number++ {
		if p := s.at(number, 0); !isAbsent(p.value) {
			n++
			if to.has(p.time) {
				same++
			}
			if !to.reaches(p.time) {
				return
			}
		}
	}
	if to.times.count() == 0 || 2*same >= n {
		s.move(to, nil)
	}
}

// Leave takes the series out of its group. It is of no use after that.
func (s *Series) Leave() { s.rows.leave(s) }

// seal moves what the series has in rows before one into a pane.
func (s *Series) seal(row uint64, newest int64) {
	s.follow()
	if s.sealed == nil { // else it would only be forgotten with the pane
		s.forget(newest - s.plan.memory())
	}
	first := s.values.first
	last := min(row, s.end()+s.offset)
	if s.values.count == 0 || last <= first+s.offset {
		return
	}
	last -= s.offset
	var buffer [paneRows]point
	points := buffer[:0]
	for number := first; number < last; number++ {
		points = append(points, s.at(number, 0))
	}
	if s.sealed == nil {
		s.sealed = new(sealed)
	}
	s.sealed.add(first, points)
	s.values.dropBefore(last)
}
