package rules

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/rules/window"
)

// baseline is the median of what an expression was at this time of day on the days before. Rules on the
// same labels that ask the same share it. Of the past it needs no samples: each instance keeps what the
// expression was at every quarter of an hour (see past).
type baseline struct {
	expression *node
	days       int
	lag        time.Duration // of an ago around it
	// key is equal for baselines that mean the same, also in another program.
	key string
}

// quarter is how finely the past is kept: the time of day is the nearest quarter of an hour, because what a
// baseline is for, the course of a day, moves in hours, and 28 days are 2688 numbers, 22 KiB.
const quarter = 15 * time.Minute

const (
	quarterMS      = int64(quarter / time.Millisecond)
	quartersPerDay = int64(24 * time.Hour / quarter)
)

// baseline compiles a call and adds it to the scope.
func (c *compiler) baseline(p place, e *syntax.Call) *node {
	const day = 24 * time.Hour
	inner := place{p.scope, p.file, 0} // the past is kept without lag, and looked up with it
	b := &baseline{expression: c.expression(inner, e.Args[0]), days: max(1, int(duration(e.Args[1])/day)), lag: p.lag}
	var key strings.Builder
	key.WriteString(b.expression.text)
	b.expression.walk(func(n *node) {
		if n.kind == nodeTerm {
			t := p.scope.terms[n.term]
			key.WriteString("\n" + p.scope.metrics[t.slot].key())
			if t.function == functionRatio {
				key.WriteString("\n" + p.scope.metrics[t.divisor].key())
			}
		}
	})
	b.key = key.String()
	n := &node{kind: nodeBaseline, text: syntax.FormatExpr(e), x: b.expression}
	if b.lag > 0 {
		n.text = "ago(" + n.text + ", " + formatDuration(b.lag) + ")"
	}
	n.term = slices.IndexFunc(p.scope.baselines, func(o *baseline) bool { return o.key == b.key && o.days == b.days && o.lag == b.lag })
	if n.term < 0 {
		n.term = len(p.scope.baselines)
		p.scope.baselines = append(p.scope.baselines, b)
	}
	return n
}

// quarters is how many values an instance keeps.
func (b *baseline) quarters() int64 {
	return int64(b.days)*quartersPerDay + (b.lag.Milliseconds()+quarterMS-1)/quarterMS
}

// past is what a baseline's expression was, for one instance: for each quarter of an hour, its value as it
// stood when the quarter began, as the last evaluation before had found it.
type past struct {
	days []*pastDay // a ring by number of day, long enough for all that the baseline looks at
	// complete: what the store has of the time before the instance was met is there, too. Until then the
	// baseline is unknown.
	complete bool
	usual    window.Result // the baseline at the quarter usualAt
	usualAt  int64
	changed  bool // since usual was found
}

// pastDay has the values of one day, NaN where unknown. Days and quarters are counted from 1970.
type pastDay struct {
	number int64
	values [quartersPerDay]float64
}

func newPast(b *baseline) *past {
	return &past{days: make([]*pastDay, b.quarters()/quartersPerDay+2), changed: true}
}

// day returns where a day is, or would be.
func (p *past) day(number int64) **pastDay {
	n := int64(len(p.days))
	return &p.days[(number%n+n)%n]
}

// set enters the value at a quarter, unless there is one, or newer ones have taken its place.
func (p *past) set(at int64, v float64) {
	number := floorDiv(at, quartersPerDay)
	day := p.day(number)
	if *day == nil || (*day).number < number {
		*day = &pastDay{number: number}
		for i := range (*day).values {
			(*day).values[i] = math.NaN()
		}
	}
	if known := &(*day).values[at-number*quartersPerDay]; (*day).number == number && *known != *known {
		*known, p.changed = v, true
	}
}

// at returns the value at a quarter, NaN where unknown.
func (p *past) at(at int64) float64 {
	number := floorDiv(at, quartersPerDay)
	if day := *p.day(number); day != nil && day.number == number {
		return day.values[at-number*quartersPerDay]
	}
	return math.NaN()
}

// measure finds the baseline at a time, in milliseconds: the median of the days that are known; of an even number
// it is the mean of the middle two.
func (p *past) measure(b *baseline, timeMS int64) {
	now := floorDiv(timeMS-b.lag.Milliseconds()+quarterMS/2, quarterMS)
	if now == p.usualAt && !p.changed {
		return
	}
	p.usual, p.usualAt, p.changed = window.Result{}, now, false
	if !p.complete {
		p.changed = true
		return
	}
	values := make([]float64, 0, b.days)
	for day := range int64(b.days) {
		if v := p.at(now - (day+1)*quartersPerDay); v == v {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return
	}
	slices.Sort(values)
	low, high := values[(len(values)-1)/2], values[len(values)/2]
	p.usual = window.Result{Value: low + (high-low)/2, Known: true, Samples: int32(len(values))}
}

// floorDiv divides and rounds down.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// awaitPast gives a new subject its pasts: empty, and waiting for the store where there is one, as its detectors do.
func (s *subject) awaitPast() {
	g := s.group
	for _, b := range g.scope.baselines {
		s.pasts = append(s.pasts, newPast(b))
		s.pasts[len(s.pasts)-1].complete = !g.recalls
	}
	if g.recalls && len(s.pasts) > 0 || s.unlearned {
		g.waiting = append(g.waiting, s)
	}
}

// remember keeps what the baselines' expressions are, if a quarter of an hour begins between the latest
// evaluation, whose values the subject still has, and now (server's time, in milliseconds). Quarters are
// those of the subject's own clock.
func (s *subject) remember(nowMS int64) {
	if len(s.pasts) == 0 {
		return // most have none, and every sample comes by here
	}
	clock := s.clock()
	if clock == nil {
		return
	}
	endMS := clock.End(nowMS)
	now := floorDiv(endMS, quarterMS)
	first, since := s.quarter+1, s.endMS
	s.quarter, s.endMS = now, endMS
	if since == 0 || first > now {
		return
	}
	// A value stands until the next sample; one that did not come for so long leaves a gap.
	last := min(now, floorDiv(since+max(quarterMS, 3*clock.Interval()), quarterMS))
	f := facts{values: s.values, labels: s.labels}
	for i, b := range s.group.scope.baselines {
		if v, known := b.expression.value(&f); known {
			for at := first; at <= last; at++ {
				s.pasts[i].set(at, v)
			}
		}
	}
}

// lookBack finds the baselines for the subject's present time of day.
func (s *subject) lookBack() {
	for i, b := range s.group.scope.baselines {
		s.pasts[i].measure(b, s.endMS)
	}
}

// takeOver keeps the past of baselines that the program before had as well.
func (s *subject) takeOver(old *subject) {
	for i, b := range s.group.scope.baselines {
		for k, o := range old.group.scope.baselines {
			if o.key == b.key && o.days == b.days && o.lag == b.lag && old.pasts[k].complete {
				s.pasts[i] = old.pasts[k]
				s.pasts[i].changed = true
				s.quarter, s.endMS = old.quarter, old.endMS
				break
			}
		}
	}
}
