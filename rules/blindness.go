package rules

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/rules/window"
)

// Blindness is a reason why a rule cannot see what it is written for, found by comparing the rule with
// data.
type Blindness struct {
	// Rule and Position say which rule, Problem what is wrong, and Hint what to do.
	Rule, Position, Problem, Hint string
}

func (b Blindness) String() string {
	return fmt.Sprintf("%s: rule %s: %s; %s", b.Position, b.Rule, b.Problem, b.Hint)
}

// FindBlindness compares the rules of a program with what a store has had up to now: metrics that do
// not exist or stopped, a `where` that takes nothing, samples too rare for a window, thresholds
// outside the buckets of a histogram, quantiles that a summary does not have, labels that are missing.
func FindBlindness(ctx context.Context, p *Program, store storage.Queryable, now time.Time) ([]Blindness, error) {
	e := NewEngine(Options{Store: until{store, now.UnixMilli()}})
	if err := e.Load(ctx, p, nil, now); err != nil {
		return nil, err
	}
	seen := &sighted{ctx: ctx, store: store, now: now, byName: map[string][]labels.Labels{}}
	for _, name := range p.SeriesNames() {
		if err := seen.look(name); err != nil {
			return nil, err
		}
	}
	var found []Blindness
	for _, r := range p.rules {
		l := look{rule: r, seen: seen, now: now.UnixMilli()}
		for _, g := range e.force.groups {
			if g.scope == r.scope {
				for _, s := range g.byKey {
					l.subjects = append(l.subjects, s)
				}
			}
		}
		slices.SortFunc(l.subjects, func(a, b *subject) int { return labels.Compare(a.labels, b.labels) })
		found = append(found, l.all()...)
	}
	return found, seen.err
}

// BlindnessOf is what FindBlindness finds of one rule, as text.
func BlindnessOf(ctx context.Context, p *Program, store storage.Queryable, rule string, now time.Time) ([]string, error) {
	found, err := FindBlindness(ctx, p, store, now)
	texts := []string{}
	for _, b := range found {
		if b.Rule == rule {
			texts = append(texts, b.String())
		}
	}
	return texts, err
}

// look is the comparison of one rule with the data.
type look struct {
	rule     *rule
	seen     *sighted
	subjects []*subject
	now      int64
	found    []Blindness
}

func (l *look) report(hint, format string, args ...any) {
	b := Blindness{Rule: l.rule.info.Name, Position: l.rule.info.Position, Problem: fmt.Sprintf(format, args...), Hint: hint}
	if !slices.Contains(l.found, b) {
		l.found = append(l.found, b)
	}
}

func (l *look) all() []Blindness {
	for _, slot := range l.rule.needs {
		l.metric(slot)
	}
	for _, root := range []*node{l.rule.when, l.rule.require, l.rule.recover} {
		root.walk(func(n *node) {
			switch {
			case n.kind == nodeTerm:
				l.window(&l.rule.scope.terms[n.term])
				l.summary(&l.rule.scope.terms[n.term])
			case n.kind == nodeCompare:
				for _, sides := range [][2]*node{{n.x, n.y}, {n.y, n.x}} {
					if limit, constant := sides[1].constant(); constant && sides[0].kind == nodeTerm {
						l.threshold(&l.rule.scope.terms[sides[0].term], limit)
					}
				}
			}
		})
	}
	return l.found
}

// metric looks for the series of a metric.
func (l *look) metric(slot int) {
	m := l.rule.scope.metrics[slot]
	clock, any := l.newest(slot)
	switch {
	case any:
		if age := clock.Age(clock.Newest(), l.now); age > max(4*clock.Interval(), firstAbsenceMS) {
			l.report("see whether its sender still runs", "%s has stopped %s ago", m.name, formatDuration((time.Duration(age) * time.Millisecond).Round(time.Second)))
		}
	case len(l.seen.of(m)) == 0:
		l.report(l.seen.similar(m), "no series of the metric %s exists: %q", m.name, m.sources)
	case !slices.ContainsFunc(l.seen.of(m), m.takes):
		l.report(l.seen.values(m), "series of %s exist, but none that its where takes", m.name)
	default:
		l.report("its series have the labels "+quoteList(l.seen.labels(m)), "series of %s exist, but none with the labels %q", m.name, l.rule.scope.on)
	}
}

// firstAbsenceMS is how long a metric must be away to have stopped.
const firstAbsenceMS = 5 * 60 * 1000

// newest returns the clock of the group of the metric that spoke last.
func (l *look) newest(slot int) (newest *window.Clock, any bool) {
	for _, s := range l.subjects {
		for clock := range s.inputs[slot].clocks {
			if newest == nil || clock.Newest() > newest.Newest() {
				newest = clock
			}
		}
	}
	return newest, newest != nil
}

// window looks whether the samples are close enough for a window: a rate needs two of them, and a
// late one more.
func (l *look) window(t *term) {
	if t.function == functionAge || t.function == functionEwma {
		return
	}
	clock, any := l.newest(t.slot)
	if !any || clock.Interval() == 0 {
		return
	}
	width := l.rule.scope.metrics[t.slot].specs[t.spec].Width
	if least := 2 * clock.Interval(); width < least {
		l.report("make the window at least four times as long as the time between samples",
			"%s looks at %s, but a sample comes only every %s", t.text,
			formatDuration(time.Duration(width)*time.Millisecond), formatDuration(time.Duration(clock.Interval())*time.Millisecond))
	}
}

// summary looks whether a metric that arrives as a summary has what is asked of it.
func (l *look) summary(t *term) {
	if t.kind != syntax.Histogram || t.function != functionQuantile && t.function != functionAbove {
		return
	}
	for _, s := range l.subjects {
		h := s.inputs[t.slot].histogram
		switch {
		case h == nil || !h.onlySummary():
		case t.function == functionAbove:
			l.report("ask for one of its quantiles, or send the metric as a histogram",
				"%s: %s arrives as a summary, which does not tell the share over a value", t.text, l.rule.scope.metrics[t.slot].name)
		case !h.summary.Has(t.argument):
			l.report("ask for one of these, or send the metric as a histogram",
				"%s: %s arrives as a summary, with the quantiles %v", t.text, l.rule.scope.metrics[t.slot].name, slices.Sorted(slices.Values(h.summary.Quantiles())))
		}
	}
}

// threshold looks whether a histogram can tell apart what is below and above a threshold.
func (l *look) threshold(t *term, limit float64) {
	if t.kind != syntax.Histogram || t.function != functionQuantile && t.function != functionAbove {
		return
	}
	if t.function == functionAbove {
		limit = t.argument
	}
	for _, s := range l.subjects {
		h := s.inputs[t.slot].histogram
		if h == nil || len(h.native) > 0 || len(h.classic.Buckets) < 2 {
			continue
		}
		first, last := h.classic.Buckets[0].Upper, h.classic.Buckets[len(h.classic.Buckets)-2].Upper
		switch {
		case limit < first:
			l.report("add buckets below it, or compare with a bound that exists",
				"%s is compared with %s, under the first bucket of the histogram, which reaches to %s", t.text, formatNumber(limit), formatNumber(first))
		case limit >= last:
			l.report("add buckets above it, or compare with a bound that exists",
				"%s is compared with %s, but the last bucket of the histogram with a bound reaches to %s: it never shows more", t.text, formatNumber(limit), formatNumber(last))
		}
	}
}
