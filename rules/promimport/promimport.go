// Package promimport turns alerting rules of Prometheus into Heddle's where their meaning is kept, and
// says exactly where it is not.
//
// Four things differ in principle. A Prometheus rule alerts for each series that its expression
// returns, a Heddle rule for each value of the labels it is declared on: an aggregation `by (…)` says
// which, elsewhere Options.On does. Prometheus evaluates at intervals, Heddle when samples
// arrive. Where Prometheus gets no value it resolves at once, which is written `missing clear after 1s`.
package promimport

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	yamlparser "github.com/goccy/go-yaml/parser"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// Options say what a Prometheus rule leaves open.
type Options struct {
	// On are the labels of rules that alert for each series; empty: model.
	On []string
}

// Note is what a person has to know of one rule that was read.
type Note struct {
	// Line is where the rule begins in the file, Name what it is called.
	Line int
	Name string
	// Imported is false where there is no Heddle rule for it.
	Imported bool
	// Message says why, or what differs.
	Message string
}

// Result is the rule file that was made, and what is not the same.
type Result struct {
	Text     string
	Imported int
	Notes    []Note
}

// maxBytes bounds what is read: ten times the largest collections of rules in use.
const maxBytes = 4 << 20

// The form of a Prometheus rule file.
type (
	ruleFile struct {
		Groups []group `yaml:"groups"`
		// The resource that Kubernetes' operator of Prometheus reads has the groups in spec.
		APIVersion string         `yaml:"apiVersion"`
		Kind       string         `yaml:"kind"`
		Metadata   map[string]any `yaml:"metadata"`
		Spec       *struct {
			Groups []group `yaml:"groups"`
		} `yaml:"spec"`
	}
	group struct {
		Name        string `yaml:"name"`
		Interval    string `yaml:"interval"`
		QueryOffset string `yaml:"query_offset"`
		Limit       int    `yaml:"limit"`
		// PartialResponse is Thanos's: of no meaning where there is one store.
		PartialResponse string            `yaml:"partial_response_strategy"`
		Labels          map[string]string `yaml:"labels"`
		Rules           []rule            `yaml:"rules"`
	}
	rule struct {
		Record        string            `yaml:"record"`
		Alert         string            `yaml:"alert"`
		Expr          string            `yaml:"expr"`
		For           string            `yaml:"for"`
		KeepFiringFor string            `yaml:"keep_firing_for"`
		Labels        map[string]string `yaml:"labels"`
		Annotations   map[string]string `yaml:"annotations"`
	}
)

// Import reads a Prometheus rule file. The error is for a file that is none; rules that cannot be
// imported are notes.
func Import(name string, source []byte, o Options) (*Result, error) {
	if len(source) > maxBytes {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", name, len(source), maxBytes)
	}
	var file ruleFile
	if err := yaml.UnmarshalWithOptions(source, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s is not a Prometheus rule file:\n%s", name, yaml.FormatError(err, false, true))
	}
	tree, err := yamlparser.ParseBytes(source, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(o.On) == 0 {
		o.On = []string{"model"}
	}
	w := &writer{options: o, metrics: newMetricSet(), names: map[string]bool{}, parser: parser.NewParser(parser.Options{})}
	groups, path := file.Groups, "$.groups"
	if file.Spec != nil {
		groups, path = file.Spec.Groups, "$.spec.groups"
	}
	for i, g := range groups {
		for j, r := range g.Rules {
			w.line = lineOf(tree, path, i, j)
			w.rule(g, r)
		}
	}
	text := "# Imported from Prometheus.\n" + w.metrics.declarations() + w.rules.String()
	parsed, errs := syntax.Parse(name, text)
	if len(errs) > 0 {
		return nil, fmt.Errorf("what was made of %s is not a rule file: %w", name, errs)
	}
	return &Result{Text: syntax.Format(parsed), Imported: w.imported, Notes: w.notes}, nil
}

// lineOf returns the line on which a rule begins.
func lineOf(tree *ast.File, groups string, group, rule int) int {
	path, err := yaml.PathString(fmt.Sprintf("%s[%d].rules[%d]", groups, group, rule))
	if err != nil {
		return 0
	}
	node, err := path.FilterFile(tree)
	if err != nil {
		return 0
	}
	if mapping, ok := node.(*ast.MappingNode); ok && len(mapping.Values) > 0 {
		return mapping.Values[0].Key.GetToken().Position.Line
	}
	return node.GetToken().Position.Line
}

// writer makes one rule after the other.
type writer struct {
	options  Options
	parser   parser.Parser
	metrics  *metricSet
	names    map[string]bool
	rules    strings.Builder
	line     int
	imported int
	notes    []Note
}

func (w *writer) note(name string, imported bool, format string, args ...any) {
	w.notes = append(w.notes, Note{Line: w.line, Name: name, Imported: imported, Message: fmt.Sprintf(format, args...)})
}
