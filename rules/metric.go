package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/rules/window"
)

// metric is one declared metric: which series it takes, and the windows that the rules need of
// them. Metrics that are declared alike are one.
type metric struct {
	name    string
	kind    syntax.MetricKind
	sources []string
	where   [][]*labels.Matcher // a series fulfils all matchers of one of them
	specs   []window.Spec
}

// part says what a series counts of a metric.
type part uint8

const (
	partValue  part = iota // a counter or gauge itself, a native histogram, or a quantile of a summary
	partBucket             // the classic histogram's observations up to an upper bound
	partCount
	partSum
)

// role is what a series is to a metric.
type role struct {
	metric *metric
	part   part
}

// spec returns the number of the window, which it adds when no rule has asked for it yet.
func (m *metric) spec(family window.Family, width, lag time.Duration) int {
	wanted := window.Spec{Family: family, Width: width.Milliseconds(), Lag: lag.Milliseconds()}
	if i := slices.Index(m.specs, wanted); i >= 0 {
		return i
	}
	m.specs = append(m.specs, wanted)
	return len(m.specs) - 1
}

// roles gives the series names that the metric takes, with what each is to it.
func (m *metric) roles(yield func(name string, r role) bool) {
	for _, source := range m.sources {
		if !yield(source, role{m, partValue}) || m.kind != syntax.Histogram {
			continue
		}
		if !yield(source+"_bucket", role{m, partBucket}) || !yield(source+"_count", role{m, partCount}) || !yield(source+"_sum", role{m, partSum}) {
			return
		}
	}
}

// takes reports whether a series with one of the metric's names belongs to it.
func (m *metric) takes(series labels.Labels) bool {
	return len(m.where) == 0 || slices.ContainsFunc(m.where, func(list []*labels.Matcher) bool { return matches(list, series) })
}

// isPartOf reports whether every series of m has a name that the other takes, and the other takes all
// series of these names.
func (m *metric) isPartOf(other *metric) bool {
	if len(other.where) > 0 {
		return false
	}
	for _, source := range m.sources {
		if !slices.Contains(other.sources, source) {
			return false
		}
	}
	return true
}

// key is equal for metrics that are declared alike.
func (m *metric) key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %q", m.kind, m.sources)
	for _, list := range m.where {
		fmt.Fprintf(&b, " or %s", list)
	}
	return b.String()
}

// upperBound reads the label le of a bucket.
func upperBound(series labels.Labels) (float64, bool) {
	return numberLabel(series, labels.BucketLabel)
}

// quantileLabel is what tells apart the series of a summary.
const quantileLabel = "quantile"

// quantileOf reads the label quantile of a summary.
func quantileOf(series labels.Labels) (float64, bool) {
	return numberLabel(series, quantileLabel)
}

func numberLabel(series labels.Labels, name string) (float64, bool) {
	v, err := strconv.ParseFloat(series.Get(name), 64)
	return v, err == nil && v == v
}
