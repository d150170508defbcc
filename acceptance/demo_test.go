package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemo runs `heddle demo` as a newcomer does, and looks at what it says and what it leaves.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("the demo takes half a minute")
	}
	t.Parallel()
	f := func(name string, keep bool, flags ...string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			temporary := t.TempDir()
			command := exec.CommandContext(t.Context(), heddle, append([]string{"demo"}, flags...)...)
			command.Env = append(os.Environ(), "TMPDIR="+temporary)
			output, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			t.Logf("\n%s", output)
			for _, want := range []string{"http://127.0.0.1:", "gpt-4", "gpt-3.5-turbo", "wrong_answers", "What next"} {
				if !strings.Contains(string(output), want) {
					t.Errorf("it does not say %q", want)
				}
			}
			left, err := filepath.Glob(filepath.Join(temporary, "*"))
			if err != nil {
				t.Fatal(err)
			}
			if !keep {
				if len(left) != 0 {
					t.Errorf("it left %v", left)
				}
				return
			}
			if len(left) != 1 {
				t.Fatalf("--keep left %v, want one directory", left)
			}
			if code, stdout, stderr := run(t, left[0], "audit", "verify", "--data", "data"); code != 0 {
				t.Errorf("the journal that was kept: exit code %d\n%s%s", code, stdout, stderr)
			}
		})
	}
	f("as it is", false)
	f("quiet and kept", true, "-q", "--keep")
}
