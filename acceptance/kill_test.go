package acceptance

import (
	"math/rand/v2"
	"testing"
	"time"
)

// killRules has no returns, so that the route moves exactly when the model in use gets poor.
const killRules = `
metric score = gauge "model_quality_score"

route chat {
  models "atlas", "borea"
  apply  state, gateway
  return never
}

rule poor on model {
  when    avg(score, 1s) < 70%
  recover avg(score, 1s) > 85%
  switch  chat
}
`

// TestKill ends the process without warning, again and again, while four writers push counters and the
// two models of a route take turns in being poor. No acknowledged sample is lost, and no switch is made
// twice, changed or forgotten.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	receiver := newReceiver(t, 0)
	files := storyFiles(receiver.URL)
	files["chat.rules"] = killRules
	s := newServer(t, files)
	load := s.startLoad(4)
	turns := startTurns(s)

	var seen []event // the switches known before the last kill
	for round := range rounds {
		time.Sleep(300*time.Millisecond + time.Duration(random.Int64N(int64(time.Second))))
		before := s.route("chat")
		seen = s.journal("switch")
		s.kill()
		s.start()
		after := s.route("chat")
		if after.Epoch < before.Epoch || after.Epoch == before.Epoch && after.Wanted != before.Wanted {
			t.Errorf("round %d: the route was in epoch %d for %s and is now in epoch %d for %s",
				round, before.Epoch, before.Wanted, after.Epoch, after.Wanted)
		}
		checkKept(t, seen, s.journal("switch"))
	}

	turns.end()
	total := load.end()
	load.check()
	switches := s.journal("switch")
	t.Logf("%d kills, %d acknowledged samples, %d requests that failed, %d switches", rounds, total, load.refusals, len(switches))
	if len(switches) < rounds/4 {
		t.Errorf("only %d switches in %d rounds: the test did not test", len(switches), rounds)
	}
	for i := 1; i < len(switches); i++ {
		if last, e := switches[i-1], switches[i]; e.From != last.To || e.Epoch <= last.Epoch {
			t.Errorf("switch %d (%s→%s, epoch %d) does not follow switch %d (%s→%s, epoch %d)",
				e.Seq, e.From, e.To, e.Epoch, last.Seq, last.From, last.To, last.Epoch)
		}
	}
	checkTold(t, receiver.switches(t), switches)
}

// checkKept reports any switch that was in the journal before a kill and is not there, word for word, after.
func checkKept(t *testing.T, before, after []event) {
	t.Helper()
	hashes := map[uint64]string{}
	for _, e := range after {
		hashes[e.Seq] = e.Hash
	}
	for _, e := range before {
		if hashes[e.Seq] != e.Hash {
			t.Errorf("event %d (%s→%s) was in the journal before the kill; after it there is %q", e.Seq, e.From, e.To, hashes[e.Seq])
		}
	}
}

// checkTold reports what the gateway was told beyond the journal, or twice.
func checkTold(t *testing.T, told []switched, switches []event) {
	t.Helper()
	byEpoch := map[uint64]event{}
	for _, e := range switches {
		byEpoch[e.Epoch] = e
	}
	epochs := map[uint64]bool{}
	for _, s := range told {
		if epochs[s.Epoch] {
			t.Errorf("the gateway was told of epoch %d under two identifiers", s.Epoch)
		}
		epochs[s.Epoch] = true
		if e, ok := byEpoch[s.Epoch]; !ok || e.From != s.From || e.To != s.To {
			t.Errorf("the gateway was told of a switch that is not in the journal: %+v", s)
		}
	}
}

// turns makes the two models of a route poor in turn.
type turns struct{ stop, done chan struct{} }

func startTurns(s *server) *turns {
	const (
		sampleEvery = 100 * time.Millisecond
		turnEvery   = 20 // samples: two windows of killRules, so that each turn is seen
	)
	turn := &turns{make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(turn.done)
		ticker := time.NewTicker(sampleEvery)
		defer ticker.Stop()
		for n := 0; ; n++ {
			scores := map[string]float64{"atlas": well, "borea": poor}
			if n/turnEvery%2 == 1 {
				scores = map[string]float64{"atlas": poor, "borea": well}
			}
			// While the server is down this fails, as it does for any sender.
			_ = remoteWrite(s.url(""), scoreSeries(time.Now(), scores)...)
			select {
			case <-ticker.C:
			case <-turn.stop:
				return
			}
		}
	}()
	return turn
}

func (t *turns) end() {
	close(t.stop)
	<-t.done
}
