package acceptance

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
)

// storyRules has windows that fit a sample a second: a model is unfit when the mean of its last three
// scores is low, and fit again a second after it is high.
const storyRules = `
metric score = gauge "model_quality_score"

route chat {
  models "atlas", "borea", "cirrus"
  apply  state, gateway
  return after 3s
}

rule poor on model {
  when     avg(score, 3s) < 70%
  require  count(score, 3s) >= 2
  for      0s
  recover  avg(score, 3s) > 85% for 1s
  severity critical
  summary  "the answers of {model} got worse: {avg(score, 3s)}"
  switch   chat
  notify   oncall
}
`

// storyConfig has the route applied to a file and told to a gateway, and alerts told to the same receiver.
func storyConfig(receiverURL string) string {
	return fmt.Sprintf(`
listen: ADDRESS
data: data
rules: ["*.rules"]
connectors:
  state:   {type: file, path: routes.json}
  gateway: {type: webhook, url: %q, secret_file: webhook.secret, timeout: 2s}
receivers:
  - name: oncall
    signed_webhook_configs: [{url: %q, secret_file: webhook.secret}]
`, receiverURL, receiverURL)
}

func storyFiles(receiverURL string) map[string]string {
	return map[string]string{
		"heddle.yml":     storyConfig(receiverURL),
		"chat.rules":     storyRules,
		"webhook.secret": webhookSecret + "\n",
	}
}

// Scores of the story: well above and well below both limits of storyRules.
const well, poor = 0.95, 0.40

// push sends samples of model_quality_score for several models until it is stopped.
type push struct {
	t    *testing.T
	set  chan map[string]float64
	done chan struct{}
	err  chan error
}

// push begins to send the scores now and then every so often.
func (s *server) push(every time.Duration, scores map[string]float64) *push {
	p := &push{t: s.t, set: make(chan map[string]float64), done: make(chan struct{}), err: make(chan error, 1)}
	go func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		var failed error
		var at time.Time
		for {
			// Two samples of one millisecond would contradict each other.
			at = later(time.Now(), at.Add(time.Millisecond))
			if err := remoteWrite(s.url(""), scoreSeries(at, scores)...); err != nil {
				failed = errors.Join(failed, err)
			}
			select {
			case scores = <-p.set:
			case <-ticker.C:
			case <-p.done:
				p.err <- failed
				return
			}
		}
	}()
	return p
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// stop ends the push; every write must have been acknowledged.
func (p *push) stop() {
	p.t.Helper()
	close(p.done)
	if err := <-p.err; err != nil {
		p.t.Errorf("pushing scores: %v", err)
	}
}

func scores(atlas, borea, cirrus float64) map[string]float64 {
	return map[string]float64{"atlas": atlas, "borea": borea, "cirrus": cirrus}
}

