package acceptance

import (
	"testing"
	"time"
)

// TestSwitchWaitsForDeadGateway switches while the gateway is down, kills Heddle meanwhile, and brings the
// gateway back: it is told of that switch once, and only then does the route count as applied.
func TestSwitchWaitsForDeadGateway(t *testing.T) {
	t.Parallel()
	address := freeAddress(t) // nobody listens there yet
	s := newServer(t, storyFiles("http://"+address+"/"))
	p := s.push(200*time.Millisecond, scores(well, well, well))
	p.set <- scores(poor, well, well)
	eventually(t, "the switch is decided", func() bool { return s.route("chat").Wanted == "borea" })
	p.stop()
	before := s.route("chat")
	if before.State == "applied" || before.Serving == "borea" {
		t.Errorf("the gateway is down, and the route counts as moved: %+v", before)
	}

	s.kill()
	s.start()
	if r := s.route("chat"); r.Epoch != before.Epoch || r.Wanted != "borea" || r.State == "applied" {
		t.Errorf("after the kill the route is %+v, it was %+v", r, before)
	}
	gateway := newReceiverAt(t, address)
	eventually(t, "the switch is applied", func() bool {
		r := s.route("chat")
		return r.State == "applied" && r.Serving == "borea"
	})
	if told := gateway.switches(t); len(told) != 1 || told[0].Epoch != before.Epoch || told[0].To != "borea" {
		t.Errorf("the gateway was told %+v, want epoch %d to borea once", told, before.Epoch)
	}
	if got := moves(s.journal("switch")); got != "atlas→borea" {
		t.Errorf("the journal has %s", got)
	}
}

// TestNoFitModel lets every model fail: the route stays where it is, says so, and people are told; the first
// model that recovers is taken.
func TestNoFitModel(t *testing.T) {
	t.Parallel()
	receiver := newReceiver(t, 0)
	s := newServer(t, storyFiles(receiver.URL))
	p := s.push(200*time.Millisecond, scores(well, well, well))
	defer p.stop()
	p.set <- scores(poor, poor, poor)
	subjects := func() map[string]bool {
		all := map[string]bool{}
		for _, d := range receiver.taken("heddle.alert.firing") {
			all[d.Event.Subject] = true
		}
		return all
	}
	eventually(t, "people are told that there is no backup", func() bool { return subjects()["no_backup_model"] })
	for _, m := range s.route("chat").Models {
		if m.Fit {
			t.Errorf("%s counts as fit", m.Model)
		}
	}
	stayed := s.route("chat")
	time.Sleep(2 * time.Second)
	if r := s.route("chat"); r.Serving != stayed.Serving || r.Epoch != stayed.Epoch {
		t.Errorf("without a fit model the route went from %s to %s", stayed.Serving, r.Serving)
	}
	p.set <- scores(poor, well, poor)
	eventually(t, "the first model that recovers is taken", func() bool { return s.route("chat").Serving == "borea" })
}

// TestRestartWithBrokenRules kills the server while a broken rule file lies on the disk: it starts with the
// rules that were in force, and they still switch.
func TestRestartWithBrokenRules(t *testing.T) {
	t.Parallel()
	receiver := newReceiver(t, 0)
	s := newServer(t, storyFiles(receiver.URL))
	s.write("chat.rules", brokenRules)
	s.kill()
	s.start()
	p := s.push(200*time.Millisecond, scores(well, well, well))
	defer p.stop()
	p.set <- scores(poor, well, well)
	eventually(t, "the rules that were in force switch", func() bool { return s.route("chat").Serving == "borea" })
}
