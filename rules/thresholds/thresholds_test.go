package thresholds

import (
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/neuroweaver/heddle/rules/catalog"
	"github.com/neuroweaver/heddle/rules/syntax"
)

// TestRules prints the rules that a file of thresholds stands for, or its mistakes. The argument
// routes names the routes there are.
func TestRules(t *testing.T) {
	datadriven.RunTest(t, "testdata/thresholds", func(t *testing.T, d *datadriven.TestData) string {
		var routes []string
		for _, arg := range d.CmdArgs {
			if arg.Key == "routes" {
				routes = arg.Vals
			}
		}
		text, errs := Rules("performance_thresholds.yml", d.Input, routes)
		if len(errs) > 0 {
			return errs.Error() + "\n"
		}
		file, errs := syntax.Parse("x.rules", text)
		files, more := catalog.Expand([]*syntax.File{file})
		declared, _ := syntax.Parse("routes.rules", "route chat { models \"a\" }\nroute search { models \"a\" }\n")
		if errs = syntax.Join(errs, more, syntax.Check(append(files, declared))); len(errs) > 0 {
			t.Errorf("the rules have mistakes: %v\n%s", errs, text)
		}
		return text
	})
}

func FuzzRules(f *testing.F) {
	f.Add("model_performance:\n  accuracy: {warning_threshold: 0.85}\n")
	f.Add("alert_settings: {evaluation_window_minutes: 7.5}")
	f.Fuzz(func(t *testing.T, source string) {
		text, errs := Rules("x.yml", source, nil)
		if len(errs) > 0 {
			_ = errs.Error()
			return
		}
		if _, errs := syntax.Parse("x.rules", text); len(errs) > 0 {
			t.Fatalf("%v\n%s", errs, text)
		}
	})
}
