package rules

import (
	"fmt"
	"math"
	"time"

	"github.com/neuroweaver/heddle/rules/detect"
	"github.com/neuroweaver/heddle/rules/window"
)

// detail says what the detector of a shifted knows: the evidence, since when, the size of the shift with
// its confidence interval, and the past it is compared with.
func (t *term) detail(r detect.Report) string {
	if !r.Learned {
		if r.Hours < r.NeededHours {
			return fmt.Sprintf("there are %.1f hours of past of the %g that it takes", r.Hours, r.NeededHours)
		}
		return "the past leaves nothing to bet on: too few observations, no bound that all senders have, or as bad as it can be"
	}
	past := fmt.Sprintf("%s in the past, %s tolerated", t.amount(r.Past), t.amount(r.Limit))
	if r.Since == 0 {
		return fmt.Sprintf("no evidence, of %.1f nats; %s%s", r.Needed, past, t.where(r))
	}
	return fmt.Sprintf("evidence %.1f of %.1f nats, since %s: %s, %s",
		r.Evidence, r.Needed, time.UnixMilli(r.Since).UTC().Format("2006-01-02 15:04:05"), t.size(r), past)
}

// size is the shift with its interval: "12% (10% to 14%) of 800".
func (t *term) size(r detect.Report) string {
	if t.plan.Kind == detect.Gauge {
		return fmt.Sprintf("%s on average in %.0f blocks", t.amount(r.Now), r.Samples)
	}
	return fmt.Sprintf("%s (%s to %s) of %.0f%s", t.amount(r.Now), t.amount(r.Low), t.amount(r.High), r.Samples, t.where(r))
}

// where is beyond which bound of a histogram the observations lie.
func (t *term) where(r detect.Report) string {
	switch {
	case t.plan.Kind != detect.Histogram:
		return ""
	case t.plan.Down:
		return " at most " + formatNumber(r.Bound)
	}
	return " over " + formatNumber(r.Bound)
}

func (t *term) amount(v float64) string {
	if t.plan.Kind == detect.Gauge {
		return formatNumber(v)
	}
	return fmt.Sprintf("%.3g%%", 100*v)
}

// shiftReason is the reason that a shifted gives: what has moved how far where it is true.
func (n *node) shiftReason(f *facts) string {
	truth := n.truth(f)
	if truth != True || n.detector >= len(f.detectors) {
		return n.text + " is " + truth.String()
	}
	r := f.detectors[n.detector].Report()
	return n.text + ": " + n.shift.detail(r)
}

// measured is a shifted as a value with what it is compared with: what it is since the evidence began, or else
// in the past, and what is tolerated.
func (t *term) measured(v window.Result, r detect.Report) Term {
	made := Term{Text: t.text, Known: v.Known && r.Learned, Samples: int(min(r.Samples, math.MaxInt32))}
	if !made.Known {
		return made
	}
	made.Op, made.Value, made.Threshold = ">", r.Past, r.Limit
	if t.plan.Down && t.plan.Kind != detect.Histogram {
		made.Op = "<"
	}
	if r.Since != 0 {
		made.Value = r.Now
	}
	return made
}
