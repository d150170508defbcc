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
// expression was at every mark, five minutes apart (see past).
type baseline struct {
	expression *node
	days       int
	lag        time.Duration // of an ago around it
	// key is equal for baselines that mean the same, also in another program.
	key string
}

// markEvery is how finely the past is kept. Between two marks the value is taken to go straight from one to the
// other, as that of a window of five minutes or more does even where its metric jumps; and rolled-up samples, of
// buckets of five minutes, are right at the marks. 28 days are 8064 numbers, 63 KiB.
const markEvery = 5 * time.Minute

const (
	markMS      = int64(markEvery / time.Millisecond)
	marksPerDay = int64(24 * time.Hour / markEvery)
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

// marks is how many values an instance keeps.
func (b *baseline) marks() int64 {
	return int64(b.days)*marksPerDay + (b.lag.Milliseconds()+markMS-1)/markMS
}

// recalled is how many values are read from the store: some more, because a group's own time may be behind the
// server's, up to which they are read.
func (b *baseline) recalled() int64 { return b.marks() + behindMarks }

// behindMarks is an hour: twice the time that samples may come late.
const behindMarks = int64(time.Hour / markEvery)

// past is what a baseline's expression was, for one instance: for each mark its value as it stood then, as the
// last evaluation before had found it.
type past struct {
	days []*pastDay // a ring by number of day, long enough for all that the baseline looks at
	// complete: what the store has of the time before the instance was met is there, too. Until then the
	// baseline is unknown.
	complete bool
	usual    window.Result // the baseline at usualAt, in milliseconds
	usualAt  int64
	changed  bool // since usual was found
}

// pastDay has the values of one day, NaN where unknown. Days and marks are counted from 1970.
type pastDay struct {
	number int64
	values [marksPerDay]float64
}

func newPast(b *baseline) *past {
	return &past{days: make([]*pastDay, b.marks()/marksPerDay+2), changed: true}
}

// day returns where a day is, or would be.
func (p *past) day(number int64) **pastDay {
	n := int64(len(p.days))
	return &p.days[(number%n+n)%n]
}

// set enters the value at a mark, unless there is one, or newer ones have taken its place.
func (p *past) set(at int64, v float64) {
	number := floorDiv(at, marksPerDay)
	day := p.day(number)
	if *day == nil || (*day).number < number {
		*day = &pastDay{number: number}
		for i := range (*day).values {
			(*day).values[i] = math.NaN()
		}
	}
	if known := &(*day).values[at-number*marksPerDay]; (*day).number == number && *known != *known {
		*known, p.changed = v, true
	}
}

// at returns the value at a mark, NaN where unknown.
func (p *past) at(at int64) float64 {
	number := floorDiv(at, marksPerDay)
	if day := *p.day(number); day != nil && day.number == number {
		return day.values[at-number*marksPerDay]
	}
	return math.NaN()
}

// between returns the value at a time that is the part toNext of the way from a mark to the next one; NaN where
// it is unknown at both.
func (p *past) between(mark int64, toNext float64) float64 {
	before := p.at(mark)
	if toNext == 0 {
		return before
	}
	after := p.at(mark + 1)
	switch {
	case before != before:
		return after
	case after != after:
		return before
	}
	return before*(1-toNext) + after*toNext
}

// mostDays bounds the days of a baseline; the checker of rules allows no more.
const mostDays = 90

// measure finds the baseline at a time, in milliseconds: the median of the days that are known; of an even number
// it is the mean of the middle two.
func (p *past) measure(b *baseline, timeMS int64) {
	if timeMS == p.usualAt && !p.changed {
		return
	}
	p.usual, p.usualAt, p.changed = window.Result{}, timeMS, false
	if !p.complete {
		p.changed = true
		return
	}
	timeMS -= b.lag.Milliseconds()
	mark := floorDiv(timeMS, markMS)
	toNext := float64(timeMS-mark*markMS) / float64(markMS)
	var buffer [mostDays]float64
	values := buffer[:0]
	for day := range int64(b.days) {
		if v := p.between(mark-(day+1)*marksPerDay, toNext); v == v {
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

// remember keeps what the baselines' expressions are, if there is a mark between the latest evaluation, whose
// values the subject still has, and now (server's time, in milliseconds). Marks are those of the subject's own
// clock.
func (s *subject) remember(nowMS int64) {
	if len(s.pasts) == 0 {
		return // most have none, and every sample comes by here
	}
	clock := s.clock()
	if clock == nil {
		return
	}
	endMS := clock.End(nowMS)
	now := floorDiv(endMS, markMS)
	first, since := s.mark+1, s.endMS
	s.mark, s.endMS = now, endMS
	if since == 0 || first > now {
		return
	}
	// A value stands until the next sample; one that did not come for so long leaves a gap.
	last := min(now, floorDiv(since+max(markMS, 3*clock.Interval()), markMS))
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
				s.mark, s.endMS = old.mark, old.endMS
				break
			}
		}
	}
}
