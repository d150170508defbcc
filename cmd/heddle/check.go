package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/rules/load"
	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/rules/thresholds"
	"github.com/neuroweaver/heddle/server"
)

// CheckCmd loads rules, thresholds or configuration as the server would, and prints every mistake.
type CheckCmd struct {
	Files      []string `arg:"" name:"file" help:"Rule files, checked as one load; files of thresholds; configuration files (*.yml), with the rules they name."`
	PrintRules bool     `help:"Print the rules that the files stand for, in canonical form."`
	Data       string   `type:"path" placeholder:"DIR" xor:"source" help:"Also compare the rules with the data of this directory: metrics that do not exist, windows too short, thresholds outside the buckets. The server that uses it must be stopped."`
	RemoteData
	Quiet bool `short:"q" help:"Print mistakes only."`
}

// Help shows examples.
func (CheckCmd) Help() string {
	return `Examples:
  heddle check rules/*.rules
  heddle check heddle.yml
      the configuration, and the rules and thresholds it names
  heddle check --data ./data rules/*.rules
      also what the rules can not see in the data that arrives
  heddle check --url http://127.0.0.1:9480 rules/*.rules
      the same, with the data of a running server: Heddle or Prometheus
  heddle check --print-rules performance_thresholds.yml
      the rules that the thresholds stand for

All mistakes are printed in one run, each with its place and what to do. The exit
code is 1 when there is one. Warnings do not change the exit code; a comment
"# allow NAME" on the clause, the declaration or at the top of the file silences one.`
}

// Run checks all files, even when one of them is bad.
func (c CheckCmd) Run(env *Env) error {
	var ruleFiles []string
	bad := false
	for _, file := range c.Files {
		var err error
		switch {
		case !isYAML(file):
			ruleFiles = append(ruleFiles, file)
		default:
			err = c.checkYAML(env, file)
		}
		if err != nil {
			fmt.Fprintln(env.Stdout, err)
			bad = true
		}
	}
	if len(ruleFiles) > 0 {
		if err := c.checkRules(env, ruleFiles, "", nil); err != nil {
			fmt.Fprintln(env.Stdout, err)
			bad = true
		}
	}
	if bad {
		return errBad
	}
	return nil
}

func isYAML(file string) bool {
	extension := strings.ToLower(filepath.Ext(file))
	return extension == ".yml" || extension == ".yaml"
}

// checkYAML checks a file of thresholds, or a configuration with the rules that it names.
func (c CheckCmd) checkYAML(env *Env, file string) error {
	isThresholds, err := thresholds.IsFile(file)
	switch {
	case err != nil:
		return err
	case isThresholds:
		return c.checkRules(env, nil, file, nil)
	}
	config, err := server.LoadConfig(file)
	if err != nil {
		return err
	}
	if err := config.Validate(); err != nil {
		return err
	}
	if !c.Quiet && !c.PrintRules {
		fmt.Fprintf(env.Stdout, "%s: no mistakes\n", file)
	}
	return c.checkRules(env, config.Rules, config.ThresholdsFile(), config.CheckNames)
}

// checkRules checks rule files that match patterns, and a file of thresholds, as one load; names, where there
// is a configuration, looks for the receivers and connectors that it does not have.
func (c CheckCmd) checkRules(env *Env, patterns []string, thresholdsFile string, names func(load.Set) syntax.Errors) error {
	set, err := load.Read(patterns, thresholdsFile)
	if err != nil {
		return err
	}
	if len(set) == 0 {
		return nil
	}
	program, errs := set.Compile(rules.CompileOptions{})
	if names != nil {
		errs = syntax.Join(errs, names(set))
	}
	if len(errs) > 0 {
		return fmt.Errorf("%w\n\n%s", errs, count(errs.Count(), "mistake"))
	}
	if err := c.checkData(env, program); err != nil {
		return err
	}
	files, _ := set.Parse()
	switch {
	case c.PrintRules:
		for i, file := range files {
			if i > 0 {
				fmt.Fprintln(env.Stdout)
			}
			fmt.Fprint(env.Stdout, syntax.Format(file))
		}
	case !c.Quiet:
		warnings := syntax.Lint(files)
		for i, warning := range warnings {
			if i == maxWarnings {
				fmt.Fprintf(env.Stdout, "and %s more\n\n", count(len(warnings)-i, "warning"))
				break
			}
			fmt.Fprintf(env.Stdout, "%s\n\n", warning)
		}
		fmt.Fprintf(env.Stdout, "%s: no mistakes in %s, %s\n", strings.Join(set.Names(), ", "), count(len(program.Rules()), "rule"), count(len(program.Routes()), "route"))
	}
	return nil
}

// maxWarnings are printed, as many as of mistakes; the rest is counted.
const maxWarnings = 200

// count gives "1 rule", "2 rules".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
