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

// TestUsualThresholds: the usual file beside the configuration is used where no other is named, and its
// loss leaves its rules in force.
func TestUsualThresholds(t *testing.T) {
	dir := t.TempDir()
	usual := filepath.Join(dir, "performance_thresholds.yml")
	config, err := ParseConfig(filepath.Join(dir, "heddle.yml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := config.ThresholdsFile(); got != "" {
		t.Errorf("there is no file, but %q is to be read", got)
	}
	if err := os.WriteFile(usual, []byte("model_performance:\n  latency: {critical_threshold_ms: 5000}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := config.ThresholdsFile(); got != usual {
		t.Errorf("%q is to be read, not %q", got, usual)
	}
	r := &ruleFiles{server: &Server{config: config}}
	if r.inForce, err = r.readFiles(); err != nil || len(r.inForce) != 1 {
		t.Fatal(r.inForce, err)
	}
	if err := os.Remove(usual); err != nil {
		t.Fatal(err)
	}
	files, err := r.readFiles()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.checkEmptied(files); err == nil {
		t.Error("the rules of the thresholds vanish with their file")
	}
	config.Thresholds = "other.yml"
	if got := config.ThresholdsFile(); got != "other.yml" {
		t.Errorf("%q is to be read, not the one that is named", got)
	}
}
