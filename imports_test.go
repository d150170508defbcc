package heddle_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/neuroweaver/heddle"

// forbidden is the import table of docs/architecture.md. A rule covers a room and all below it,
// and applies to product code: a test may look at a package from any side.
var forbidden = []struct {
	room    string
	never   []string
	because string
}{
	{"tsdb", rooms("ingest", "rules", "query", "actions", "server", "cmd"), "the store can be embedded alone"},
	{"rules/syntax", rooms("tsdb", "ingest", "rules", "query", "actions", "server", "cmd"), "tools parse rule files without the engine"},
	{"rules/window", append(rooms("tsdb", "ingest", "query", "actions", "server", "cmd"), "os", "net", "net/http", "io/fs", "time/tzdata"), "windows are pure, so that they can be checked against a batch computation"},
	{"rules/detect", append(rooms("tsdb", "ingest", "query", "actions", "server", "cmd"), "os", "net", "net/http", "io/fs", "time"), "detectors are pure, so that their false alarms can be counted in a simulation"},
	{"rules", rooms("actions", "query", "server", "cmd"), "deciding is not doing"},
	{"query", rooms("rules", "actions", "ingest", "server", "cmd"), "a query only reads"},
	{"ingest", rooms("rules", "query", "actions", "server", "cmd"), "a door, not a brain"},
	{"actions", rooms("tsdb", "query", "ingest", "server", "cmd"), "all it needs is in what it is told"},
	{"server", rooms("cmd"), "the server is testable in one process"},
	{".", heavy, "these pull cloud and cluster clients into the binary"},
}

// heavy lists the packages that link Kubernetes, AWS or Azure clients.
var heavy = []string{
	"github.com/prometheus/prometheus/config",
	"github.com/prometheus/prometheus/rules",
	"github.com/prometheus/prometheus/storage/remote",
	"github.com/prometheus/prometheus/web",
	"github.com/prometheus/prometheus/scrape",
	"github.com/prometheus/prometheus/tsdb",
	"github.com/prometheus/prometheus/promql/promqltest",
	"github.com/prometheus/prometheus/discovery",
}

// light are packages below a heavy one that do not pull it in.
var light = []string{
	"github.com/prometheus/prometheus/tsdb/chunkenc",
	"github.com/prometheus/prometheus/tsdb/chunks",
	"github.com/prometheus/prometheus/tsdb/index",
	"github.com/prometheus/prometheus/tsdb/tombstones",
	"github.com/prometheus/prometheus/tsdb/tsdbutil",
}

func rooms(names ...string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = module + "/" + name
	}
	return paths
}

// within reports whether path is at or below root.
func within(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

func TestImportTable(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			name := entry.Name()
			if path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || isNestedModule(path)) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files++
		checkFile(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("no source file was looked at")
	}
}

// isNestedModule reports whether dir is the root of another module (tests that need heavy oracles).
func isNestedModule(dir string) bool {
	matches, _ := filepath.Glob(filepath.Join(dir, "go.mod"))
	return len(matches) > 0
}

func checkFile(t *testing.T, path string) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	dir := filepath.ToSlash(filepath.Dir(path))
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		for _, rule := range forbidden {
			if rule.room != "." && !within(dir, rule.room) {
				continue
			}
			for _, never := range rule.never {
				if within(imported, never) && !isOwn(rule.room, imported) && !isLight(imported) {
					t.Errorf("%s imports %s: %s", path, imported, rule.because)
				}
			}
		}
		if !within(dir, "cmd") && imported == "flag" {
			t.Errorf("%s imports flag: only cmd reads the command line", path)
		}
	}
	if !within(dir, "cmd") {
		checkProcessState(t, path)
	}
}

// isOwn lets a package import its own subpackages where the rule names an ancestor of both.
func isOwn(room, imported string) bool {
	return within(imported, module+"/"+room)
}

func isLight(imported string) bool {
	for _, path := range light {
		if imported == path {
			return true
		}
	}
	return false
}
