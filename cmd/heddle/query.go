package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/guptarohit/asciigraph"
	"github.com/mattn/go-isatty"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/query"
)

// QueryCmd evaluates PromQL, or an expression of the rule language, on a server.
type QueryCmd struct {
	Remote
	Expr  string `arg:"" help:"The expression."`
	Time  string `placeholder:"TIME" help:"Evaluate at this time (now)."`
	Start string `placeholder:"TIME" help:"Evaluate over a range from here: a time, or how long ago (1h)."`
	End   string `placeholder:"TIME" help:"End of the range (now)."`
	Step  string `placeholder:"15s" help:"Step of the range (a 240th of it)."`
	Plot  bool   `help:"Draw the range."`
	JSON  bool   `help:"Print the server's answer."`
	RuleQuery
}

// Help shows examples.
func (QueryCmd) Help() string {
	return `Examples:
  heddle query 'sum by (model) (rate(heddle_requests_total[5m]))'
  heddle query 'histogram_quantile(0.95, rate(heddle_request_duration_seconds_bucket[5m]))' --start 1h --plot
  heddle query 'heddle_accuracy' --start 2026-01-02T00:00:00Z --end 2026-01-03T00:00:00Z --step 5m --json
  heddle query --rule-expr 'p95(latency, 1m)'
      what a rule on model sees, with the metrics of the catalogue heddle
  heddle query --rule-expr 'ratio(failures, requests, 5m)' --use vllm --on model_name --start 6h --plot
  heddle query --rule-expr 'error_ratio > 5%' --rules 'rules/*.rules' --url http://prometheus:9090
      with the metrics and lets of rule files; 1 is true, 0 false, and what is unknown is not there`
}

// queryAnswer is the API's answer to both kinds of query.
type queryAnswer struct {
	Status string `json:"status"`
	Data   struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
	Warnings []string `json:"warnings,omitempty"`
	Infos    []string `json:"infos,omitempty"`
}

// querySeries is one series of a vector or matrix.
type querySeries struct {
	Metric     map[string]string `json:"metric"`
	Value      *queryPoint       `json:"value,omitempty"`
	Values     []queryPoint      `json:"values,omitempty"`
	Histogram  json.RawMessage   `json:"histogram,omitempty"`
	Histograms json.RawMessage   `json:"histograms,omitempty"`
}

// queryPoint is [seconds, "value"].
type queryPoint struct {
	seconds float64
	value   float64
	text    string
}

func (p *queryPoint) UnmarshalJSON(text []byte) error {
	var err error
	if err = json.Unmarshal(text, &[]any{&p.seconds, &p.text}); err != nil {
		return err
	}
	p.value, err = strconv.ParseFloat(p.text, 64)
	return err
}

// MarshalJSON gives what UnmarshalJSON reads.
func (p queryPoint) MarshalJSON() ([]byte, error) { return json.Marshal([]any{p.seconds, p.text}) }

// Run prints a table, a plot or JSON.
func (c QueryCmd) Run(env *Env) error {
	now := time.Now()
	if c.RuleExpr {
		return c.runRuleExpr(env, now)
	}
	parameters, path := url.Values{"query": {c.Expr}}, "/api/v1/query"
	switch {
	case c.Start != "":
		path = "/api/v1/query_range"
		if err := c.setRange(parameters, now); err != nil {
			return err
		}
	case c.Plot:
		return usagef("--plot draws a range: say since when with --start, for example --start 1h")
	case c.Time != "":
		parameters.Set("time", c.Time)
	}
	var raw json.RawMessage
	if err := c.get(env.Ctx, path, parameters, &raw); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(env.Stdout, raw)
	}
	var answer queryAnswer
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("%s does not answer as Heddle does: %w", c.URL, err)
	}
	for _, note := range slices.Concat(answer.Warnings, answer.Infos) {
		fmt.Fprintln(env.Stderr, note)
	}
	return c.print(env.Stdout, answer)
}

// setRange sets start, end and step.
func (c QueryCmd) setRange(parameters url.Values, now time.Time) error {
	start, end, step, err := c.span(now)
	if err != nil {
		return err
	}
	parameters.Set("start", seconds(start))
	parameters.Set("end", seconds(end))
	parameters.Set("step", strconv.FormatFloat(step.Seconds(), 'f', -1, 64))
	return nil
}

// span is the range and its step. How long ago is counted back from the end.
func (c QueryCmd) span(now time.Time) (start, end time.Time, step time.Duration, err error) {
	end = now
	if c.End != "" {
		if end, err = query.ParseTime(c.End); err != nil {
			return start, end, step, usagef("--end: %v", err)
		}
	}
	start, err = query.ParseTime(c.Start)
	if ago, agoErr := query.ParseDuration(c.Start); err != nil && agoErr == nil {
		start, err = end.Add(-ago), nil
	}
	if err != nil {
		return start, end, step, usagef("--start: %q is neither a time nor a duration", c.Start)
	}
	if c.Step != "" {
		step, err = parseStep(c.Step)
		return start, end, step, err
	}
	// As many points as fit a wide terminal.
	return start, end, max(time.Second, (end.Sub(start)/240 + time.Second - 1).Truncate(time.Second)), nil
}

