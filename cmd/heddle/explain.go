package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/neuroweaver/heddle/rules"
)

// ExplainCmd shows every term of a rule's conditions with its value.
type ExplainCmd struct {
	Remote
	Rule  string   `arg:"" help:"The rule."`
	When  []string `arg:"" optional:"" name:"at" help:"at TIME: a time, or how long ago; without it, now."`
	Rules []string `placeholder:"GLOB" help:"Rule files, to explain from --data without a server."`
	Data  string   `type:"path" placeholder:"DIR" help:"A data directory; the server that uses it must be stopped."`
}

// Help shows examples.
func (ExplainCmd) Help() string {
	return `Examples:
  heddle explain slow
      each instance as a tree: every term with its value and samples
  heddle explain slow at 2026-01-05T08:00:26Z
  heddle explain slow at 2h
  heddle explain slow at 2h --rules 'rules/*.rules' --data ./data
      without a server`
}

// Run asks the server, or the data directory.
func (c ExplainCmd) Run(env *Env) error {
	if len(c.When) > 0 && (len(c.When) != 2 || c.When[0] != "at") {
		return usagef("the form is: heddle explain RULE at TIME")
	}
	if (c.Data == "") != (len(c.Rules) == 0) {
		return usagef("--rules and --data go together")
	}
	at, now := time.Time{}, time.Now()
	if len(c.When) == 2 {
		var err error
		if at, err = parseWhen(c.When[1], now, now); err != nil {
			return err
		}
	}
	texts, blindness, err := c.ask(env, at)
	if c.Data != "" {
		texts, blindness, err = c.read(env, at)
	}
	if err != nil {
		return err
	}
	if len(texts) == 0 {
		fmt.Fprintf(env.Stdout, "%s has no instance: no series matches its metrics\n", c.Rule)
		for _, b := range blindness {
			fmt.Fprintf(env.Stdout, "  %s\n", b)
		}
		return nil
	}
	fmt.Fprint(env.Stdout, strings.Join(texts, "\n"))
	return nil
}

// ask gets the explanations of a server, and why there are none.
func (c ExplainCmd) ask(env *Env, at time.Time) (texts, blindness []string, err error) {
	if c.Data != "" {
		return nil, nil, nil
	}
	parameters := url.Values{"rule": {c.Rule}}
	if !at.IsZero() {
		parameters.Set("at", at.UTC().Format(time.RFC3339Nano))
	}
	var answer struct {
		Explanations []struct {
			Text string `json:"text"`
		} `json:"explanations"`
		Blindness []string `json:"blindness"`
	}
	if err := c.get(env.Ctx, "/api/v1/heddle/explain", parameters, &answer); err != nil {
		return nil, nil, err
	}
	for _, x := range answer.Explanations {
		texts = append(texts, x.Text)
	}
	return texts, answer.Blindness, nil
}

// read makes the explanations from a data directory.
func (c ExplainCmd) read(env *Env, at time.Time) (texts, blindness []string, err error) {
	program, err := loadProgram(env, c.Rules)
	if err != nil {
		return nil, nil, err
	}
	if at.IsZero() {
		at = time.Now()
	}
	db, err := openStore(c.Data)
	if err != nil {
		return nil, nil, err
	}
	list, err := rules.ExplainAt(env.Ctx, program, db, c.Rule, at)
	for _, x := range list {
		texts = append(texts, x.String())
	}
	if err == nil && len(list) == 0 {
		var all []rules.Blindness
		all, err = rules.FindBlindness(env.Ctx, program, db, at)
		for _, b := range all {
			if b.Rule == c.Rule {
				blindness = append(blindness, b.String())
			}
		}
	}
	return texts, blindness, errors.Join(err, db.Close())
}
