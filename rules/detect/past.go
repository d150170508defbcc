package detect

import "math"

// past is what was normal: counts by time of day, in parts of three hours of UTC. In each part, a day that
// comes counts twice as much as the day before it, so that what is normal may change slowly.
type past struct {
	parts [dayParts]part
	// present is what came in the hour that is not over. It becomes past with its end, unless there was
	// doubt in it.
	present        []float64
	hour           int64 // since the epoch
	began, ended   int64 // first and last block of it, in milliseconds
	doubted        bool
	presentLeast   float64
	presentStarted bool
}

type part struct {
	cells []float32
	// hours is how much time is behind the counts, with the weights that they have.
	hours float32
	// least is the smallest value of a gauge.
	least float64
	day   int64 // the latest that counts, since the epoch
	days  int   // that have counted
}

const (
	dayParts  = 8
	partHours = 24 / dayParts
	hourMS    = 3600_000
	// enoughHours is how much time the past must hold before it is one: a quarter of a day.
	enoughHours = 6
	// enoughCount is how many observations it must hold, and a part of the day to count by itself.
	enoughCount = 100
	// enoughDays is on how many days a time of day must have been seen before it is compared with itself alone.
	enoughDays = 3
)

// Reach is how far back a detector has to be shown samples to be as if it had always seen them, in
// milliseconds: a day of past before the longest shift.
const Reach = longestShift + 24*hourMS

// longestShift is after how long a shift is the new normal: three days, so that it outlasts a weekend.
const longestShift = 3 * 24 * hourMS

// take adds a block, which began at a time, to the present hour. It reports whether the past has changed,
// or another part of the day has begun.
func (p *past) take(block []float64, least float64, at int64) (changed bool) {
	if hour := at / hourMS; !p.presentStarted || hour != p.hour {
		changed = p.admit()
		p.hour, p.began, p.presentStarted = hour, at, true
		p.presentLeast = math.Inf(1)
	}
	p.ended = at
	p.presentLeast = min(p.presentLeast, least)
	for len(p.present) < len(block) {
		p.present = append(p.present, 0)
	}
	for i, v := range block {
		p.present[i] += v
	}
	return changed
}

// admit ends the present hour.
func (p *past) admit() (admitted bool) {
	if p.presentStarted && !p.doubted {
		to := &p.parts[p.hour%24/partHours]
		if day := p.hour / 24; day != to.day || to.days == 0 {
			if to.days > 0 {
				to.fade()
			}
			to.day = day
			to.days++
		}
		to.merge(p.present, p.presentLeast)
		to.hours += float32(p.ended-p.began+blockMS) / hourMS
	}
	clear(p.present)
	p.doubted = false
	return p.presentStarted
}

// fade halves what counts.
func (a *part) fade() {
	for i := range a.cells {
		a.cells[i] /= 2
	}
	a.hours /= 2
}

func (a *part) merge(cells []float64, least float64) {
	if a.cells == nil {
		a.least = math.Inf(1)
	}
	for len(a.cells) < len(cells) {
		a.cells = append(a.cells, 0)
	}
	for i, v := range cells {
		a.cells[i] += float32(v)
	}
	a.least = min(a.least, least)
}

// count is how many observations a part has.
func (a *part) count() float32 {
	if len(a.cells) == 0 {
		return 0
	}
	return a.cells[cellAll]
}

// whole is all parts together.
func (p *past) whole() (all part) {
	for i := range p.parts {
		if a := &p.parts[i]; a.cells != nil {
			cells := make([]float64, len(a.cells))
			for j, v := range a.cells {
				cells[j] = float64(v)
			}
			all.merge(cells, a.least)
			all.hours += a.hours
		}
	}
	return all
}

// laws are what the present is compared with: this time of day and those beside it where they are known well
// enough; else the whole past and all of its parts.
type laws struct {
	whole *part // nil: the parts alone count
	parts []part
}

// all gives the parts and the whole.
func (l *laws) all() (all []*part) {
	if l.whole != nil {
		all = append(all, l.whole)
	}
	for i := range l.parts {
		all = append(all, &l.parts[i])
	}
	return all
}

// laws returns nil where there is too little past.
func (p *past) laws() *laws {
	whole := p.whole()
	if whole.hours < enoughHours || whole.count() < enoughCount {
		return nil
	}
	now := int(p.hour % 24 / partHours)
	known := laws{}
	for _, i := range [3]int{(now + dayParts - 1) % dayParts, now, (now + 1) % dayParts} {
		if a := p.parts[i]; a.days >= enoughDays && a.count() >= enoughCount {
			known.parts = append(known.parts, a)
		}
	}
	if len(known.parts) == 3 {
		return &known
	}
	all := laws{whole: &whole}
	for _, a := range p.parts {
		if a.count() >= enoughCount {
			all.parts = append(all.parts, a)
		}
	}
	return &all
}

// insert gives a new cell what the one at from has, which counts the same observations or fewer, or more.
func (p *past) insert(cell, from int) {
	for i := range p.parts {
		if a := &p.parts[i]; a.cells != nil {
			for len(a.cells) <= cell {
				a.cells = append(a.cells, 0)
			}
			if from >= 0 {
				a.cells[cell] = a.cells[from]
			}
		}
	}
	for len(p.present) <= cell {
		p.present = append(p.present, 0)
	}
	if from >= 0 {
		p.present[cell] = p.present[from]
	}
}
