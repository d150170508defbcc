package promimport

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/rules/syntax"
)

// TestImport prints the notes and the rules that are made of Prometheus's; they must load.
func TestImport(t *testing.T) {
	datadriven.RunTest(t, "testdata/import", func(t *testing.T, d *datadriven.TestData) string {
		result, err := Import("alerts.yml", []byte(d.Input), Options{})
		if err != nil {
			return err.Error() + "\n"
		}
		file, errs := syntax.Parse("imported.rules", result.Text)
		if _, more := rules.Compile([]*syntax.File{file}, rules.CompileOptions{}); len(errs)+len(more) > 0 {
			t.Errorf("what was made does not load: %v\n%s", syntax.Join(errs, more), result.Text)
		}
		var b strings.Builder
		for _, n := range result.Notes {
			fmt.Fprintf(&b, "line %d: %s (imported %t): %s\n", n.Line, n.Name, n.Imported, n.Message)
		}
		return b.String() + result.Text
	})
}

func FuzzImport(f *testing.F) {
	for _, expr := range []string{
		`sum by (model) (rate(a_total{b=~"x|y"}[5m])) / sum by (model) (rate(c_total[5m])) > 0.05`, `a > 1 and b < 2 or -c != 3`,
		`histogram_quantile(0.9, sum by (le, model) (rate(x_bucket[5m] offset 1h))) > 1`, `avg_over_time(q[5m:1m]) > 1`, `absent(x)`, `{__name__="a"} > 1`,
		`sum by ("x.y") (rate({"a.b", "c.d"!=""}[5m])) > 1`,
	} {
		f.Add(expr)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		source := "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: " + fmt.Sprintf("%q", expr) + "\n"
		result, err := Import("x.yml", []byte(source), Options{})
		if err != nil {
			if strings.Contains(err.Error(), "is not a rule file:") {
				t.Fatal(err)
			}
			return
		}
		if _, errs := syntax.Parse("x.rules", result.Text); len(errs) > 0 {
			t.Fatalf("%v\n%s", errs, result.Text)
		}
	})
}