// TestStory is the product's main job, seen from outside: the route follows to the best fit model,
// returns as the rules say, never moves on silence, and survives a kill without a second switch.
func TestStory(t *testing.T) {
	t.Parallel()
	receiver := newReceiver(t, 0)
	s := newServer(t, storyFiles(receiver.URL))
	serves := func(model string) func() bool {
		return func() bool { r := s.route("chat"); return r.Serving == model && r.State == "applied" }
	}

	// All is well: nothing moves.
	if r := s.route("chat"); r.Serving != "atlas" || r.Primary != "atlas" || len(r.Models) != 3 {
		t.Fatalf("a new route is %+v", r)
	}
	p := s.push(time.Second, scores(well, well, well))
	time.Sleep(5 * time.Second)
	if n := len(s.journal("switch")); n != 0 {
		t.Fatalf("%d switches while all was well", n)
	}

	// The primary fails, then the first backup too: the route goes to the best fit model.
	p.set <- scores(poor, well, well)
	eventually(t, "the route leaves the primary for the first backup", serves("borea"))
	p.set <- scores(poor, poor, well)
	eventually(t, "the route leaves the first backup for the second", serves("cirrus"))
	for _, m := range s.route("chat").Models {
		if fit := m.Model == "cirrus"; m.Fit != fit {
			t.Errorf("%s: fit is %v, because of %v", m.Model, m.Fit, m.UnfitBecause)
		}
	}

	// Both recover, in the same second: one step back to the primary.
	p.set <- scores(well, well, well)
	eventually(t, "the route returns to the primary", serves("atlas"))

	// The primary fails once more, and then nothing arrives at all.
	p.set <- scores(poor, well, well)
	eventually(t, "the route leaves the primary again", serves("borea"))
	p.stop()
	before := s.route("chat")
	sent := len(receiver.switches(t))
	time.Sleep(4 * time.Second) // windows run empty, and `return after` passes

	// In the middle of the silence the process is killed.
	s.kill()
	s.start()
	time.Sleep(5 * time.Second)
	after := s.route("chat")
	if after.Serving != before.Serving || after.Epoch != before.Epoch {
		t.Errorf("silence and a kill changed the route: it served %s in epoch %d, now %s in epoch %d",
			before.Serving, before.Epoch, after.Serving, after.Epoch)
	}
	if n := len(receiver.switches(t)); n != sent {
		t.Errorf("%d switches were told during silence and kill", n-sent)
	}

	// Samples come again and all is well: the return waited for that.
	p = s.push(time.Second, scores(well, well, well))
	defer p.stop()
	eventually(t, "the route returns after the silence", serves("atlas"))

	checkStoryJournal(t, s, receiver)
	checkFile(t, s)
}

// checkStoryJournal has the journal account for each step, and compares it with what the gateway was told.
func checkStoryJournal(t *testing.T, s *server, receiver *receiver) {
	t.Helper()
	events := s.journal("switch")
	const want = "atlas→borea borea→cirrus cirrus→atlas atlas→borea borea→atlas"
	if got := moves(events); got != want {
		t.Fatalf("the journal has %s, want %s", got, want)
	}
	for i, e := range events {
		if len(e.Cause) < 3 || e.DecidedAt.IsZero() || e.AppliedAt.Before(e.DecidedAt) {
			t.Errorf("event %d: cause %s, decided at %v, applied at %v", e.Seq, e.Cause, e.DecidedAt, e.AppliedAt)
		}
		if i > 0 && e.Epoch <= events[i-1].Epoch {
			t.Errorf("epoch %d follows epoch %d", e.Epoch, events[i-1].Epoch)
		}
	}
	eventually(t, "the gateway is told of every switch", func() bool { return len(receiver.switches(t)) >= len(events) })
	for i, told := range receiver.switches(t) {
		if i >= len(events) {
			t.Errorf("the gateway was told of a switch that the journal does not have: %+v", told)
			continue
		}
		e := events[i]
		if told.Epoch != e.Epoch || told.From != e.From || told.To != e.To || told.Weights[e.To] != 1 || told.Reason == "" {
			t.Errorf("the gateway was told %+v of event %+v", told, e)
		}
		action := "switch"
		if e.To == "atlas" {
			action = "rollback"
		}
		if told.Action != action {
			t.Errorf("epoch %d was told as %q, want %q", told.Epoch, told.Action, action)
		}
	}
	for i, e := range s.journal("") {
		if e.Seq != uint64(i+1) || len(e.Hash) != 64 {
			t.Fatalf("event %d of the journal has sequence number %d and hash %q", i+1, e.Seq, e.Hash)
		}
	}
}

// checkFile compares the document of the file connector with the route.
func checkFile(t *testing.T, s *server) {
	t.Helper()
	text, err := os.ReadFile(s.path("routes.json"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Routes map[string]struct {
			Epoch   uint64             `json:"epoch"`
			Serving string             `json:"serving"`
			Weights map[string]float64 `json:"weights"`
		} `json:"routes"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	r := s.route("chat")
	if d := document.Routes["chat"]; d.Epoch != r.Epoch || d.Serving != r.Serving || d.Weights[r.Serving] != 1 {
		t.Errorf("the document is %s, the route %+v", text, r)
	}
}
