package acceptance

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block is a fenced block of a document: ```LANGUAGE FILE, both optional.
type block struct {
	language, file, text string
	line                 int
}

func readBlocks(t *testing.T, path string) []block {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var blocks []block
	var open *block
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		info, fence := strings.CutPrefix(lines.Text(), "```")
		switch {
		case fence && open == nil:
			language, name, _ := strings.Cut(info, " ")
			open = &block{language: language, file: name, line: number}
		case fence:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.text += lines.Text() + "\n"
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return blocks
}

// TestReadme does what the README says, from top to bottom: files are written, commands are run, and each
// must succeed. `heddle serve` stays up for what follows it; make targets must exist.
func TestReadme(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the README's examples need curl")
	}
	s := &server{t: t, dir: t.TempDir(), address: freeAddress(t)}
	t.Cleanup(func() {
		if s.command != nil {
			s.kill()
		}
	})
	adapt := func(text string) string { return strings.ReplaceAll(text, "127.0.0.1:9480", s.address) }
	commands := 0
	for _, b := range readBlocks(t, "../README.md") {
		switch {
		case b.file != "":
			if err := os.MkdirAll(filepath.Dir(s.path(b.file)), 0o700); err != nil {
				t.Fatal(err)
			}
			s.write(b.file, adapt(b.text))
			if b.file == "prometheus.yml" {
				s.checkPrometheusConfig(b)
			}
		case b.language == "sh" && strings.HasPrefix(b.text, "make "):
			checkTargets(t, b)
		case b.language == "sh":
			commands++
			text, serve := strings.CutSuffix(b.text, "heddle serve\n")
			s.shell(b, adapt(text))
			if serve {
				s.start()
			}
		default:
			t.Errorf("README.md:%d: a block of %q that nobody checks", b.line, b.language)
		}
	}
	if commands < 4 || s.command == nil {
		t.Errorf("only %d blocks of commands were found, or no `heddle serve`", commands)
	}
}

// TestDocumentLinks reports links between the project's documents that lead nowhere.
func TestDocumentLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	documents, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for _, document := range append(documents, "../README.md", "../CONTRIBUTING.md", "../examples/data/README.md") {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(document), match[1])); err != nil {
				t.Errorf("%s: the link %s leads nowhere", document, match[1])
			}
		}
	}
	if links == 0 {
		t.Error("no link was found")
	}
}

// shell runs a block of commands in the server's directory, with heddle on the path.
func (s *server) shell(b block, text string) {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), "bash", "-euo", "pipefail", "-c", text)
	command.Dir = s.dir
	command.Env = append(os.Environ(), "PATH="+filepath.Dir(heddle)+":"+os.Getenv("PATH"), "HEDDLE_URL="+s.url(""))
	output, err := command.CombinedOutput()
	if err != nil {
		s.t.Errorf("README.md:%d: %v\n%s\n%s", b.line, err, text, output)
	}
	if strings.Contains(string(output), `"status":"error"`) {
		s.t.Errorf("README.md:%d: an error was answered\n%s\n%s", b.line, text, output)
	}
}

// checkPrometheusConfig asks Prometheus's own tool, where it is installed.
func (s *server) checkPrometheusConfig(b block) {
	s.t.Helper()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		return
	}
	if output, err := exec.CommandContext(s.t.Context(), promtool, "check", "config", s.path(b.file)).CombinedOutput(); err != nil {
		s.t.Errorf("README.md:%d: %v\n%s", b.line, err, output)
	}
}

var makeTarget = regexp.MustCompile(`(?m)^make (\w+)`)

// checkTargets reports targets that the Makefile does not have.
func checkTargets(t *testing.T, b block) {
	t.Helper()
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range makeTarget.FindAllStringSubmatch(b.text, -1) {
		if !regexp.MustCompile(`(?m)^` + match[1] + `:.*## `).Match(makefile) {
			t.Errorf("README.md:%d: the Makefile has no target %s", b.line, match[1])
		}
	}
}

// TestExamples has every example checked by the command that a user would check it with.
func TestExamples(t *testing.T) {
	t.Parallel()
	files := 0
	for _, pattern := range []string{"../examples/*.rules", "../examples/*.yml"} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range matches {
			files++
			if code, stdout, stderr := run(t, ".", "check", file); code != 0 {
				t.Errorf("%s: exit code %d\n%s%s", file, code, stdout, stderr)
			}
		}
	}
	if files < 3 {
		t.Errorf("only %d examples were found", files)
	}
}
