package main

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/neuroweaver/heddle/rules"
)

// ExplainCmd shows every term of a rule's conditions with its value.
type ExplainCmd struct {
	Remote
	Rule  string   `arg:"" help:"The rule, with matchers of instances in braces if not all are meant."`
	When  []string `arg:"" optional:"" name:"at" help:"at TIME: a time, or how long ago; without it, now."`
	Rules []string `placeholder:"GLOB" help:"Rule files, to explain from --data without a server."`
	Data  string   `type:"path" placeholder:"DIR" help:"A data directory; the server that uses it must be stopped."`
}

// Help shows examples.
func (ExplainCmd) Help() string {
	return `Examples:
  heddle explain slow
      each instance as a tree: every term with its value and samples
  heddle explain 'slow{model="gpt-4o"}'
  heddle explain slow at 2026-01-05T08:00:26Z
  heddle explain slow at 2h
  heddle explain slow at 2h --rules 'rules/*.rules' --data ./data
      without a server`
}

// explained is what there is to print.
type explained struct {
	texts, blindness []string
	total            int
}

// explainedInstances is how many instances are printed: as many as a person reads.
const explainedInstances = 100

// Run asks the server, or the data directory.
func (c ExplainCmd) Run(env *Env) error {
	if len(c.When) > 0 && (len(c.When) != 2 || c.When[0] != "at") {
		return usagef("the form is: heddle explain RULE at TIME")
	}
	if (c.Data == "") != (len(c.Rules) == 0) {
		return usagef("--rules and --data go together")
	}
	rule, match, _ := strings.Cut(c.Rule, "{")
	selection := rules.Selection{Rule: rule, Limit: explainedInstances}
	if match != "" {
		match = "{" + match
		var err error
		if selection.Matchers, err = parser.NewParser(parser.Options{}).ParseMetricSelector(match); err != nil {
			return usagef("%s is not of the form rule{label=\"value\"}: %v", c.Rule, err)
		}
	}
	at, now := time.Time{}, time.Now()
	if len(c.When) == 2 {
		var err error
		if at, err = parseWhen(c.When[1], now, now); err != nil {
			return err
		}
	}
	var found explained
	var err error
	if c.Data == "" {
		found, err = c.ask(env, rule, match, at)
	} else {
		found, err = c.read(env, selection, at)
	}
	switch {
	case err != nil:
		return err
	case len(found.texts) == 0 && match != "":
		fmt.Fprintf(env.Stdout, "%s has no instance with %s\n", rule, match)
	case len(found.texts) == 0:
		fmt.Fprintf(env.Stdout, "%s has no instance: no series matches its metrics\n", rule)
		for _, b := range found.blindness {
			fmt.Fprintf(env.Stdout, "  %s\n", b)
		}
	default:
		fmt.Fprint(env.Stdout, strings.Join(found.texts, "\n"))
	}
	if more := found.total - len(found.texts); more > 0 {
		fmt.Fprintf(env.Stdout, "\n%d more; say which, such as: heddle explain '%s{model=\"a\"}'\n", more, rule)
	}
	return nil
}

// ask gets the explanations of a server, and why there are none.
func (c ExplainCmd) ask(env *Env, rule, match string, at time.Time) (found explained, err error) {
	parameters := url.Values{"rule": {rule}, "limit": {strconv.Itoa(explainedInstances)}}
	if match != "" {
		parameters.Set("match", match)
	}
	if !at.IsZero() {
		parameters.Set("at", at.UTC().Format(time.RFC3339Nano))
	}
	var answer struct {
		Explanations []struct {
			Text string `json:"text"`
		} `json:"explanations"`
		Total     int      `json:"total"`
		Blindness []string `json:"blindness"`
	}
	if err := c.get(env.Ctx, "/api/v1/heddle/explain", parameters, &answer); err != nil {
		return found, err
	}
	found.blindness, found.total = answer.Blindness, answer.Total
	for _, x := range answer.Explanations {
		found.texts = append(found.texts, x.Text)
	}
	return found, nil
}

// read makes the explanations from a data directory.
func (c ExplainCmd) read(env *Env, selection rules.Selection, at time.Time) (found explained, err error) {
	program, err := loadProgram(env, c.Rules)
	if err != nil {
		return found, err
	}
	if at.IsZero() {
		at = time.Now()
	}
	db, err := openStore(c.Data)
	if err != nil {
		return found, err
	}
	list, total, err := rules.ExplainAt(env.Ctx, program, db, selection, at)
	found.total = total
	for _, x := range list {
		found.texts = append(found.texts, x.String())
	}
	if err == nil && total == 0 {
		found.blindness, err = rules.BlindnessOf(env.Ctx, program, db, selection.Rule, at)
	}
	return found, errors.Join(err, db.Close())
}