func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

func (c QueryCmd) print(w io.Writer, answer queryAnswer) error {
	if answer.Data.ResultType == "scalar" || answer.Data.ResultType == "string" {
		var value []any
		if err := json.Unmarshal(answer.Data.Result, &value); err != nil || len(value) != 2 {
			return fmt.Errorf("a %s of an unknown form: %s", answer.Data.ResultType, answer.Data.Result)
		}
		_, err := fmt.Fprintln(w, value[1])
		return err
	}
	var found []querySeries
	if err := json.Unmarshal(answer.Data.Result, &found); err != nil {
		return fmt.Errorf("a %s of an unknown form: %w", answer.Data.ResultType, err)
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(w, "No series.")
		return err
	}
	if c.Plot {
		return plot(w, found)
	}
	var rows [][]string
	for _, s := range found {
		name := seriesName(s.Metric)
		if s.Value != nil {
			rows = append(rows, []string{name, s.Value.text})
		}
		for _, p := range s.Values {
			rows = append(rows, []string{name, clockTime(time.UnixMilli(int64(math.Round(p.seconds * 1000)))), p.text})
		}
		for _, histogram := range []json.RawMessage{s.Histogram, s.Histograms} {
			if histogram != nil {
				rows = append(rows, []string{name, string(histogram)})
			}
		}
	}
	return table(w, rows)
}

const (
	plotWidth, plotHeight = 100, 15
	// plottedSeries is how many lines a person can tell apart in one plot.
	plottedSeries = 8
)

// plotColors tell series apart on a terminal, plotMarks in a file or a pipe.
var (
	plotColors = [plottedSeries]asciigraph.AnsiColor{
		asciigraph.Blue, asciigraph.Green, asciigraph.Red, asciigraph.Yellow,
		asciigraph.Cyan, asciigraph.Magenta, asciigraph.White, asciigraph.Gray,
	}
	plotMarks = [plottedSeries]asciigraph.CharSet{
		asciigraph.CreateCharSet("*"), asciigraph.CreateCharSet("+"), asciigraph.CreateCharSet("o"), asciigraph.CreateCharSet("x"),
		asciigraph.CreateCharSet("#"), asciigraph.CreateCharSet("@"), asciigraph.CreateCharSet("="), asciigraph.CreateCharSet("%"),
	}
)

// plot draws the series over their common time; a step without a value is a gap.
func plot(w io.Writer, found []querySeries) error {
	times := map[float64]bool{}
	for _, s := range found {
		for _, p := range s.Values {
			times[p.seconds] = true
		}
	}
	axis := make([]float64, 0, len(times))
	for at := range times {
		axis = append(axis, at)
	}
	slices.Sort(axis)
	if len(axis) == 0 {
		return fmt.Errorf("nothing to draw: the series have no plain numbers")
	}
	var lines [][]float64
	var names []string
	for _, s := range found[:min(len(found), plottedSeries)] {
		line := make([]float64, len(axis))
		for i := range line {
			line[i] = math.NaN()
		}
		for _, p := range s.Values {
			at, _ := slices.BinarySearch(axis, p.seconds)
			line[at] = p.value
		}
		lines, names = append(lines, line), append(names, seriesName(s.Metric))
	}
	options := []asciigraph.Option{asciigraph.Width(plotWidth), asciigraph.Height(plotHeight)}
	file, ok := w.(*os.File)
	colored := ok && isatty.IsTerminal(file.Fd())
	if colored {
		options = append(options, asciigraph.SeriesColors(plotColors[:len(lines)]...), asciigraph.SeriesLegends(names...))
	} else {
		options = append(options, asciigraph.SeriesChars(plotMarks[:len(lines)]...))
	}
	drawn := asciigraph.PlotMany(lines, options...)
	if !colored { // the library's legend is in color
		for i, name := range names {
			drawn += fmt.Sprintf("\n%s %s", plotMarks[i].Horizontal, name)
		}
	}
	from, to := time.UnixMilli(int64(axis[0]*1000)), time.UnixMilli(int64(axis[len(axis)-1]*1000))
	_, err := fmt.Fprintf(w, "%s\nfrom %s to %s\n", drawn, clockTime(from), clockTime(to))
	if err == nil && len(found) > plottedSeries {
		_, err = fmt.Fprintf(w, "%d more series are not drawn; narrow the expression to see them.\n", len(found)-plottedSeries)
	}
	return err
}

// seriesName shows a label set as PromQL writes it: name{label="value"}.
func seriesName(metric map[string]string) string {
	set := labels.FromMap(metric)
	name := set.Get(labels.MetricName)
	rest := set.DropMetricName()
	if name != "" && rest.IsEmpty() {
		return name
	}
	return name + rest.String()
}
