package rules

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/tsdb"
)

// TestOptions is what the tests of rule files need from outside.
type TestOptions struct {
	// NewRouter makes the routes of one test; nil: a test that asks for a route fails.
	NewRouter func([]Route, []*RuleInfo) Router
	Compile   CompileOptions
}

// TestReport is the outcome of all tests of one load.
type TestReport struct {
	Tests    []TestResult
	Coverage Coverage
}

// Failed is how many tests failed.
func (r *TestReport) Failed() (n int) {
	for _, t := range r.Tests {
		if len(t.Failures) > 0 {
			n++
		}
	}
	return n
}

// TestResult is the outcome of one test.
type TestResult struct {
	Name string
	// Position is where the test stands: "chat.rules:40".
	Position string
	// Length is how much time the test covers.
	Length   time.Duration
	Failures []TestFailure
	// Timeline is all that happened, in its order.
	Timeline []Moment
}

// Moment is one thing that happened at a time since the test's start.
type Moment struct {
	After time.Duration
	Text  string
}

// TestFailure is one expectation that was not met.
type TestFailure struct {
	After    time.Duration
	Position string
	// Expected and Got are what was written and what was; Details the values behind it, one a line.
	Expected, Got string
	Details       []string
}

// testStart is when every test begins: a midnight, so that times of day are what a reader expects.
var testStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// RunTests runs the tests of rule files on the real engine. The errors are those of the files.
func RunTests(ctx context.Context, files []*syntax.File, o TestOptions) (*TestReport, syntax.Errors) {
	p, errs := Compile(files, o.Compile)
	if errs != nil {
		return nil, errs
	}
	report := &TestReport{Coverage: Coverage{}}
	report.Coverage.expect(p)
	for _, f := range files {
		for _, d := range f.Declarations {
			test, ok := d.(*syntax.Test)
			if !ok || ctx.Err() != nil {
				continue
			}
			s, err := newScenario(p, f, test, o)
			if err != nil {
				errs = append(errs, *err)
				continue
			}
			s.engineOptions.coverage = report.Coverage
			s.run(ctx)
			report.Tests = append(report.Tests, s.result)
		}
	}
	return report, errs
}

// scenario is one test as it runs.
type scenario struct {
	file          *syntax.File
	step          time.Duration
	senders       []*sender
	series        []labels.Labels // by SeriesID − 1
	expectations  []*syntax.At
	program       *Program
	router        Router
	engineOptions Options
	replay        *replayer
	book          alertBook
	result        TestResult
}

// sender is the stimuli that are sent together in one row.
type sender struct {
	labels  labels.Labels
	series  []tsdb.SeriesID
	stimuli []*stimulus
}

// defaultStep is the time between samples where a test does not say.
const defaultStep = 5 * time.Second

func newScenario(p *Program, f *syntax.File, test *syntax.Test, o TestOptions) (*scenario, *syntax.Error) {
	s := &scenario{file: f, step: defaultStep, program: p, result: TestResult{
		Name: test.Title.Value, Position: fmt.Sprintf("%s:%d", f.Name, test.Start.Line)}}
	if o.NewRouter != nil {
		s.router = o.NewRouter(p.routes, p.infos)
	}
	for _, statement := range test.Statements {
		if every, ok := statement.(*syntax.Every); ok {
			s.step = every.Interval.Value()
		}
	}
	for _, statement := range test.Statements {
		switch statement := statement.(type) {
		case *syntax.Stimulus:
			if err := s.stimulate(statement); err != nil {
				at := f.Error(statement.Span, err.Error(), "")
				return nil, &at
			}
		case *syntax.At:
			s.expectations = append(s.expectations, statement)
			s.result.Length = max(s.result.Length, statement.Time.Value())
		}
	}
	slices.SortStableFunc(s.expectations, func(a, b *syntax.At) int { return int(a.Time.Nanos - b.Time.Nanos) })
	for _, sender := range s.senders {
		for _, stimulus := range sender.stimuli {
			s.result.Length = max(s.result.Length, stimulus.end())
		}
	}
	return s, nil
}

