package main

import (
	"fmt"
	"os"

	"github.com/neuroweaver/heddle/rules/promimport"
)

// ImportCmd takes over rules of other systems.
type ImportCmd struct {
	Prometheus ImportPrometheusCmd `cmd:"" help:"Turn alerting rules of Prometheus into rules."`
}

// ImportPrometheusCmd prints the rules that Prometheus's alerting rules become.
type ImportPrometheusCmd struct {
	File string   `arg:"" help:"A rule file of Prometheus: groups of rules."`
	On   []string `placeholder:"LABEL" sep:"," help:"Labels of the rules that alert for each series (model)."`
}

// Help shows examples.
func (ImportPrometheusCmd) Help() string {
	return `Examples:
  heddle import prometheus alerts.yml > imported.rules
  heddle import prometheus --on model,region alerts.yml

The rules go to standard output. What could not be imported, and what is not quite the same,
goes to standard error with the line of each rule; the exit code is 1 when a rule was left out.`
}

// Run imports one file.
func (c ImportPrometheusCmd) Run(env *Env) error {
	source, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	result, err := promimport.Import(c.File, source, promimport.Options{On: c.On})
	if err != nil {
		return err
	}
	fmt.Fprint(env.Stdout, result.Text)
	leftOut := 0
	for _, note := range result.Notes {
		what := "differs"
		if !note.Imported {
			what = "not imported"
			leftOut++
		}
		fmt.Fprintf(env.Stderr, "%s:%d: %s %s: %s\n", c.File, note.Line, note.Name, what, note.Message)
	}
	fmt.Fprintf(env.Stderr, "%s imported, %d left out\n", count(result.Imported, "rule"), leftOut)
	if leftOut > 0 {
		return errBad
	}
	return nil
}
