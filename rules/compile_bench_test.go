package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// BenchmarkCompile is a load of n metrics and n rules; the time for one rule should not depend on n.
func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{100, 1000, 4000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var source strings.Builder
			for i := range n {
				fmt.Fprintf(&source, "metric requests_%d = counter \"requests_%d_total\"\n", i, i)
				fmt.Fprintf(&source, "rule busy_%d on model { when rate(requests_%d, 1m) > %d and increase(requests_%d, 5m) > 1 }\n", i, i, i, i)
			}
			file, errs := syntax.Parse("x.rules", source.String())
			if errs != nil {
				b.Fatal(errs)
			}
			for b.Loop() {
				if _, errs := Compile([]*syntax.File{file}, CompileOptions{BudgetSamples: 1 << 40}); errs != nil {
					b.Fatal(errs)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/rule")
		})
	}
}
