package alert

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// desk is a book with a clock that prints what people are told.
type desk struct {
	t     *testing.T
	book  *Book
	now   time.Time
	infos map[string]*rules.RuleInfo
	state map[string]rules.State
}

func newDesk(t *testing.T, infos ...*rules.RuleInfo) *desk {
	d := &desk{t: t, book: NewBook(), now: start, infos: map[string]*rules.RuleInfo{}, state: map[string]rules.State{}}
	for _, info := range infos {
		d.infos[info.Name] = info
	}
	d.book.SetRules(infos)
	return d
}

// word has a rule say how an instance (labels as "model=a,region=eu") is, and returns what people are
// told.
func (d *desk) word(rule, instance string, to rules.State) string {
	d.apply(rule, instance, to)
	return d.settle()
}

func (d *desk) apply(rule, instance string, to rules.State) {
	set := map[string]string{}
	for pair := range strings.SplitSeq(instance, ",") {
		name, value, _ := strings.Cut(pair, "=")
		set[name] = value
	}
	key := rule + instance
	d.book.Apply(d.now, rules.Transition{
		Rule: d.infos[rule], Labels: labels.FromMap(set), From: d.state[key], To: to, Time: d.now, Since: d.now,
		Summary: "it is bad", Reason: "x > 2", Terms: []rules.Term{{Text: "x", Value: 3.5, Known: true}, {Text: "y"}},
		AlertLabels: map[string]string{"team": "blue"},
	})
	d.state[key] = to
}

func (d *desk) fires(rule, instance string) string { return d.word(rule, instance, rules.Firing) }
func (d *desk) ends(rule, instance string) string  { return d.word(rule, instance, rules.Inactive) }
func (d *desk) after(t time.Duration) string       { d.now = d.now.Add(t); return d.settle() }

func (d *desk) settle() string {
	d.t.Helper()
	told, _ := d.book.Settle(d.now)
	var out []string
	for _, n := range told {
		var names []string
		for name, value := range n.Alert.Group {
			names = append(names, name+"="+value)
		}
		slices.Sort(names)
		out = append(out, n.State+" "+n.Alert.Rule+" "+strings.Join(names, ","))
	}
	if again, _ := d.book.Settle(d.now); len(again) > 0 {
		d.t.Errorf("settling twice says more: %+v", again)
	}
	return strings.Join(out, "; ")
}

func (d *desk) want(got, want string) {
	d.t.Helper()
	if got != want {
		d.t.Errorf("at %s: %q, want %q", d.now.Sub(start), got, want)
	}
}

func TestFiringAndResolved(t *testing.T) {
	d := newDesk(t, &rules.RuleInfo{Name: "slow"})
	d.want(d.word("slow", "model=a", rules.Pending), "")
	d.want(d.fires("slow", "model=a"), "firing slow model=a")
	d.want(d.word("slow", "model=a", rules.Recovering), "")
	d.want(d.word("slow", "model=a", rules.Firing), "")
	d.want(d.fires("slow", "model=b"), "firing slow model=b")
	d.want(d.ends("slow", "model=a"), "resolved slow model=a")
	d.now = d.now.Add(time.Second)
	d.want(d.fires("slow", "model=a"), "firing slow model=a")
	list := d.book.List(d.now, Filter{})
	if len(list) != 2 || list[0].Labels["model"] != "b" || list[0].Labels["team"] != "blue" || list[0].State != "firing" || list[0].EndsAt != nil {
		t.Errorf("%+v", list)
	}
}

func TestMessageHasTheFixedForm(t *testing.T) {
	d := newDesk(t, &rules.RuleInfo{Name: "down"}, &rules.RuleInfo{Name: "slow", Severity: rules.Critical, Because: []string{"down"}})
	d.apply("slow", "model=a", rules.Firing)
	d.apply("down", "model=a", rules.Firing)
	told, _ := d.book.Settle(d.now)
	if len(told) != 1 {
		t.Fatalf("%+v", told)
	}
	id := told[0].Alert.ID
	symptom := d.book.List(d.now, Filter{Rule: "slow"})[0].ID
	want := `{"id":"` + id + `","rule":"down","severity":"info","state":"firing","labels":{"model":"a","team":"blue"},"summary":"it is bad",` +
		`"reason":"x \u003e 2","values":{"x":3.5},"starts_at":"2026-01-02T03:04:05Z","ends_at":null,"instances":1,` +
		`"symptoms":[{"id":"` + symptom + `","rule":"slow","labels":{"model":"a","team":"blue"},"summary":"it is bad"}]}`
	if string(told[0].Data) != want {
		t.Errorf("%s\nwant\n%s", told[0].Data, want)
	}
	d.now = d.now.Add(time.Minute)
	d.apply("down", "model=a", rules.Inactive)
	told, _ = d.book.Settle(d.now)
	if len(told) != 2 || !strings.Contains(string(told[0].Data), `"state":"resolved"`) || !strings.Contains(string(told[0].Data), `"ends_at":"2026-01-02T03:05:05Z"`) {
		t.Errorf("%+v", told)
	}
}

