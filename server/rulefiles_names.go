package server

import (
	"maps"
	"slices"
	"strings"

	"github.com/neuroweaver/heddle/rules/load"
	"github.com/neuroweaver/heddle/rules/syntax"
)

// CheckNames reports every receiver and connector that rule files name and the configuration does not
// have, each with its place.
func (c *Config) CheckNames(set load.Set) syntax.Errors {
	var receivers []string
	for _, r := range c.Receivers {
		receivers = append(receivers, r.Name)
	}
	connectors := slices.Sorted(maps.Keys(c.Connectors))
	var errs syntax.Errors
	check := func(f *syntax.File, name syntax.Title, kind string, known []string) {
		if slices.Contains(known, name.Text) {
			return
		}
		hint := "the configuration has no " + kind + "s"
		if len(known) > 0 {
			hint = "the configuration has " + strings.Join(known, ", ")
		}
		errs = append(errs, f.Error(name.Span, "no such "+kind+": "+name.Text, hint))
	}
	files, _ := set.Parse()
	for _, f := range files {
		for _, d := range f.Declarations {
			switch d := d.(type) {
			case *syntax.Rule:
				if notify := d.Notify(); notify != nil {
					for _, name := range notify.Receivers {
						check(f, name, "receiver", receivers)
					}
				}
			case *syntax.Route:
				if apply := d.Apply(); apply != nil {
					for _, name := range apply.Connectors {
						check(f, name, "connector", connectors)
					}
				}
			}
		}
	}
	return errs
}
