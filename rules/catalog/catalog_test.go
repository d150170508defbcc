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

// TestRenames holds the catalogues to names that systems gave one thing in different versions and on
// different ways: all of them reach the one canonical name.
func TestRenames(t *testing.T) {
	for _, c := range []struct {
		catalogue, metric string
		names             []string
	}{
		{"vllm", "tpot", []string{"vllm:time_per_output_token_seconds", "vllm:inter_token_latency_seconds", "vllm_inter_token_latency_seconds", "ray_vllm_inter_token_latency_seconds"}},
		{"vllm", "cache", []string{"vllm:gpu_cache_usage_perc", "vllm:kv_cache_usage_perc"}},
		{"vllm", "requests", []string{"vllm:request_success_total", "vllm_request_success_total", "vllm:request_success"}},
		{"sglang", "tpot", []string{"sglang:time_per_output_token_seconds", "sglang:inter_token_latency_seconds"}},
		{"litellm", "tokens_in", []string{"litellm_input_tokens_total", "litellm_input_tokens_metric_total"}},
		{"litellm", "requests", []string{"litellm_proxy_total_requests_metric_total", "litellm_proxy_total_requests_metric"}},
		{"litellm", "api_failures", []string{"litellm_llm_api_failed_requests_metric_total"}},
		{"otel-genai", "latency", []string{"gen_ai.client.operation.duration", "gen_ai_client_operation_duration", "gen_ai_client_operation_duration_seconds", "gen_ai_server_request_duration_seconds"}},
		{"otel-genai", "failures", []string{"gen_ai_client_operation_duration_seconds_count", "gen_ai.client.operation.duration_count", "gen_ai.server.request.duration_seconds_count"}},
		{"otel-genai", "tokens_in", []string{"gen_ai_client_token_usage_sum", "gen_ai.client.token.usage_sum"}},
		{"ray-serve", "requests", []string{"ray_serve_deployment_request_counter", "ray_serve_deployment_request_counter_total"}},
		{"dcgm", "gpu_percent", []string{"DCGM_FI_DEV_GPU_UTIL", "dcgm_gpu_utilization"}},
		{"tgi", "requests", []string{"tgi_request_count", "tgi_request_count_total"}},
		{"triton", "failures", []string{"nv_inference_request_failure", "nv_inference_request_failure_total"}},
	} {
		file, ok := Lookup(c.catalogue)
		if !ok {
			t.Fatalf("no catalogue %s", c.catalogue)
		}
		for _, name := range c.names {
			found := slices.ContainsFunc(file.Declarations, func(d syntax.Declaration) bool {
				m := d.(*syntax.Metric)
				return m.Name.Text == c.metric && slices.ContainsFunc(m.Sources, func(s syntax.String) bool { return s.Value == name })
			})
			if !found {
				t.Errorf("%s: %s does not take %q", c.catalogue, c.metric, name)
			}
		}
	}
}