func TestDedup(t *testing.T) {
	d := newDesk(t, &rules.RuleInfo{Name: "slow", DedupBy: []string{"model"}, DedupFor: 15 * time.Minute})
	d.want(d.fires("slow", "model=a,region=eu"), "firing slow model=a")
	d.want(d.fires("slow", "model=b,region=eu"), "firing slow model=b")
	d.want(d.fires("slow", "model=a,region=us"), "firing slow model=a") // twice the instances: it grew worse
	d.want(d.fires("slow", "model=a,region=ap"), "")
	d.want(d.fires("slow", "model=a,region=sa"), "firing slow model=a") // twice again
	for _, region := range []string{"eu", "us", "ap"} {
		d.want(d.ends("slow", "model=a,region="+region), "")
	}
	d.want(d.ends("slow", "model=a,region=sa"), "resolved slow model=a")
	// Again within 15 minutes: nobody hears of it, nor of its end.
	d.want(d.after(time.Minute), "")
	d.want(d.fires("slow", "model=a,region=eu"), "")
	d.want(d.ends("slow", "model=a,region=eu"), "")
	// It lasts beyond: then they do.
	d.want(d.fires("slow", "model=a,region=eu"), "")
	if due := d.book.NextDue(d.now); !due.Equal(start.Add(15 * time.Minute)) {
		t.Errorf("due at %s", due.Sub(start))
	}
	d.want(d.after(14*time.Minute-1), "")
	d.want(d.after(1), "firing slow model=a")
	d.want(d.ends("slow", "model=a,region=eu"), "resolved slow model=a")
}

func TestGraverIsToldAtOnce(t *testing.T) {
	d := newDesk(t, &rules.RuleInfo{Name: "slow", DedupFor: time.Hour})
	d.want(d.fires("slow", "model=a"), "firing slow model=a")
	d.want(d.ends("slow", "model=a"), "resolved slow model=a")
	d.infos["slow"] = &rules.RuleInfo{Name: "slow", DedupFor: time.Hour, Severity: rules.Critical}
	d.want(d.fires("slow", "model=a"), "firing slow model=a")
}

func TestSymptoms(t *testing.T) {
	d := newDesk(t, &rules.RuleInfo{Name: "down"}, &rules.RuleInfo{Name: "slow", Because: []string{"down"}})
	d.want(d.fires("down", "provider=p"), "firing down provider=p")
	d.want(d.fires("slow", "provider=p,model=a"), "")
	d.want(d.fires("slow", "provider=q,model=b"), "firing slow model=b,provider=q") // another provider
	if s := d.book.List(d.now, Filter{Rule: "slow"}); s[0].Muted == "" && s[1].Muted == "" {
		t.Errorf("%+v", s)
	}
	d.want(d.ends("down", "provider=p"), "resolved down provider=p; firing slow model=a,provider=p")
	d.want(d.ends("slow", "provider=p,model=a"), "resolved slow model=a,provider=p")
	// A symptom that ends with its cause is never told.
	d.fires("down", "provider=p")
	d.want(d.fires("slow", "provider=p,model=a"), "")
	d.want(d.ends("slow", "provider=p,model=a"), "")
	// What fired before its cause was told of, and its end is too.
	d.ends("down", "provider=p")
	d.want(d.fires("slow", "provider=p,model=a"), "firing slow model=a,provider=p")
	d.now = d.now.Add(time.Second)
	d.want(d.fires("down", "provider=p"), "firing down provider=p")
	if list := d.book.List(d.now, Filter{Rule: "down"}); len(list[0].Symptoms) != 1 {
		t.Errorf("%+v", list)
	}
	d.want(d.ends("slow", "provider=p,model=a"), "resolved slow model=a,provider=p")
}

