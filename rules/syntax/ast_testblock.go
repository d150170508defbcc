package syntax

// Test is a unit test of rules: what arrives, and what must follow.
type Test struct {
	Trivia
	Span
	Title String `parser:"'test' @@"`
	Block
	Statements []Statement
}

// Statement is one of *Every, *Stimulus, *At.
type Statement interface {
	item
	statement()
}

// Every sets the time between two samples of each series; without it, 5s.
type Every struct {
	Trivia
	Span
	Interval Duration `parser:"'every' @@"`
}

// Stimulus says what arrives for one series: its segments follow each other from the test's start.
//
//	latency{model="a"}  is 0.4s for 5m, 0.4s to 3s for 2m, nothing for 1m, 3s at 20/s for 2m, stale
//	requests{model="a"} counts 10/s for 5m, reset, 10/s
type Stimulus struct {
	Trivia
	Span
	Metric   Name      `parser:"@@"`
	Matchers []Matcher `parser:"('{' (@@ (',' @@)*)? '}')?"`
	// Verb is "is" (gauges, and the observations of histograms) or "counts" (counters).
	Verb     Name      `parser:"@@"`
	Segments []Segment `parser:"@@ (',' @@)*"`
}

// SegmentKind says what a segment of a stimulus sends.
type SegmentKind uint8

// The kinds of segments.
const (
	// Value: a gauge's value, or the value of each observation of a histogram: 0.4s.
	Value SegmentKind = iota
	// Rate: a counter's growth: 10/s.
	Rate
	// Nothing: no sample arrives: nothing.
	Nothing
	// Stale: a stale marker, then nothing: stale.
	Stale
	// Reset: the counter starts again from 0, which takes no time: reset.
	Reset
)

// Segment is one stretch of a stimulus.
type Segment struct {
	Span
	Kind SegmentKind
	// From is the value or the growth per Per; To, where not nil, is what it has become, in a
	// straight line, by the segment's end.
	From, To *Number
	// Per is the unit of a Rate, one second, minute or hour: the 's' of 10/s.
	Per Duration
	// Observations is how many observations a histogram gets per ObservationsPer (… at 20/s); nil:
	// ten a second.
	Observations    *Number
	ObservationsPer Duration
	// For is the length; nil, allowed in the last segment only: to the test's end.
	For *Duration
}

// At is an expectation at a time since the test's start; exactly one of its parts is set.
type At struct {
	Trivia
	Span
	Time  Duration     `parser:"'at' @@"`
	Rule  *RuleIs      `parser:"( 'rule' @@"`
	Route *RouteServes `parser:"| 'route' @@"`
	Alert *AlertIs     `parser:"| 'alert' @@ )"`
}

// RuleIs expects the state of one instance: rule slow{model="gpt-4o"} is firing.
type RuleIs struct {
	Rule     Name      `parser:"@@"`
	Matchers []Matcher `parser:"('{' (@@ (',' @@)*)? '}')?"`
	// State is inactive, pending, firing, recovering or unknown.
	State Name `parser:"'is' @@"`
}

// RouteServes expects the model that a route serves: route chat serves "claude-sonnet".
type RouteServes struct {
	Route Name   `parser:"@@"`
	Model String `parser:"'serves' @@"`
}

// AlertIs expects what became of an alert by then: alert slow{model="gpt-4o"} is sent.
type AlertIs struct {
	Rule     Name      `parser:"@@"`
	Matchers []Matcher `parser:"('{' (@@ (',' @@)*)? '}')?"`
	// Not turns the expectation round: is not sent.
	Not bool `parser:"'is' @'not'?"`
	// Outcome is sent, held (kept back by `because`, a repeat by `dedup`) or resolved.
	Outcome Name `parser:"@@"`
}

func (*Every) statement()    {}
func (*Stimulus) statement() {}
func (*At) statement()       {}
