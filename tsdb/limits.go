package tsdb

import (
	"maps"
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb/index"
)

// limits bound how many series there may be. They refuse new series; known ones are never touched.
type limits struct {
	series   int
	perLabel map[string]int
	names    []string // of perLabel in order, so that the same offender is named each time
}

func newLimits(o Options) limits {
	return limits{series: o.MaxSeries, perLabel: o.MaxSeriesPerLabel, names: slices.Sorted(maps.Keys(o.MaxSeriesPerLabel))}
}

// admit returns a *LimitError if one more series with these labels is one too many.
func (l limits) admit(counts index.Counts, ls labels.Labels) error {
	for _, name := range l.names {
		most := l.perLabel[name]
		value := ls.Get(name)
		if value != "" && counts.With(name, value) >= most {
			return &LimitError{Limit: name, Value: value, Max: most, Series: ls}
		}
	}
	if l.series > 0 && counts.Series() >= l.series {
		return &LimitError{Limit: "max_series", Max: l.series, Series: ls}
	}
	return nil
}
