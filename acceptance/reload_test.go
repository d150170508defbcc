package acceptance

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// brokenRules has two mistakes in two places.
const brokenRules = `
metric score = gauge "model_quality_score"

rule poor on model {
  when   avg(scoer, 3s) < 70%
  switch chatt
}
`

// TestReloadKeepsRulesInForce loads a broken file in each way there is: all its mistakes are told, and the
// rules in force stay in force. Then a good file is taken up.
func TestReloadKeepsRulesInForce(t *testing.T) {
	t.Parallel()
	receiver := newReceiver(t, 0)
	s := newServer(t, storyFiles(receiver.URL))
	p := s.push(200*time.Millisecond, scores(well, well, well))
	defer p.stop()

	s.write("chat.rules", brokenRules)
	status, answer := s.request(http.MethodPost, "/-/reload", "")
	if status == http.StatusOK {
		t.Errorf("a broken rule file was taken: %s", answer)
	}
	for _, want := range []string{"chat.rules:5:", "scoer", "did you mean", "score", "chat.rules:6:", "chatt"} {
		if !strings.Contains(string(answer), want) {
			t.Errorf("the answer does not say %q: %s", want, answer)
		}
	}
	if err := s.command.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the failure is in the log", func() bool { return strings.Contains(s.log(), "scoer") })

	p.set <- scores(poor, well, well)
	eventually(t, "the old rules still switch", func() bool { return s.route("chat").Serving == "borea" })

	// A good file is taken up by itself: with it the primary's score is good enough.
	s.write("chat.rules", strings.NewReplacer("70%", "20%", "85%", "30%").Replace(storyRules))
	eventually(t, "the new rules are in force", func() bool { return s.route("chat").Serving == "atlas" })
}

// TestCheckTellsAllMistakes is the same for the command line.
func TestCheckTellsAllMistakes(t *testing.T) {
	t.Parallel()
	s := &server{t: t, dir: t.TempDir()}
	s.write("broken.rules", brokenRules)
	code, stdout, stderr := run(t, s.dir, "check", "broken.rules")
	said := stdout + stderr
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	for _, want := range []string{"broken.rules:5:14", "^^^^^", `did you mean "score"?`, "broken.rules:6:"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	s.write("good.rules", storyRules)
	if code, stdout, stderr := run(t, s.dir, "check", "good.rules"); code != 0 {
		t.Errorf("a good file: exit code %d\n%s%s", code, stdout, stderr)
	}
	if code, _, stderr := run(t, s.dir, "check"); code != 2 || stderr == "" {
		t.Errorf("without a file: exit code %d, %q; want 2 and what is missing", code, stderr)
	}
}
