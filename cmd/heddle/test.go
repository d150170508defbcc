package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/neuroweaver/heddle/actions"
	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/rules/load"
	"github.com/neuroweaver/heddle/rules/syntax"
)

// TestCmd runs the tests that stand in rule files, on the engine that runs live.
type TestCmd struct {
	Files    []string `arg:"" name:"file" help:"Rule files with their tests."`
	Coverage bool     `help:"Print how often each condition was true, false and unknown."`
	JUnit    string   `name:"junit" placeholder:"FILE" help:"Also write the results as JUnit XML."`
	Verbose  bool     `short:"v" help:"Print the timeline of every test, not only of those that fail."`
}

// Help shows examples.
func (TestCmd) Help() string {
	return `Examples:
  heddle test rules/*.rules
  heddle test -v chat.rules
      with what happened in each test, and when
  heddle test --coverage --junit report.xml chat.rules

A test that fails prints its timeline, and the value of every term of the condition at the
moment where it differed. The exit code is 1 when one fails.`
}

// Run runs all tests.
func (c TestCmd) Run(env *Env) error {
	set, err := load.Read(c.Files, "")
	if err != nil {
		return err
	}
	files, errs := set.Parse()
	if errs == nil {
		var report *rules.TestReport
		report, errs = rules.RunTests(env.Ctx, files, rules.TestOptions{NewRouter: actions.NewSimulator})
		if errs == nil {
			return c.print(env, report)
		}
	} else if _, more := rules.Compile(files, rules.CompileOptions{}); more != nil {
		errs = syntax.Join(errs, more)
	}
	fmt.Fprintln(env.Stderr, errs)
	return errBad
}

func (c TestCmd) print(env *Env, report *rules.TestReport) error {
	if err := env.Ctx.Err(); err != nil {
		return err
	}
	for _, test := range report.Tests {
		printTest(env.Stdout, test, c.Verbose)
	}
	if c.Coverage {
		printCoverage(env.Stdout, report.Coverage)
	}
	fmt.Fprintf(env.Stdout, "%s, %d failed\n", count(len(report.Tests), "test"), report.Failed())
	if c.JUnit != "" {
		if err := writeJUnit(c.JUnit, report); err != nil {
			return err
		}
	}
	if report.Failed() > 0 {
		return errBad
	}
	return nil
}

func printTest(w io.Writer, test rules.TestResult, verbose bool) {
	verdict := "ok  "
	if len(test.Failures) > 0 {
		verdict = "FAIL"
	}
	fmt.Fprintf(w, "%s  %s (%s)\n", verdict, test.Name, test.Position)
	if len(test.Failures) > 0 || verbose {
		fmt.Fprint(w, timeline(test))
	}
}

// timeline gives what happened, with the failures at their times.
func timeline(test rules.TestResult) string {
	var b strings.Builder
	failures := test.Failures
	fail := func(until time.Duration) {
		for len(failures) > 0 && failures[0].After < until {
			f := failures[0]
			failures = failures[1:]
			fmt.Fprintf(&b, "  %9s ✗ expected %s (%s), but %s\n", f.After, f.Expected, f.Position, f.Got)
			for _, line := range f.Details {
				fmt.Fprintf(&b, "              %s\n", line)
			}
		}
	}
	for _, m := range test.Timeline {
		fail(m.After)
		fmt.Fprintf(&b, "  %9s   %s\n", m.After, m.Text)
	}
	fail(1<<63 - 1)
	return b.String()
}

func printCoverage(w io.Writer, coverage rules.Coverage) {
	ids := slices.SortedFunc(maps.Keys(coverage), func(a, b rules.ConditionID) int {
		return strings.Compare(a.Rule+" "+a.Clause, b.Rule+" "+b.Clause)
	})
	fmt.Fprintln(w, "coverage of conditions, in evaluations:")
	for _, id := range ids {
		never := ""
		if missing := coverage[id].Missing(); len(missing) > 0 {
			never = "  (never " + strings.Join(missing, ", never ") + ")"
		}
		fmt.Fprintf(w, "  %s %s: %s%s\n", id.Rule, id.Clause, coverage[id], never)
	}
}

// junitSuite is the form that continuous integration reads.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func writeJUnit(path string, report *rules.TestReport) error {
	suite := junitSuite{Name: "heddle", Tests: len(report.Tests), Failures: report.Failed()}
	for _, test := range report.Tests {
		file, _, _ := strings.Cut(test.Position, ":")
		made := junitCase{Name: test.Name, Class: file}
		if len(test.Failures) > 0 {
			first := test.Failures[0]
			made.Failure = &junitFailure{Message: fmt.Sprintf("at %s expected %s, but %s", first.After, first.Expected, first.Got), Text: timeline(test)}
		}
		suite.Cases = append(suite.Cases, made)
	}
	out, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append([]byte(xml.Header), append(out, '\n')...), 0o644)
}
