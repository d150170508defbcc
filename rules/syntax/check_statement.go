package syntax

import (
	"fmt"
	"slices"
	"time"
)

// maxTestSamples bounds the work of one test: a week of samples every second for one series.
const maxTestSamples = 1_000_000

func (c *checker) test(t *Test) {
	if first, ok := c.titles[t.Title.Value]; ok && !t.broken {
		c.reportf(t.Title.Span, fmt.Sprintf("first used at %s:%s", c.file.Name, first.Start), "two tests have the same name")
	}
	c.titles[t.Title.Value] = t.Title.Span
	interval := 5 * time.Second
	var every *Every
	for _, s := range t.Statements {
		if s.trivia().broken {
			continue
		}
		switch s := s.(type) {
		case *Every:
			if every != nil {
				c.reportf(s.Span, fmt.Sprintf("first given at %s:%s", c.file.Name, every.Start), "every is given twice")
			}
			every = s
			if s.Interval.Nanos < int64(time.Millisecond) {
				c.reportf(s.Interval.Span, "", "samples are at least 1ms apart")
			} else {
				interval = s.Interval.Value()
			}
		case *Stimulus:
			c.stimulus(s, interval)
		case *At:
			c.expectation(s, interval)
		}
	}
}

func (c *checker) stimulus(s *Stimulus, interval time.Duration) {
	c.exact(s.Matchers)
	if s.Verb.Text != "is" && s.Verb.Text != "counts" {
		c.word(s.Verb, `"is" or "counts"`, "is", "counts")
		return
	}
	switch d := c.lookup(c.file, s.Metric.Text).node.(type) {
	case *Let:
		c.reportf(s.Metric.Span, "say what its metrics do", "%q is a let, not a metric", d.Name.Text)
	case *Metric:
		kind := metricKinds[d.Kind.Text]
		if (kind == Counter) != (s.Verb.Text == "counts") && kind != 0 {
			want := map[bool]string{true: "counts 10/s", false: "is 0.4s"}[kind == Counter]
			c.reportf(s.Verb.Span, "write: "+s.Metric.Text+" "+want+" for 5m", "%q is a %s", s.Metric.Text, kind)
		}
	}
	var total time.Duration
	for i, segment := range s.Segments {
		c.segment(s, segment, i == len(s.Segments)-1)
		if segment.For != nil {
			total += min(segment.For.Value(), 1<<61)
		}
		if total/interval > maxTestSamples {
			c.reportf(segment.Span, "write a longer interval, such as: every 1m", "more than %d samples for one series", maxTestSamples)
			return
		}
	}
}

func (c *checker) segment(s *Stimulus, segment Segment, last bool) {
	counts := s.Verb.Text == "counts"
	switch {
	case segment.Kind == Rate && !counts:
		c.reportf(segment.Span, `write "counts" for a counter`, `"is" takes a value, not a rate`)
	case segment.Kind == Value && counts && segment.From.Text != blank:
		c.reportf(segment.Span, fmt.Sprintf("did you mean %q?", segment.From.Text+"/s"), `"counts" takes a rate`)
	case segment.Kind == Reset && !counts:
		c.reportf(segment.Span, "", "only a counter can be reset")
	case segment.Kind == Rate && (segment.From.Value < 0 || segment.To != nil && segment.To.Value < 0):
		c.reportf(segment.Span, "", "a counter never falls; write reset where it starts again")
	}
	switch {
	case segment.For != nil:
		c.positive(*segment.For)
	case !last && segment.Kind != Reset:
		c.reportf(segment.Span, `add its length, such as "for 5m"`, "only the last part may go on to the test's end")
	}
	if segment.Observations != nil && segment.Observations.Text != blank && segment.Observations.Value <= 0 {
		c.reportf(segment.Observations.Span, `write "nothing" for none`, "the number of observations must be above zero")
	}
}

// exact reports matchers that do not name one series.
func (c *checker) exact(matchers []Matcher) {
	seen := map[string]bool{}
	for _, m := range matchers {
		if m.Op != "=" {
			c.reportf(m.Label.Span, `write "="`, "a test names one series, so %q cannot be used", m.Op)
		}
		if seen[m.Label.Text] && m.Label.Text != blank {
			c.reportf(m.Label.Span, "remove it", "the label %q is given twice", m.Label.Text)
		}
		seen[m.Label.Text] = true
	}
}

func (c *checker) expectation(a *At, interval time.Duration) {
	if a.Time.Value()/interval > maxTestSamples {
		c.reportf(a.Time.Span, "write a longer interval, such as: every 1m", "more than %d samples before this time", maxTestSamples)
	}
	switch {
	case a.Rule != nil:
		c.instance(a.Rule.Rule, a.Rule.Matchers)
		c.word(a.Rule.State, "a state", "inactive", "pending", "firing", "recovering", "unknown")
	case a.Alert != nil:
		c.instance(a.Alert.Rule, a.Alert.Matchers)
		c.word(a.Alert.Outcome, "what becomes of an alert", "sent", "held", "resolved")
	case a.Route != nil:
		if !c.reference(a.Route.Route, "route", c.routes) {
			return
		}
		models := c.routes[a.Route.Route.Text].node.(*Route).Models()
		if models == nil || models.trivia().broken {
			return
		}
		names := make([]string, len(models.Names))
		for i, n := range models.Names {
			names[i] = n.Value
		}
		if !slices.Contains(names, a.Route.Model.Value) {
			c.reportf(a.Route.Model.Span, oneOf(a.Route.Model.Value, names), "%q is not a model of the route %q", a.Route.Model.Value, a.Route.Route.Text)
		}
	}
}

// instance looks at a rule with the labels of one of its instances.
func (c *checker) instance(rule Name, matchers []Matcher) {
	c.exact(matchers)
	if !c.reference(rule, "rule", c.rules) {
		return
	}
	r := c.rules[rule.Text].node.(*Rule)
	if r.trivia().broken {
		return
	}
	for _, m := range matchers {
		if m.Label.Text != blank && !r.hasLabel(m.Label.Text) {
			c.notLabel(r, m.Label)
		}
	}
}
