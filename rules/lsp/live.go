package lsp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/rules/syntax"
)

// Live is a running server, for what the files do not know. Its methods end with their context.
type Live interface {
	// Explain gives the instances of a rule with the values of its conditions.
	Explain(ctx context.Context, rule string) ([]Instance, error)
	// LabelNames gives the labels of the series with one of these names, of all where there is none;
	// LabelValues the values of one of their labels, with nameLabel the names of series.
	LabelNames(ctx context.Context, metrics []string) ([]string, error)
	LabelValues(ctx context.Context, label string, metrics []string) ([]string, error)
}

// Instance is one instance of a rule on a server.
type Instance struct {
	Labels map[string]string `json:"labels"`
	State  string            `json:"state"`
	// Clauses are the conditions of the rule with their values.
	Clauses []rules.Clause `json:"clauses"`
}

// nameLabel is the label that holds the name of a series.
const nameLabel = labels.MetricName

const (
	// liveTimeout bounds how long an editor waits for a server: what comes later disturbs the typing.
	liveTimeout = 2 * time.Second
	// maxShownInstances fit a hover without scrolling.
	maxShownInstances = 12
)

// liveValues shows the part of a rule's conditions that pick finds, for each instance on the server.
func (s *Server) liveValues(ctx context.Context, rule string, pick func(Instance) (rules.ExplanationNode, bool)) string {
	if s.options.Live == nil || rule == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	instances, err := s.options.Live.Explain(ctx, rule)
	if err != nil {
		return fmt.Sprintf("*No current value: %s*", firstLine(err))
	}
	var b strings.Builder
	shown := 0
	for _, i := range instances {
		node, ok := pick(i)
		if !ok {
			continue
		}
		if shown++; shown > maxShownInstances {
			continue
		}
		fmt.Fprintf(&b, "- `%s` **%s**", labels.FromMap(i.Labels), node.Value)
		if node.Samples > 0 {
			fmt.Fprintf(&b, " from %d samples", node.Samples)
		}
		fmt.Fprintf(&b, ", %s is %s\n", rule, i.State)
	}
	switch {
	case len(instances) == 0:
		return fmt.Sprintf("*No current value: %s has no instance on the server*", rule)
	case shown == 0:
		return fmt.Sprintf("*No current value: the server runs another version of %s*", rule)
	case shown > maxShownInstances:
		fmt.Fprintf(&b, "- and %d more\n", shown-maxShownInstances)
	}
	return "Now:\n" + b.String()
}

// term picks the part of a condition that is written so.
func term(written string) func(Instance) (rules.ExplanationNode, bool) {
	return func(i Instance) (found rules.ExplanationNode, ok bool) {
		var look func(rules.ExplanationNode)
		look = func(n rules.ExplanationNode) {
			if !ok && n.Text == written {
				found, ok = n, true
			}
			for _, part := range n.Parts {
				look(part)
			}
		}
		for _, clause := range i.Clauses {
			look(clause.Tree)
		}
		return found, ok
	}
}

// condition picks a whole condition.
func condition(clause string) func(Instance) (rules.ExplanationNode, bool) {
	return func(i Instance) (rules.ExplanationNode, bool) {
		at := slices.IndexFunc(i.Clauses, func(c rules.Clause) bool { return c.Name == clause })
		if at < 0 {
			return rules.ExplanationNode{}, false
		}
		return i.Clauses[at].Tree, true
	}
}

// arriving says of each source of a metric whether the server has series of it.
func (s *Server) arriving(ctx context.Context, sources []syntax.String) string {
	if s.options.Live == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	var wanted []string
	for _, source := range sources {
		wanted = append(wanted, seriesOf(source.Value)...)
	}
	have, err := s.options.Live.LabelValues(ctx, nameLabel, wanted)
	if err != nil {
		return fmt.Sprintf("*What arrives is not known: %s*", firstLine(err))
	}
	var b strings.Builder
	b.WriteString("On the server:\n")
	for _, source := range sources {
		arrives := slices.ContainsFunc(seriesOf(source.Value), func(name string) bool { return slices.Contains(have, name) })
		state := "no series"
		if arrives {
			state = "**arrives**"
		}
		fmt.Fprintf(&b, "- `%s` %s\n", source.Value, state)
	}
	return b.String()
}

// seriesOf are the names under which the series of a source may be stored: histograms and summaries
// have several.
func seriesOf(source string) []string {
	return []string{source, source + "_bucket", source + "_count", source + "_sum"}
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
