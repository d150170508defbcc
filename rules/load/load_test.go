package load

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/neuroweaver/heddle/rules"
)

// write makes files below a new directory and returns it.
func write(t *testing.T, files map[string]string) string {
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
	return dir
}

func TestReadFollowsImportsAndCompilesWithoutTheDisk(t *testing.T) {
	dir := write(t, map[string]string{
		"b.rules":           "import \"shared/base.rules\"\nrule slow on model {\n  when p95(latency, 1m) > 2s\n  switch chat\n}\n",
		"a.rules":           "import \"shared/base.rules\"\n",
		"shared/base.rules": "metric latency = histogram \"l\"\nroute chat {\n  models \"m\", \"n\"\n}\n",
		"t.yml":             "model_performance:\n  latency: {critical_threshold_ms: 5000}\n",
	})
	set, err := Read([]string{filepath.Join(dir, "*.rules")}, filepath.Join(dir, "t.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var bases []string
	for _, name := range set.Names() {
		bases = append(bases, filepath.Base(name))
	}
	if !slices.Equal(bases, []string{"a.rules", "base.rules", "b.rules", "t.yml"}) {
		t.Errorf("read %v", bases)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	program, errs := set.Compile(rules.CompileOptions{})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var names []string
	for _, r := range program.Rules() {
		names = append(names, r.Name)
		if !slices.Equal(r.Switch, []string{"chat"}) {
			t.Errorf("%s switches %v", r.Name, r.Switch)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"latency_critical", "slow"}) {
		t.Errorf("rules %v", names)
	}
}

func TestCompileReportsAllMistakesOfAllFiles(t *testing.T) {
	dir := write(t, map[string]string{
		"a.rules": "use \"vlm\"\nimport \"none.rules\"\nrule slow on model {\n  whn p95(latncy, 1m) > 2s\n}\nmetric latency = histogram \"l\"\n",
		"b.rules": "rule slow on model {\n  when p95(latency, 1) > 2s\n}\n",
		"t.yml":   "model_performance:\n  latncy: {}\n",
	})
	set, err := Read([]string{filepath.Join(dir, "*.rules")}, filepath.Join(dir, "t.yml"))
	if err != nil {
		t.Fatal(err)
	}
	_, errs := set.Compile(rules.CompileOptions{})
	var got []string
	for _, e := range errs {
		got = append(got, filepath.Base(e.File)+":"+e.Start.String()+" "+strings.ReplaceAll(e.Message, filepath.ToSlash(dir)+"/", ""))
	}
	want := []string{
		`a.rules:1:5 "vlm" is not a catalogue`,
		`a.rules:2:8 "none.rules" cannot be read: no such file or directory`,
		`a.rules:4:3 "whn" is not a clause of a rule`,
		`a.rules:4:11 "latncy" is not a metric`,
		`t.yml:2:3 "latncy" is not a setting`,
		`b.rules:1:6 the rule "slow" is declared twice`,
		`b.rules:2:21 a time such as 5m must stand here, not the number 1`,
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestReadWithoutFiles(t *testing.T) {
	dir := t.TempDir()
	if set, err := Read([]string{filepath.Join(dir, "*.rules")}, ""); err != nil || len(set) != 0 {
		t.Errorf("%v, %v", set, err)
	}
	if _, err := Read([]string{filepath.Join(dir, "a.rules")}, ""); err == nil {
		t.Error("a file that is named may be missing")
	}
	if _, err := Read(nil, filepath.Join(dir, "t.yml")); err == nil {
		t.Error("the file of thresholds may be missing")
	}
	if _, err := Read([]string{dir}, ""); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a directory gives %v", err)
	}
}
