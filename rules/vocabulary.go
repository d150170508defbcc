package rules

import (
	"maps"
	"slices"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// vocabulary is what the names of metrics stand for in the files of a load. What a file declares is seen
// by all; what a catalogue has, by the file that uses it.
type vocabulary struct {
	declared map[string]*metric
	taken    map[string]map[string]*metric // by file name
}

// metric returns what a name stands for in a file, nil where it stands for no metric.
func (v *vocabulary) metric(f *syntax.File, name string) *metric {
	if m, ok := v.declared[name]; ok {
		return m
	}
	return v.taken[f.Name][name]
}

// add enters a metric that a file declares, or that a catalogue has for the file that takes it.
func (v *vocabulary) add(f *syntax.File, name string, m *metric) {
	if f.TakenBy == nil {
		v.declared[name] = m
		return
	}
	if v.taken[f.TakenBy.Name] == nil {
		v.taken[f.TakenBy.Name] = map[string]*metric{}
	}
	v.taken[f.TakenBy.Name][name] = m
}

// names gives the names that stand for a metric in a file, sorted.
func (v *vocabulary) names(f *syntax.File) []string {
	names := slices.Collect(maps.Keys(v.declared))
	for name := range v.taken[f.Name] {
		if v.declared[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
