package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	tutorialBlock = regexp.MustCompile("(?ms)^```(heddle|sh)\n(.*?)^```$")
	tutorialPost  = regexp.MustCompile(`^curl -s -d '(.*)' http://127\.0\.0\.1:9480(\S+)$`)
)

// TestTutorial does what the first part of docs/rules.md tells a reader to do, in its order: writes each
// rule file over the one before, under a server that runs on, and runs each command.
func TestTutorial(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "\n## Ten minutes\n")
	text, _, _ = strings.Cut(text, "\n## ")
	inDirectory(t, nil)
	base, ran := "", 0
	for _, block := range tutorialBlock.FindAllStringSubmatch(text, -1) {
		if block[1] == "heddle" {
			if err := os.WriteFile("chat.rules", []byte(block[2]), 0o644); err != nil {
				t.Fatal(err)
			}
			if base != "" { // the watch does the same a little later
				expectStatus(t, base+"/-/reload", "")
			}
			continue
		}
		for line := range strings.Lines(block[2]) {
			line = strings.TrimSpace(line)
			post := tutorialPost.FindStringSubmatch(line)
			switch {
			case strings.HasPrefix(line, "heddle serve "):
				base, _ = serve(t, strings.Fields(line)[2:]...)
				t.Setenv("HEDDLE_URL", base)
			case post != nil: // the loop about it is for those who have a minute
				expectStatus(t, base+post[2], post[1])
			case strings.HasPrefix(line, "heddle "):
				args := shellWords(strings.ReplaceAll(line, "http://127.0.0.1:9480", base))[1:]
				code, stdout, stderr := run(t, args...)
				// Rules on metrics that do not arrive are to be found.
				wanted := exitDone
				if strings.Contains(line, "check --url") {
					wanted = exitBad
				}
				if code != wanted || stdout == "" {
					t.Errorf("%s: exit code %d\n%s%s", line, code, stdout, stderr)
				}
				if strings.Contains(line, "explain slow") && !strings.Contains(stdout, `slow{model="gpt-4o"} is `) {
					t.Errorf("%s: %s", line, stdout)
				}
				ran++
			case line != "done" && !strings.HasPrefix(line, "for ") && !strings.HasPrefix(line, "sleep "):
				t.Errorf("what is done with %q?", line)
			}
		}
	}
	if ran < 8 {
		t.Errorf("only %d commands were run", ran)
	}
}

// shellWords splits a command at spaces that are not quoted.
func shellWords(line string) (words []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

func expectStatus(t *testing.T, address, body string) {
	t.Helper()
	response, err := http.Post(address, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode/100 != 2 {
		t.Errorf("%s: %s", address, response.Status)
	}
}
