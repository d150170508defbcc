package syntax

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// ArgKind says what may stand as an argument of a function.
type ArgKind uint8

// The kinds of arguments.
const (
	// MetricArg is the name of a metric of one of the argument's Metrics kinds.
	MetricArg ArgKind = iota
	// WindowArg is a written time above zero: 5m.
	WindowArg
	// ShareArg is a written number from 0 to 1: 99%, 0.99.
	ShareArg
	// NumberArg is a written number, perhaps with a sign: 2s, 0.25.
	NumberArg
	// ExprArg is an expression with a number as its value.
	ExprArg
	// DirectionArg is up or down.
	DirectionArg
	// RuleArg is the name of a rule, RouteArg of a route.
	RuleArg
	RouteArg
	// SubjectArg is a metric, or one counter divided by another: failures / requests.
	SubjectArg
)

// MetricKind is what a metric is; kinds of an argument are joined by or.
type MetricKind uint8

// The kinds of metrics.
const (
	Counter MetricKind = 1 << iota
	Gauge
	Histogram
	AnyMetric = Counter | Gauge | Histogram
)

// MetricKinds are the words for the kinds of metrics in a file.
var metricKinds = map[string]MetricKind{"counter": Counter, "gauge": Gauge, "histogram": Histogram}

// ParseMetricKind returns the kind that a word of a metric declaration stands for.
func ParseMetricKind(word string) (MetricKind, bool) {
	kind, ok := metricKinds[word]
	return kind, ok
}

// String gives the word, or several joined by "or".
func (k MetricKind) String() string {
	var words []string
	for _, word := range slices.Sorted(maps.Keys(metricKinds)) {
		if k&metricKinds[word] != 0 {
			words = append(words, word)
		}
	}
	return strings.Join(words, " or ")
}

// Arg is one argument of a function.
type Arg struct {
	// Name is what the argument is called in documentation: "m", "w", "q".
	Name string
	Kind ArgKind
	// Metrics are the kinds that a MetricArg or SubjectArg may have.
	Metrics MetricKind
}

// Signature is all there is to know of a function without running it: compiler, documentation,
// hover and completion read this one table.
type Signature struct {
	Name   string
	Family string
	Args   []Arg
	// Boolean is set where the value is true or false rather than a number.
	Boolean bool
	// Share is set where the value lies between 0 and 1.
	Share bool
	// What is one sentence, Formula how the value is computed, Unit what it is measured in.
	What, Formula, Unit string
	// What the function gives where the window holds nothing, holds one sample, spans a counter's
	// reset, and when a sample arrives late but within the grace window.
	NoData, OneSample, Reset, Late string
}

// Usage gives the form of a call: "p95(m, w)".
func (s *Signature) Usage() string {
	names := make([]string, len(s.Args))
	for i, arg := range s.Args {
		names[i] = arg.Name
	}
	return s.Name + "(" + strings.Join(names, ", ") + ")"
}

// Function returns the signature of a function.
func Function(name string) (*Signature, bool) {
	for i := range signatures {
		if signatures[i].Name == name {
			return &signatures[i], true
		}
	}
	return nil, false
}

// Functions returns all signatures in the order in which documentation lists them.
func Functions() iter.Seq[*Signature] {
	return func(yield func(*Signature) bool) {
		for i := range signatures {
			if !yield(&signatures[i]) {
				return
			}
		}
	}
}

func functionNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for s := range Functions() {
			if !yield(s.Name) {
				return
			}
		}
	}
}