// Rules that name each other must not keep each other quiet.
func TestRingOfCauses(t *testing.T) {
	d := newDesk(t,
		&rules.RuleInfo{Name: "a", Because: []string{"b"}},
		&rules.RuleInfo{Name: "b", Because: []string{"c"}},
		&rules.RuleInfo{Name: "c", Because: []string{"a"}},
	)
	for _, rule := range []string{"a", "b", "c"} {
		d.apply(rule, "model=m", rules.Firing)
		d.now = d.now.Add(time.Second)
	}
	if got := d.settle(); !strings.Contains(got, "firing a") {
		t.Errorf("nobody is told of the first: %q", got)
	}
}

func TestSilences(t *testing.T) {
	d := newDesk(t, &rules.RuleInfo{Name: "slow", Severity: rules.Critical})
	silence := func(id string, ms ...Matcher) Silence {
		return Silence{ID: id, Matchers: ms, StartsAt: d.now, EndsAt: d.now.Add(time.Hour), By: "eve", Why: "works"}
	}
	model := Matcher{Name: "model", Value: "a|b", IsRegex: true, IsEqual: true}
	if err := d.book.SetSilence(d.now, silence("s1", model, Matcher{Name: "severity", Value: "critical", IsEqual: true}, Matcher{Name: "alertname", Value: "other"})); err != nil {
		t.Fatal(err)
	}
	d.want(d.fires("slow", "model=a"), "")
	d.want(d.fires("slow", "model=c"), "firing slow model=c")
	if list := d.book.List(d.now, Filter{}); list[0].Muted != "silence s1" && list[1].Muted != "silence s1" {
		t.Errorf("%+v", list)
	}
	d.want(d.after(time.Hour-1), "")
	d.want(d.after(1), "firing slow model=a") // it fires still, and the silence is over
	if err := d.book.SetSilence(d.now, silence("s2", model)); err != nil {
		t.Fatal(err)
	}
	d.want(d.ends("slow", "model=a"), "resolved slow model=a") // who was told of the start is told of the end
	d.want(d.fires("slow", "model=b"), "")
	if _, ok := d.book.EndSilence("s2"); !ok {
		t.Error("no silence")
	}
	d.want(d.settle(), "firing slow model=b")

	bad := func(want string, change func(*Silence)) {
		t.Helper()
		s := silence("s3", model)
		change(&s)
		if err := d.book.SetSilence(d.now, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	bad("created_by", func(s *Silence) { s.By = "" })
	bad("comment", func(s *Silence) { s.Why = "" })
	bad("ends_at", func(s *Silence) { s.EndsAt = time.Time{} })
	bad("ends_at", func(s *Silence) { s.EndsAt = d.now.Add(-1) })
	bad("ends_at", func(s *Silence) { s.EndsAt = d.now.Add(400 * 24 * time.Hour) })
	bad("1 to 32 are needed", func(s *Silence) { s.Matchers = nil })
	bad("1 to 32 are needed", func(s *Silence) { s.Matchers = slices.Repeat(s.Matchers, 33) })
	bad("match everything", func(s *Silence) { s.Matchers = []Matcher{{Name: "x", Value: ".*", IsRegex: true, IsEqual: true}} })
	bad("match everything", func(s *Silence) { s.Matchers = []Matcher{{Name: "x", Value: "y"}} })
	bad("not a matcher", func(s *Silence) { s.Matchers = []Matcher{{Name: "x", Value: "(", IsRegex: true, IsEqual: true}} })
	bad("longer than", func(s *Silence) { s.Matchers[0].Value = strings.Repeat("x", 2000) })
}

func TestSuspendedActions(t *testing.T) {
	d := newDesk(t)
	s := Silence{
		ID: "s", By: "eve", Why: "x", StartsAt: d.now.Add(time.Minute), EndsAt: d.now.Add(time.Hour),
		Matchers: []Matcher{{Name: "model", Value: "a", IsEqual: true}, {Name: "alertname", Value: "slow", IsEqual: true}},
	}
	f := func(want bool, rule, model string) {
		t.Helper()
		if got := d.book.Suspending(d.now).Suspend(rule, labels.FromStrings("model", model)); got != want {
			t.Errorf("%s of %s: %v", rule, model, got)
		}
	}
	d.book.SetSilence(d.now, s)
	s.ID, s.SuspendActions = "s2", true
	d.book.SetSilence(d.now, s)
	f(false, "slow", "a") // not begun
	d.now = d.now.Add(time.Minute)
	f(true, "slow", "a")
	f(false, "slow", "b")
	f(false, "failing", "a")
	d.now = d.now.Add(time.Hour)
	f(false, "slow", "a")
}

func TestAcknowledgementEndsWithTheAlert(t *testing.T) {
	d := newDesk(t, &rules.RuleInfo{Name: "slow"})
	d.fires("slow", "model=a")
	id := d.book.List(d.now, Filter{})[0].ID
	if d.book.Acknowledge("nothing", Acknowledgement{By: "eve"}) != nil || d.book.Acknowledge(id, Acknowledgement{By: "eve", Time: d.now}) == nil {
		t.Error("acknowledged the wrong one")
	}
	if s := d.book.List(d.now, Filter{})[0]; s.Acknowledged.By != "eve" {
		t.Errorf("%+v", s)
	}
	d.ends("slow", "model=a")
	if d.book.Acknowledge(id, Acknowledgement{By: "eve"}) != nil {
		t.Error("what has ended was acknowledged")
	}
	d.fires("slow", "model=a")
	if s := d.book.List(d.now, Filter{})[0]; s.ID != id || s.Acknowledged != nil {
		t.Errorf("%+v", s)
	}
}

func TestShadowRulesTellNobody(t *testing.T) {
	d := newDesk(t, &rules.RuleInfo{Name: "slow", Mode: rules.Shadow})
	d.want(d.fires("slow", "model=a"), "")
	if s := d.book.List(d.now, Filter{})[0]; s.Muted != "mode shadow" {
		t.Errorf("%+v", s)
	}
	d.want(d.ends("slow", "model=a"), "")
}

func TestRuleThatIsGoneEndsItsAlerts(t *testing.T) {
	d := newDesk(t, &rules.RuleInfo{Name: "slow"})
	d.fires("slow", "model=a")
	d.book.Drop(d.now, "slow", map[string]bool{labels.FromStrings("model", "a").String(): true})
	d.want(d.settle(), "resolved slow model=a")
}

func TestEndedAlertsAreForgotten(t *testing.T) {
	d := newDesk(t, &rules.RuleInfo{Name: "slow"})
	for n := range maxResolved + 10 {
		d.apply("slow", fmt.Sprint("model=", n), rules.Firing)
		d.apply("slow", fmt.Sprint("model=", n), rules.Inactive)
	}
	d.fires("slow", "model=a")
	if gone := d.book.Prune(d.now); len(gone) != 10 {
		t.Errorf("%d are forgotten at once", len(gone))
	}
	if gone := d.book.Prune(d.now.Add(25 * time.Hour)); len(gone) != maxResolved {
		t.Errorf("%d are forgotten", len(gone))
	}
	if n := len(d.book.List(d.now, Filter{Resolved: true})); n != 1 {
		t.Errorf("%d are left", n)
	}
}

func TestNumbers(t *testing.T) {
	for _, f := range []float64{0, 1.5, -2e300, math.Inf(1), math.Inf(-1), math.NaN(), math.Copysign(0, -1)} {
		raw, err := json.Marshal(Number(f))
		var back Number
		if err == nil {
			err = json.Unmarshal(raw, &back)
		}
		if err != nil || math.Float64bits(float64(back)) != math.Float64bits(f) && !math.IsNaN(f) {
			t.Errorf("%v became %s and %v: %v", f, raw, back, err)
		}
	}
}

// TestPeopleKnowWhatIsSo drives a book with random words, silences and restarts. After each, a plain
// reading of the rules says who must have been told what.
func TestPeopleKnowWhatIsSo(t *testing.T) {
	seed, rounds := uint64(time.Now().UnixNano()), uint64(60)
	if text := os.Getenv("HEDDLE_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
		rounds = 1
	}
	for round := range rounds {
		rnd := rand.New(rand.NewPCG(seed+round, 3))
		infos := []*rules.RuleInfo{
			{Name: "down", DedupBy: []string{"provider"}}, {Name: "slow", Because: []string{"down"}},
			{Name: "dear", DedupFor: 10 * time.Minute, Because: []string{"slow", "down"}}, {Name: "quiet", Mode: rules.Shadow},
		}
		d := newDesk(t, infos...)
		open := map[string]bool{} // what people believe, by alert
		for range 200 {
			d.now = d.now.Add(time.Duration(rnd.Int64N(int64(3 * time.Minute))))
			switch what := rnd.IntN(20); {
			case what < 16:
				for range 1 + rnd.IntN(3) {
					rule := infos[rnd.IntN(len(infos))].Name
					instance := fmt.Sprintf("model=%c,provider=%c", 'a'+rnd.IntN(3), 'p'+rnd.IntN(2))
					d.apply(rule, instance, rules.State(rnd.IntN(4)))
				}
			case what < 18:
				d.book.SetSilence(d.now, Silence{
					ID: fmt.Sprint(rnd.IntN(3)), By: "x", Why: "y", StartsAt: d.now, EndsAt: d.now.Add(time.Duration(1+rnd.IntN(10)) * time.Minute),
					Matchers: []Matcher{{Name: "model", Value: string(rune('a' + rnd.IntN(3))), IsEqual: true}},
				})
			case what < 19:
				d.book.EndSilence(fmt.Sprint(rnd.IntN(3)))
			default: // a restart
				next := NewBook()
				next.SetRules(infos)
				for _, a := range d.book.alerts {
					raw, _ := json.Marshal(a)
					kept := &Alert{}
					if err := json.Unmarshal(raw, kept); err != nil {
						t.Fatal(err)
					}
					next.Restore(kept)
				}
				for _, s := range d.book.Silences() {
					next.RestoreSilence(s)
				}
				d.book = next
			}
			told, _ := d.book.Settle(d.now)
			for _, n := range told {
				if n.State == "resolved" && !open[n.Alert.ID] {
					t.Errorf("seed %d: the end of %s was told, and not its start", seed+round, n.Alert.Rule)
				}
				open[n.Alert.ID] = n.State == "firing"
			}
			for id, a := range d.book.alerts {
				if !a.Firing() && open[id] {
					t.Errorf("seed %d: people believe that %s fires", seed+round, a.Rule)
				}
				if a.Firing() && !open[id] && plainlyLoud(d, a) {
					t.Errorf("seed %d: nobody was told of %s %v", seed+round, a.Rule, a.Group)
				}
			}
			if t.Failed() {
				return
			}
		}
	}
}

// plainlyLoud reports whether nothing in the rules' text keeps a firing alert quiet.
func plainlyLoud(d *desk, a *Alert) bool {
	info := d.infos[a.Rule]
	if info.Mode == rules.Shadow || info.DedupFor > 0 && d.now.Sub(a.Told.At) < info.DedupFor {
		return false
	}
	for _, s := range d.book.Silences() {
		if !d.now.Before(s.StartsAt) && d.now.Before(s.EndsAt) && a.Labels["model"] == s.Matchers[0].Value {
			return false
		}
	}
	for _, other := range d.book.alerts {
		if other.Firing() && slices.Contains(info.Because, other.Rule) &&
			(other.Group["provider"] == a.Group["provider"]) && (other.Group["model"] == "" || other.Group["model"] == a.Group["model"]) {
			return false
		}
	}
	return true
}

func TestWhyAnAlertEnded(t *testing.T) {
	info := &rules.RuleInfo{Name: "slow", DedupBy: []string{}}
	d := newDesk(t, info)
	says := func(model string, from, to rules.State, reason string, value float64) *Alert {
		return d.book.Apply(d.now, rules.Transition{
			Rule: info, Labels: labels.FromStrings("model", model), From: from, To: to, Reason: reason,
			Terms: []rules.Term{{Text: "x", Value: value, Known: true}},
		})
	}
	says("a", rules.Inactive, rules.Firing, "x = 3 > 2", 3)
	says("b", rules.Inactive, rules.Firing, "x = 4 > 2", 4)
	if a := says("a", rules.Firing, rules.Inactive, "x = 1 <= 2", 1); a.Reason != "x = 4 > 2" || a.Values["x"] != 4 {
		t.Errorf("it fires for b still: %+v", a)
	}
	if a := says("b", rules.Firing, rules.Inactive, "x = 0 <= 2", 0); a.Firing() || a.Reason != "x = 0 <= 2" || a.Values["x"] != 0 {
		t.Errorf("it has ended: %+v", a)
	}
	says("a", rules.Inactive, rules.Firing, "x = 3 > 2", 3)
	d.book.Drop(d.now, "slow", map[string]bool{labels.FromStrings("model", "a").String(): true})
	if a := d.book.List(d.now, Filter{Resolved: true})[0]; a.State != "resolved" || a.Reason != "the rule was removed" {
		t.Errorf("its rule is gone: %+v", a)
	}
}
