package rules

import (
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"

	"github.com/neuroweaver/heddle/rules/detect"
	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/rules/window"
	"github.com/neuroweaver/heddle/tsdb"
)

// shifted compiles shifted(m, up|down, X) and shifted(a / b, up|down, X).
func (c *compiler) shifted(p place, e *syntax.Call) *node {
	amount := e.Args[2].(*syntax.Number)
	t := term{text: syntax.FormatExpr(e), function: functionShifted, plan: detect.Plan{
		Down: e.Args[1].(*syntax.Ref).Name == "down", Tolerance: amount.Value, Relative: amount.Unit == syntax.Percent,
	}}
	if quotient, ok := e.Args[0].(*syntax.Binary); ok {
		a := c.vocabulary.metric(p.file, quotient.X.(*syntax.Ref).Name)
		b := c.vocabulary.metric(p.file, quotient.Y.(*syntax.Ref).Name)
		t.slot, t.divisor = p.scope.slot(a), p.scope.slot(b)
		t.kind, t.plan.Kind, t.plan.Part = a.kind, detect.Share, a.isPartOf(b)
	} else {
		m := c.vocabulary.metric(p.file, e.Args[0].(*syntax.Ref).Name)
		t.slot, t.kind, t.plan.Kind = p.scope.slot(m), m.kind, detect.Gauge
		if m.kind == syntax.Histogram {
			t.plan.Kind = detect.Histogram
		}
	}
	number := c.add(p.scope, t)
	if !slices.Contains(p.scope.shifts, number) {
		p.scope.shifts = append(p.scope.shifts, number)
	}
	return &node{kind: nodeShifted, shift: &t, term: number, detector: slices.Index(p.scope.shifts, number), text: t.text}
}

// defaultAlarmsPerMS is one false alarm a year, where no file says `alarms`.
const defaultAlarmsPerMS = 1.0 / (365 * 24 * 3600 * 1000)

// alarms is how many false alarms the load allows in a millisecond.
func (c *compiler) alarms() float64 {
	for _, d := range c.declarations() {
		if a, ok := d.(*syntax.Alarms); ok {
			return a.Count.Value / (float64(a.Per.Value()) / 1e6)
		}
	}
	return defaultAlarmsPerMS
}

// watch gives a new subject its detectors.
func (s *subject) watch() {
	for _, number := range s.group.scope.shifts {
		s.detectors = append(s.detectors, detect.New(&s.group.scope.terms[number].plan, s.group.budget))
		s.group.budget.Streams++
	}
	s.unlearned = s.group.learns && len(s.detectors) > 0
}

// look asks the detectors, at a time of the server's clock.
func (s *subject) look(now int64) {
	for i, number := range s.group.scope.shifts {
		if s.values[number] = (window.Result{}); s.unlearned {
			continue
		}
		shifted, known := s.detectors[i].Shifted(now)
		s.values[number] = window.Result{Known: known}
		if shifted {
			s.values[number].Value = 1
		}
	}
}

// feed turns the samples of one series into what detectors count. What is not newer than all before it
// is left out: a late sample of a counter says nothing that the newer one did not, and a doubled one says
// nothing at all.
type feed struct {
	newest int64
	heard  bool
	growth detect.Growth
	native detect.NativeGrowth
	taps   []tap
	// reading is where the samples are kept while the past of some of the detectors is read; else nil.
	reading *reading
}

// tap is one detector that a series is counted by.
type tap struct {
	detector *detect.Detector
	subject  *subject // whose detector it is; nil in a reading
	as       tapRole
	bound    float64 // of a bucket: the upper one
	cell     int     // of a bucket, in the detector
}

// settle finds the cell of a bucket in a detector that is new to the tap.
func (t *tap) settle() {
	if t.as == tapBucket {
		t.cell = t.detector.Bound(t.bound)
	}
}

// settle finds the cells of all taps again, of which some count for detectors that have become others.
func (f *feed) settle() {
	for i := range f.taps {
		f.taps[i].settle()
	}
}

// tapRole is what a series is to a detector.
type tapRole uint8

const (
	tapPart   tapRole = iota // the first counter of a share
	tapWhole                 // the second
	tapBucket                // a bucket of a classic histogram
	tapNative                // a native histogram
	tapValue                 // a gauge
)

// join adds the detectors of a subject that count a series in a role; on nil it makes the feed with the
// first of them.
func (f *feed) join(s *subject, slot int, r role, native bool, place float64) *feed {
	for i, number := range s.group.scope.shifts {
		t := &s.group.scope.terms[number]
		made := tap{detector: s.detectors[i], subject: s}
		switch {
		case t.plan.Kind == detect.Share && t.slot == slot && t.divisor == slot:
			continue // a thing is all of itself
		case t.plan.Kind == detect.Share && t.slot == slot:
			made.as = tapPart
		case t.plan.Kind == detect.Share && t.divisor == slot:
			made.as = tapWhole
		case t.slot != slot || t.plan.Kind == detect.Share:
			continue
		case t.plan.Kind == detect.Gauge:
			made.as = tapValue
		case native:
			made.as = tapNative
		case r.part == partBucket:
			made.as, made.bound = tapBucket, place
			made.settle()
		default:
			continue // the quantiles, sum and count say nothing of the observations' distribution
		}
		if f == nil {
			f = new(feed)
		}
		if s.reading != nil {
			f.reading = s.reading
		}
		f.taps = append(f.taps, made)
	}
	return f
}

// tell gives a sample of a row to the detectors that count its series.
func (tr *tracked) tell(r *tsdb.Row, i int, nowMS int64) {
	for n := range tr.targets {
		if f := tr.targets[n].feed; f != nil {
			var h *histogram.FloatHistogram
			if r.Histograms != nil {
				h = r.Histograms[i]
			}
			f.add(r.TimeMS, r.Values[i], h, nowMS)
		}
	}
}

// add gives a sample to the detectors, but not to those that have not been given their past: it is read with that, or
// kept. NaN, and with it a stale marker, is no sample.
func (f *feed) add(t int64, v float64, h *histogram.FloatHistogram, nowMS int64) {
	if f.reading != nil {
		f.reading.keep(f, t, v, h, nowMS)
	}
	if f.heard && t <= f.newest || h == nil && (math.IsNaN(v) || math.IsInf(v, 0)) || h != nil && math.IsNaN(h.Sum) {
		return
	}
	f.newest, f.heard = t, true
	var grown *histogram.FloatHistogram
	growth, ok := 0.0, true
	switch {
	case h != nil:
		grown = f.native.Add(h)
		ok = grown != nil
	case f.taps[0].as != tapValue: // a metric has one kind
		growth, ok = f.growth.Add(v)
	}
	if !ok {
		return
	}
	at := detect.At(t, nowMS)
	for i := range f.taps {
		to := &f.taps[i]
		if to.subject != nil && to.subject.unlearned {
			continue
		}
		to.detector.Advance(at)
		switch to.as {
		case tapPart:
			to.detector.AddPart(growth)
		case tapWhole:
			to.detector.AddWhole(growth)
		case tapBucket:
			to.detector.AddBelow(to.cell, growth)
		case tapNative:
			if grown != nil {
				to.detector.AddNative(grown)
			}
		case tapValue:
			to.detector.AddValue(v)
		}
	}
}
