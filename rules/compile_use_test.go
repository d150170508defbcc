package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// compileFiles compiles files that are written one after the other, with the name of each on a line
// that begins with "== ".
func compileFiles(t *testing.T, source string) (*Program, syntax.Errors) {
	t.Helper()
	var files []*syntax.File
	for part := range strings.SplitSeq(strings.TrimPrefix(source, "== "), "\n== ") {
		name, text, _ := strings.Cut(part, "\n")
		file, errs := syntax.Parse(name, text+"\n")
		if errs != nil {
			t.Fatal(errs)
		}
		files = append(files, file)
	}
	return Compile(files, CompileOptions{})
}

// TestUseHoldsForItsFile: files of one load ask for metrics of the same name in different catalogues, also
// through a let, and each means its own.
func TestUseHoldsForItsFile(t *testing.T) {
	p, errs := compileFiles(t, `== common.rules
use "heddle"
let error_ratio = ratio(failures, requests, 1m)
== vllm.rules
import "common.rules"
use "vllm"
rule slow on model { when p95(latency, 1m) > 2s }
rule failing on model { when rate(failures, 1m) > 1 and error_ratio > 5% }
== sglang.rules
use "sglang"
rule failing_too on model { when rate(failures, 1m) > 1 summary "{rate(requests, 1m)}" }
`)
	if errs != nil {
		t.Fatal(errs)
	}
	sources := func(rule int) string {
		var names []string
		p.rules[rule].when.walk(func(n *node) {
			if n.kind == nodeTerm {
				term := p.rules[rule].scope.terms[n.term]
				names = append(names, p.rules[rule].scope.metrics[term.slot].sources[0])
			}
		})
		return strings.Join(names, " ")
	}
	for i, want := range []string{"vllm:e2e_request_latency_seconds", "vllm:request_success_total heddle_failures_total", "sglang:num_aborted_requests_total"} {
		if got := sources(i); got != want {
			t.Errorf("%s looks at %s, want %s", p.rules[i].info.Name, got, want)
		}
	}
	if !slices.Contains(p.SeriesNames(), "sglang:num_requests_total") {
		t.Errorf("the summary's metric is not there: %v", p.SeriesNames())
	}
}

// TestUseIsNotImported: what a file takes from a catalogue is nobody else's; what it declares is.
func TestUseIsNotImported(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`== common.rules
use "heddle"
== chat.rules
import "common.rules"
rule slow on model { when p95(latency, 1m) > 2s }
`, `chat.rules:2:31: "latency" is not a metric`},
		{`== common.rules
use "vllm"
use "sglang"
rule failing on model { when rate(failures, 1m) > 1 }
== chat.rules
use "vllm"
rule failing_too on model { when rate(failures, 1m) > 1 }
`, `common.rules:2:5: "failures" means different series in the catalogues "vllm" and "sglang"`},
		{`== common.rules
use "vllm"
rule a on model { when rate(latency, 1m) > 1 }
== other.rules
use "heddle"
rule b on model { when avg(requests, 1m) > 1 }
`, `other.rules:2:28: "requests" is a counter, this needs a gauge or histogram`},
	} {
		_, errs := compileFiles(t, c.source)
		if !strings.Contains(errs.Error(), c.want) {
			t.Errorf("%s\ngives\n%v\nwant %s", c.source, errs, c.want)
		}
	}
	p, errs := compileFiles(t, `== common.rules
metric latency = gauge "mine"
== chat.rules
use "heddle"
rule slow on model { when avg(latency, 1m) > 2s }
`)
	if errs != nil {
		t.Fatal(errs)
	}
	if got := p.SeriesNames(); len(got) != 1 || got[0] != "mine" {
		t.Errorf("what a file declares does not stand before a catalogue: %v", got)
	}
}
