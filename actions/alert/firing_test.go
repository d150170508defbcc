package alert

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules"
)

// Who is whose symptom, against a look at all pairs: instances of both rules carry some of the labels.
func TestSymptomsAgainstAllPairs(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	infos := []*rules.RuleInfo{{Name: "down"}, {Name: "slow", Because: []string{"down"}}}
	d := newDesk(t, infos...)
	for range 2000 {
		set := map[string]string{}
		for _, name := range []string{"model", "host", "zone"} {
			if random.IntN(4) > 0 {
				set[name] = fmt.Sprint(random.IntN(4))
			}
		}
		to, from := rules.Firing, rules.Inactive
		if random.IntN(2) == 0 {
			to, from = from, to
		}
		d.book.Apply(d.now, rules.Transition{Rule: infos[random.IntN(2)], Labels: labels.FromMap(set), From: from, To: to})
		if random.IntN(8) > 0 {
			continue
		}
		list := d.book.List(d.now, Filter{})
		for _, symptom := range list {
			explained := false
			for _, cause := range list {
				explained = explained || symptom.Rule == "slow" && cause.Rule == "down" && alike(symptom.Labels, cause.Labels)
			}
			if (symptom.Muted == "symptom of down") != explained {
				t.Fatalf("seed %d: %v is explained: %v, muted: %q", seed, symptom.Labels, explained, symptom.Muted)
			}
			for _, s := range symptom.Symptoms {
				if s.Rule != "slow" || !alike(s.Labels, symptom.Labels) {
					t.Fatalf("seed %d: %v explains %v", seed, symptom.Labels, s)
				}
			}
		}
	}
}

func alike(x, y map[string]string) bool {
	for name, value := range x {
		if other, ok := y[name]; ok && other != value {
			return false
		}
	}
	return true
}

// BenchmarkSymptoms is 100 models that go down, with 15,000 machines that become slow by it.
func BenchmarkSymptoms(b *testing.B) {
	down, slow := &rules.RuleInfo{Name: "down"}, &rules.RuleInfo{Name: "slow", Because: []string{"down"}}
	for b.Loop() {
		book := NewBook()
		book.SetRules([]*rules.RuleInfo{down, slow})
		for n := range 15_000 {
			book.Apply(start, rules.Transition{Rule: slow, To: rules.Firing, Labels: labels.FromStrings("host", fmt.Sprint(n), "model", fmt.Sprint(n%100))})
		}
		for n := range 100 {
			book.Apply(start, rules.Transition{Rule: down, To: rules.Firing, Labels: labels.FromStrings("model", fmt.Sprint(n))})
		}
		if told, _ := book.Settle(start); len(told) != 100 {
			b.Fatalf("%d are told", len(told))
		}
	}
}
