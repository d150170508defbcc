package server

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/neuroweaver/heddle/rules"
)

// TestThresholdsAreRules: a file of thresholds alone gives rules, which stay in the copy of the last
// good files.
func TestThresholdsAreRules(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "performance_thresholds.yml")
	if err := os.WriteFile(file, []byte("model_performance:\n  latency: {critical_threshold_ms: 5000}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	config, err := ParseConfig(filepath.Join(dir, "heddle.yml"), []byte("thresholds: performance_thresholds.yml\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	r := &ruleFiles{server: &Server{config: config}}
	files, err := r.readFiles()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(config.Data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := r.keep(files); err != nil {
		t.Fatal(err)
	}
	kept, err := r.readKept()
	if err != nil {
		t.Fatal(err)
	}
	program, errs := kept.Compile(rules.CompileOptions{})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if len(program.Rules()) != 1 || program.Rules()[0].Name != "latency_critical" {
		t.Errorf("rules %v", program.Rules())
	}
}
