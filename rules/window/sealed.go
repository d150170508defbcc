package window

import "sort"

// sealed is the panes of a series, the oldest first, without a gap between their numbers.
type sealed struct {
	panes []pane
	// open are the panes that the windows read, each reader's own: one for the left edge of a window and
	// one for its right.
	open []*openPane
}

// openPane is a pane, unpacked.
type openPane struct {
	first  uint64
	points []point
	memory [paneRows]point
}

func (o *openPane) has(number uint64) bool { return number-o.first < uint64(len(o.points)) }

func (s *sealed) isEmpty() bool { return len(s.panes) == 0 }

// first is the number of the oldest sample, newest the time of the newest.
func (s *sealed) first() uint64 { return s.panes[0].first }
func (s *sealed) newest() int64 { return s.panes[len(s.panes)-1].newest }

// add packs samples that come after all others.
func (s *sealed) add(first uint64, points []point) {
	s.panes = append(s.panes, packPane(first, points))
}

// at returns the sample with a number.
func (s *sealed) at(number uint64, reader int) point {
	o := s.reader(reader)
	if !o.has(number) {
		s.unpack(o, sort.Search(len(s.panes), func(i int) bool { return s.panes[i].first > number })-1)
	}
	return o.points[number-o.first]
}

// after returns the number of the first sample newer than t; there is one.
func (s *sealed) after(t int64, reader int) uint64 {
	o := s.reader(reader)
	s.unpack(o, sort.Search(len(s.panes), func(i int) bool { return s.panes[i].newest > t }))
	i := sort.Search(len(o.points), func(i int) bool { return o.points[i].time > t })
	return o.first + uint64(i)
}

func (s *sealed) reader(number int) *openPane {
	for number >= len(s.open) {
		s.open = append(s.open, nil)
	}
	if s.open[number] == nil {
		s.open[number] = new(openPane)
	}
	return s.open[number]
}

func (s *sealed) unpack(o *openPane, number int) {
	p := &s.panes[number]
	o.first, o.points = p.first, p.unpack(&o.memory)
}

// forget lets go of the panes that are older than a time, and reports whether none is left.
func (s *sealed) forget(limit int64) (none bool) {
	n := sort.Search(len(s.panes), func(i int) bool { return s.panes[i].newest > limit })
	clear(s.panes[:n])
	s.panes = s.panes[n:] // what is before is freed when the list next grows
	return len(s.panes) == 0
}

// reopen takes out the panes that reach beyond a time, and returns their samples, those that are absent
// included.
func (s *sealed) reopen(limit int64) (points []point) {
	n := sort.Search(len(s.panes), func(i int) bool { return s.panes[i].newest >= limit })
	for i := n; i < len(s.panes); i++ {
		var memory [paneRows]point
		points = append(points, s.panes[i].unpack(&memory)...)
	}
	clear(s.panes[n:])
	s.panes, s.open = s.panes[:n], nil // numbers will be given anew
	return points
}
