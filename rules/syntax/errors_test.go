package syntax

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestErrors reads the broken rule files in testdata/errors and compares what a person is told. A
// case may hold several files, each after a line "-- NAME --"; the first is the one that is loaded.
func TestErrors(t *testing.T) {
	datadriven.Walk(t, "testdata/errors", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			first, files := splitFiles(d.Input)
			loaded, errs := Load([]string{first}, func(path string) ([]byte, error) {
				if text, ok := files[path]; ok {
					return []byte(text), nil
				}
				return nil, fs.ErrNotExist
			})
			all := Join(errs, Check(loaded))
			if len(all) == 0 {
				return "no mistake\n"
			}
			return all.Error() + "\n"
		})
	})
}

func splitFiles(input string) (first string, files map[string]string) {
	name := "x.rules"
	first, files = name, map[string]string{}
	for line := range strings.Lines(input + "\n") {
		if next, ok := strings.CutPrefix(line, "-- "); ok {
			name = strings.TrimSuffix(strings.TrimSpace(next), " --")
			if len(files) == 0 {
				first = name
			}
			continue
		}
		files[name] += line
	}
	return first, files
}
