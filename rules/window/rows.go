package window

import "slices"

// rows is the times of the newest rows of a group: the moments at which one of its series, or all of
// them, had a sample. Each series keeps its values in a column beside them, so that a time is kept
// once however wide the group is.
//
// What is older than a series' grace moves from the column into panes, a pane's worth of rows at a time,
// for all columns at once; what is older than any window goes.
type rows struct {
	times times
	// newest is the time of the newest row; floor that of the newest one that is no longer here.
	newest, floor int64
	// memory and grace are the longest of the columns.
	memory, grace int64
	columns       []*Series
}

func newRows() *rows { return &rows{newest: never, floor: never} }

// join takes up a series that has no values in other rows.
func (r *rows) join(s *Series) {
	s.rows = r
	r.columns = append(r.columns, s)
	r.memory, r.grace = max(r.memory, s.plan.memory()), max(r.grace, s.plan.Grace)
}

func (r *rows) leave(s *Series) {
	if i := slices.Index(r.columns, s); i >= 0 {
		r.columns = slices.Delete(r.columns, i, i+1)
	}
}

// row returns the number of the row at a time, and makes it where there is none.
func (r *rows) row(t int64) uint64 {
	end := r.times.end()
	switch {
	case t > r.newest || r.times.count() == 0:
		r.push(t)
		return end
	case t == r.newest:
		return end - 1
	}
	n := r.times.after(t)
	if n > r.times.first() && r.times.at(n-1) == t {
		return n - 1
	}
	r.times.insert(n, t)
	for _, s := range r.columns {
		s.makeRoom(n)
	}
	return n
}

// has reports whether there is a row at a time.
func (r *rows) has(t int64) bool {
	n := r.times.after(t)
	return n > r.times.first() && r.times.at(n-1) == t
}

// reaches reports whether a row at a time can be among the others.
func (r *rows) reaches(t int64) bool {
	return t > r.floor && (t >= r.newest || r.times.count() == 0 || uint64(r.newest-t) <= longestSpan)
}

// push appends a row. Where the ring would have to grow for it, it first forgets what it can.
func (r *rows) push(t int64) {
	if r.times.distances.isFull() || r.tooFar(t) {
		for r.times.count() > 0 && r.times.at(r.times.first()) <= t-r.memory {
			r.dropBefore(r.times.first() + 1) // the columns follow when they are next used
		}
		if r.times.count() >= 2*paneRows && r.times.at(r.times.first()+paneRows-1) < t-r.grace {
			r.seal(paneRows, t) // no late sample can belong there any more
		}
		for r.tooFar(t) {
			r.seal(1, t)
		}
	}
	r.times.insert(r.times.end(), t)
	r.newest = t
}

func (r *rows) dropBefore(number uint64) {
	r.floor = r.times.at(number - 1)
	r.times.distances.dropBefore(number)
}

// tooFar reports whether a newer time lies too far from the oldest row.
func (r *rows) tooFar(t int64) bool {
	return r.times.count() > 0 && uint64(t-r.times.at(r.times.first())) > longestSpan
}

// seal moves the oldest rows, up to paneRows of them, into panes.
func (r *rows) seal(count int, newest int64) {
	end := r.times.first() + uint64(count)
	for _, s := range r.columns {
		s.seal(end, newest)
	}
	r.dropBefore(end)
}
