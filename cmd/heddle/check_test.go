package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inDirectory makes files in a new directory and goes there.
func inDirectory(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

// run executes one command line.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

const goodRules = `use "heddle"

rule slow on model {
  when     p95(latency, 1m) > 2s
  for      15s
}
`

func TestCheck(t *testing.T) {
	inDirectory(t, map[string]string{
		"good.rules":        goodRules,
		"odd.rules":         "use \"heddle\"\nlet unused = 5\n",
		"bad.rules":         "rule slow on model {\n  whn p95(latncy, 1m) > 2s\n}\n",
		"thresholds.yml":    "model_performance:\n  latency: {critical_threshold_ms: 5000}\n",
		"badthresholds.yml": "model_performance:\n  latncy: {critical_threshold_ms: 5000}\n",
		"heddle.yml":        "rules: [\"good.rules\"]\n",
		"badconfig.yml":     "rulez: []\n",
		"badrules.yml":      "rules: [\"bad.rules\"]\n",
		"names.rules":       "rule slow on model {\n  when p95(latncy, 1m) > 2s\n  notify oncal\n}\nroute chat {\n  models \"a\"\n  apply litelm\n}\n",
		"names.yml":         "rules: [\"names.rules\"]\n",
	})
	for _, c := range []struct {
		args string
		code int
		want []string
	}{
		{"good.rules", exitDone, []string{"no mistakes in 1 rule, 0 routes"}},
		{"odd.rules", exitDone, []string{"odd.rules:2:5: warning: nothing uses the let \"unused\" [unused-name]"}},
		{"bad.rules", exitBad, []string{"bad.rules:2:3: \"whn\" is not a clause", "bad.rules:2:11: \"latncy\" is not a metric", "2 mistakes"}},
		{"good.rules bad.rules", exitBad, []string{"is declared twice", "bad.rules:2:11"}},
		{"bad.rules badthresholds.yml", exitBad, []string{"bad.rules:2:3", "badthresholds.yml:2:3: \"latncy\" is not a setting"}},
		{"thresholds.yml", exitDone, []string{"no mistakes in 1 rule"}},
		{"--print-rules thresholds.yml", exitDone, []string{"rule latency_critical on model {", "p95(latency, 10m) > 5s"}},
		{"heddle.yml", exitDone, []string{"heddle.yml: no mistakes", "good.rules: no mistakes"}},
		{"badrules.yml", exitBad, []string{"bad.rules:2:11"}},
		{"names.rules", exitBad, []string{"names.rules:2:12", "1 mistake"}},
		{"names.yml", exitBad, []string{"names.rules:2:12", "names.rules:3:10: no such receiver: oncal", "names.rules:7:9: no such connector: litelm", "3 mistakes"}},
		{"badconfig.yml", exitBad, []string{"rulez"}},
		{"missing.rules", exitBad, []string{"missing.rules"}},
		{"--quiet good.rules", exitDone, nil},
	} {
		code, stdout, stderr := run(t, append([]string{"check"}, strings.Fields(c.args)...)...)
		if code != c.code || stderr != "" || len(c.want) == 0 && stdout != "" {
			t.Errorf("check %s: exit code %d\n%s%s", c.args, code, stdout, stderr)
		}
		for _, want := range c.want {
			if !strings.Contains(stdout, want) {
				t.Errorf("check %s: want %q in\n%s", c.args, want, stdout)
			}
		}
	}
	if code, _, stderr := run(t, "check"); code != exitUsage || !strings.Contains(stderr, "heddle check --help") {
		t.Errorf("check without a file: exit code %d, %s", code, stderr)
	}
}

func TestFmt(t *testing.T) {
	ugly := "use \"heddle\"\nrule slow on model{when p95(latency,1m)>2s for 15s}\n"
	inDirectory(t, map[string]string{"a.rules": ugly, "good.rules": goodRules, "bad.rules": "rule {"})

	if code, stdout, _ := run(t, "fmt", "a.rules"); code != exitDone || stdout != goodRules {
		t.Errorf("fmt: exit code %d\n%s", code, stdout)
	}
	if code, stdout, _ := run(t, "fmt", "--diff", "a.rules", "good.rules"); code != exitBad || !strings.Contains(stdout, "-rule slow on model{when") || strings.Contains(stdout, "good.rules") {
		t.Errorf("fmt --diff: exit code %d\n%s", code, stdout)
	}
	if code, stdout, _ := run(t, "fmt", "--diff", "good.rules"); code != exitDone || stdout != "" {
		t.Errorf("fmt --diff of a canonical file: exit code %d\n%s", code, stdout)
	}
	if err := os.Chmod("a.rules", 0o640); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := run(t, "fmt", "-w", "a.rules", "good.rules", "bad.rules")
	if code != exitBad || stdout != "a.rules\n" || !strings.Contains(stderr, "bad.rules:1:6") {
		t.Errorf("fmt -w: exit code %d\n%s%s", code, stdout, stderr)
	}
	text, err := os.ReadFile("a.rules")
	if err != nil || string(text) != goodRules {
		t.Errorf("fmt -w wrote %s, %v", text, err)
	}
	if info, err := os.Stat("a.rules"); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("fmt -w changed the permissions: %v, %v", info.Mode(), err)
	}
	if text, _ := os.ReadFile("bad.rules"); string(text) != "rule {" {
		t.Errorf("fmt -w touched a file with mistakes: %s", text)
	}
	if entries, _ := os.ReadDir("."); len(entries) != 3 {
		t.Errorf("fmt -w left files behind: %v", entries)
	}
}

func TestImportPrometheus(t *testing.T) {
	inDirectory(t, map[string]string{"alerts.yml": `groups:
- name: g
  rules:
  - alert: Slow
    expr: histogram_quantile(0.95, sum by (le, model) (rate(llm_seconds_bucket[5m]))) > 2
  - alert: Gone
    expr: absent(up)
`})
	code, stdout, stderr := run(t, "import", "prometheus", "alerts.yml")
	if code != exitBad || !strings.Contains(stdout, "quantile(0.95, llm_seconds, 5m) > 2") || !strings.Contains(stderr, "alerts.yml:6: Gone not imported: absent") || !strings.Contains(stderr, "1 rule imported, 1 left out") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if err := os.WriteFile("imported.rules", []byte(stdout), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, stdout, _ := run(t, "check", "imported.rules"); code != exitDone {
		t.Errorf("the imported rules do not load:\n%s", stdout)
	}
}
