package syntax

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

func TestLint(t *testing.T) {
	datadriven.RunTest(t, "testdata/lint", func(t *testing.T, d *datadriven.TestData) string {
		file, errs := Parse("x.rules", d.Input)
		if errs = Join(errs, Check([]*File{file})); len(errs) > 0 {
			t.Fatal(errs)
		}
		var b strings.Builder
		for _, w := range Lint([]*File{file}) {
			b.WriteString(w.String() + "\n")
		}
		return b.String()
	})
}
