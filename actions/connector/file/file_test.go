package file

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/connector/conformance"
)

func open(t testing.TB, path string) *Connector {
	t.Helper()
	c, err := New(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T) conformance.Target {
		path := filepath.Join(t.TempDir(), "routes.json")
		return conformance.Target{
			Open: func(step func(string) error) connector.Connector {
				c := open(t, path)
				c.step = step
				return c
			},
			Holds: func(route string) connector.Reading {
				raw, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				var doc struct {
					Routes map[string]struct {
						Epoch   uint64
						Serving string
					}
				}
				if err := json.Unmarshal(raw, &doc); err != nil {
					t.Fatalf("a reader sees %q: %v", raw, err)
				}
				return connector.Reading{Epoch: doc.Routes[route].Epoch, Model: doc.Routes[route].Serving}
			},
			Break: func() (string, func()) {
				if err := os.WriteFile(path, []byte(`{"routes":`), 0o644); err != nil {
					t.Fatal(err)
				}
				return "not a document of routes", func() { os.Remove(path) }
			},
		}
	})
}

func TestDocumentHasTheFixedForm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "routes.json")
	a := conformance.Assignment("chat", 7, "claude-sonnet")
	if _, err := open(t, path).Apply(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if want := `{"routes":{"chat":{"epoch":7,"serving":"claude-sonnet","weights":{"claude-sonnet":1}}}}`; err != nil || strings.TrimSpace(string(raw)) != want {
		t.Errorf("%s %v", raw, err)
	}
	a = connector.Assignment{Route: "chat", Epoch: 8, From: "claude-sonnet", To: "gpt-4o", Weights: map[string]float64{"gpt-4o": 0.25, "claude-sonnet": 0.75}}
	if _, err := open(t, path).Apply(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	raw, _ = os.ReadFile(path)
	if want := `{"routes":{"chat":{"epoch":8,"serving":"claude-sonnet","weights":{"claude-sonnet":0.75,"gpt-4o":0.25}}}}`; strings.TrimSpace(string(raw)) != want {
		t.Errorf("%s", raw)
	}
}

func TestRoutesShareTheDocument(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "routes.json")
	c := open(t, path)
	routes := []string{"a", "b", "c", "d"}
	var group sync.WaitGroup
	for _, route := range routes {
		group.Go(func() {
			for epoch := range uint64(10) {
				if _, err := c.Apply(t.Context(), conformance.Assignment(route, epoch+1, "m")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for _, route := range routes {
		if reading, err := c.Read(t.Context(), route); err != nil || reading.Epoch != 10 {
			t.Errorf("%s: %+v %v", route, reading, err)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%v was left behind", files)
	}
}

func TestLinkAndModeAreKept(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.json"), filepath.Join(dir, "link.json")
	if err := os.WriteFile(real, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Skip(err)
	}
	if _, err := open(t, link).Apply(t.Context(), conformance.Assignment("chat", 1, "m")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
	if info, _ := os.Stat(real); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestNoDirectoryIsAnError(t *testing.T) {
	if _, err := New(filepath.Join(t.TempDir(), "nowhere", "routes.json")); err == nil {
		t.Error("taken")
	}
}

func BenchmarkApply(b *testing.B) {
	c := open(b, filepath.Join(b.TempDir(), "routes.json"))
	for epoch := uint64(1); b.Loop(); epoch++ {
		if _, err := c.Apply(b.Context(), conformance.Assignment("chat", epoch, "m")); err != nil {
			b.Fatal(err)
		}
	}
}
