package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// TestData holds each catalogue to its form: it is read without a mistake, is canonical, declares
// metrics only, and says where its names come from.
func TestData(t *testing.T) {
	want := []string{"dcgm", "heddle", "litellm", "otel-genai", "ray-serve", "sglang", "tgi", "triton", "vllm"}
	if got := slices.Collect(Names()); !slices.Equal(got, want) {
		t.Errorf("catalogues %v", got)
	}
	for name := range Names() {
		source, err := data.ReadFile("data/" + name + ".rules")
		if err != nil {
			t.Fatal(err)
		}
		file, errs := syntax.Parse(name+".rules", string(source))
		if errs = syntax.Join(errs, syntax.Check([]*syntax.File{file})); len(errs) > 0 {
			t.Error(errs)
			continue
		}
		if canonical := syntax.Format(file); canonical != string(source) {
			t.Errorf("%s is not canonical; it should be\n%s", name, canonical)
		}
		if name != "heddle" && !strings.Contains(string(source), "Source: ") {
			t.Errorf("%s does not say where its names come from", name)
		}
		for _, d := range file.Declarations {
			if _, ok := d.(*syntax.Metric); !ok {
				t.Errorf("%s declares a %T", name, d)
			}
		}
	}
}

func TestExpand(t *testing.T) {
	expand := func(source string) (map[string]*syntax.Metric, syntax.Errors) {
		t.Helper()
		file, errs := syntax.Parse("x.rules", source)
		if errs != nil {
			t.Fatal(errs)
		}
		files, errs := Expand([]*syntax.File{file})
		metrics := map[string]*syntax.Metric{}
		for _, f := range files {
			for _, d := range f.Declarations {
				if m, ok := d.(*syntax.Metric); ok {
					if metrics[m.Name.Text] != nil {
						t.Errorf("%q is there twice", m.Name.Text)
					}
					metrics[m.Name.Text] = m
				}
			}
		}
		return metrics, errs
	}
	has := func(m *syntax.Metric, source string) bool {
		return m != nil && slices.ContainsFunc(m.Sources, func(s syntax.String) bool { return s.Value == source })
	}

	metrics, errs := expand(`use "vllm"
use "sglang"
use "vllm"
metric queue = gauge "my_queue"
`)
	if errs != nil {
		t.Error(errs)
	}
	if !has(metrics["ttft"], "vllm:time_to_first_token_seconds") || !has(metrics["ttft"], "sglang_time_to_first_token_seconds") {
		t.Error("ttft does not take the series of both catalogues")
	}
	if !has(metrics["queue"], "my_queue") || len(metrics["queue"].Sources) != 1 {
		t.Error("what the file declares does not stand before the catalogue")
	}

	_, errs = expand(`use "vllm"
use "sglang"
test "t" {
  failures{model="a"} counts 1/s for 1m
}
`)
	if len(errs) != 1 {
		t.Error(errs)
	}

	_, errs = expand(`use "vlm"
use "nothing-like-it"
`)
	if len(errs) != 2 || errs[0].Hint != `did you mean "vllm"?` || !strings.HasPrefix(errs[1].Hint, "one of: dcgm,") || errs[0].Start != (syntax.Pos{Line: 1, Column: 5}) {
		t.Error(errs)
	}

	_, errs = expand(`use "vllm"
use "sglang"
rule r on model {
  when ratio(failures, requests, 1m) > 5%
}
`)
	if len(errs) != 1 || !strings.Contains(errs[0].Message, `"failures" means different series`) {
		t.Error(errs)
	}
}
