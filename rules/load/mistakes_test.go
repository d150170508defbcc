package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/rules/syntax"
)

// TestMistakes loads broken rule files of the kind that people and other tools write, and compares what
// a person is told. A case may hold several files, each after a line "-- NAME --"; all of them are
// loaded. "\t" and other escapes that Go knows stand for themselves where the case says "escaped".
func TestMistakes(t *testing.T) {
	datadriven.Walk(t, "testdata/mistakes", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			input := d.Input + "\n"
			if d.HasArg("escaped") {
				input = unescape.Replace(input)
			}
			set := readCase(t, input)
			if d.Cmd == "lint" {
				return lint(t, set)
			}
			_, errs := set.Compile(rules.CompileOptions{})
			if len(errs) == 0 {
				return "no mistake\n"
			}
			return strings.ReplaceAll(errs.Error(), "\r", `\r`) + "\n"
		})
	})
}

var unescape = strings.NewReplacer(`\r\n`, "\r\n", `\t`, "\t", `\0`, "\x00", `\xff`, "\xff", `\ufeff`, "\ufeff", `\u00a0`, "\u00a0", `\u200b`, "\u200b", `\n`, "\n")

// readCase puts the files of a case into a directory of their own and reads them.
func readCase(t *testing.T, input string) Set {
	t.Helper()
	t.Chdir(t.TempDir())
	name, files := "x.rules", map[string]string{}
	for line := range strings.Lines(input) {
		if next, ok := strings.CutPrefix(line, "-- "); ok {
			name = strings.TrimSuffix(strings.TrimSpace(next), " --")
			continue
		}
		files[name] += line
	}
	var names []string
	for name, text := range files {
		names = append(names, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set, err := Read(names, "")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func lint(t *testing.T, set Set) string {
	t.Helper()
	if _, errs := set.Compile(rules.CompileOptions{}); len(errs) > 0 {
		t.Fatal(errs)
	}
	files, _ := set.Parse()
	var b strings.Builder
	for _, w := range syntax.Lint(files) {
		b.WriteString(w.String() + "\n")
	}
	return b.String()
}