// stimulate adds a series.
func (s *scenario) stimulate(written *syntax.Stimulus) error {
	m := s.program.vocabulary.metric(s.file, written.Metric.Text)
	if m == nil {
		return fmt.Errorf("%q is not a metric", written.Metric.Text)
	}
	given, _ := matchers(written.Matchers)
	series, err := exampleSeries(m, given)
	if err != nil {
		return err
	}
	s.series = append(s.series, series)
	id := tsdb.SeriesID(len(s.series))
	builder := labels.NewBuilder(labels.EmptyLabels())
	for _, g := range given {
		builder.Set(g.Name, g.Value)
	}
	group := builder.Labels()
	at := slices.IndexFunc(s.senders, func(o *sender) bool { return labels.Equal(o.labels, group) })
	if at < 0 {
		at = len(s.senders)
		s.senders = append(s.senders, &sender{labels: group})
	}
	to := s.senders[at]
	to.series = append(to.series, id)
	to.stimuli = append(to.stimuli, newStimulus(written, m.kind, s.step))
	return nil
}

// row is what the sender sends at a time; it is empty where it sends nothing.
func (s *sender) row(t time.Duration) tsdb.Row {
	row := tsdb.Row{TimeMS: testStart.Add(t).UnixMilli()}
	for i, stimulus := range s.stimuli {
		v, h, sends := stimulus.at(t)
		if !sends {
			continue
		}
		row.Series = append(row.Series, s.series[i])
		row.Values = append(row.Values, v)
		row.Histograms = append(row.Histograms, h)
	}
	return row
}

// run plays the test: at each step what arrives, then what is expected at that time.
func (s *scenario) run(ctx context.Context) {
	s.replay = newReplayer(s.program, Recording{Labels: func(id tsdb.SeriesID) labels.Labels { return s.series[id-1] }}, s.router, s.engineOptions)
	s.replay.watch = s.watch
	if err := s.replay.start(ctx, testStart); err != nil {
		s.result.Failures = append(s.result.Failures, TestFailure{Got: err.Error()})
		return
	}
	pending := s.expectations
	for t := time.Duration(0); t <= s.result.Length && ctx.Err() == nil; t += s.step {
		pending = s.check(pending, t-1)
		s.replay.advance(testStart.Add(t))
		for _, sender := range s.senders {
			if row := sender.row(t); len(row.Series) > 0 {
				s.replay.engine.Observe(&tsdb.Batch{Arrived: s.replay.now, Rows: []tsdb.Row{row}}, s.replay.now)
			}
		}
		s.note()
		pending = s.check(pending, t)
	}
	s.check(pending, s.result.Length)
}

// check looks at the expectations up to a time, and returns those that are left.
func (s *scenario) check(pending []*syntax.At, until time.Duration) []*syntax.At {
	for len(pending) > 0 && pending[0].Time.Value() <= until {
		s.replay.advance(testStart.Add(pending[0].Time.Value()))
		s.note()
		if failure, failed := s.examine(pending[0]); failed {
			s.result.Failures = append(s.result.Failures, failure)
		}
		pending = pending[1:]
	}
	return pending
}

// watch follows the transitions of instances.
func (s *scenario) watch(now time.Time, ts []Transition) {
	s.book.take(now, ts)
	for _, t := range ts {
		text := fmt.Sprintf("%s%s is %s: %s", t.Rule.Name, t.Labels, t.To, t.Reason)
		if t.From == t.To {
			if text = fmt.Sprintf("%s%s is unknown: %s", t.Rule.Name, t.Labels, t.Reason); !t.Unknown {
				continue
			}
		}
		s.result.Timeline = append(s.result.Timeline, Moment{now.Sub(testStart), text})
	}
}

// note puts the moves of the routes on the timeline.
func (s *scenario) note() {
	for _, e := range s.replay.taken() {
		if e.Type == "switch" {
			s.result.Timeline = append(s.result.Timeline, Moment{e.Time.Sub(testStart), e.String()})
		}
	}
	slices.SortStableFunc(s.result.Timeline, func(a, b Moment) int { return int(a.After - b.After) })
}
