package route

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules"
)

// stage is a table with one route and a clock, and prints what happens.
type stage struct {
	t     *testing.T
	table *Table
	now   time.Time
	infos []*rules.RuleInfo
	loose bool // assignments are confirmed by the test, not at once
}

func newStage(t *testing.T, change func(*Policy)) *stage {
	p := Policy{Route: rules.Route{Name: "chat", Models: []string{"a", "b", "c"}, ReturnAfter: 10 * time.Minute}, CanWeigh: true}
	if change != nil {
		change(&p)
	}
	s := &stage{t: t, table: NewTable(), now: start, infos: []*rules.RuleInfo{
		{Name: "slow", Switch: []string{"chat"}}, {Name: "asks", Switch: []string{"chat"}, Mode: rules.Approve},
		{Name: "quiet", Switch: []string{"chat"}, Mode: rules.Shadow},
	}}
	s.table.SetRules(s.now, []Policy{p}, s.infos)
	s.table.Decide(s.now)
	return s
}

func (s *stage) route() *Route { return s.table.Route("chat") }

// decide lets the route act, and prints the outcomes.
func (s *stage) decide(first ...Outcome) string {
	var out []string
	note := func(outcomes []Outcome) {
		for _, o := range outcomes {
			text := string(o.Kind)
			if o.To != "" {
				text += " " + o.To
			}
			if o.NewEpoch() {
				text += fmt.Sprintf("@%d", o.Epoch)
				if share := o.Weights[o.To]; share < 1 {
					text += fmt.Sprintf(" %g%%", 100*share)
				}
				if !s.loose {
					s.route().Confirm(s.now, o.Epoch)
				}
			}
			out = append(out, text)
		}
	}
	note(first)
	for {
		again := s.table.Decide(s.now)
		if len(again) == 0 {
			return strings.Join(out, ", ")
		}
		note(again)
	}
}

func (s *stage) word(rule, model string, to rules.State, unknown bool) string {
	s.t.Helper()
	for _, info := range s.infos {
		if info.Name != rule {
			continue
		}
		from := rules.Inactive
		if i := s.table.Evidence.instances[InstanceKey(rule, labels.FromStrings("model", model))]; i != nil {
			from = i.State
		}
		s.table.Evidence.Apply(rules.Transition{
			Rule: info, Labels: labels.FromStrings("model", model), From: from, To: to, Unknown: unknown, Since: s.now, Time: s.now, Reason: "because",
		})
		return s.decide()
	}
	s.t.Fatalf("no rule %s", rule)
	return ""
}

func (s *stage) fires(rule, model string) string { return s.word(rule, model, rules.Firing, false) }
func (s *stage) ends(rule, model string) string  { return s.word(rule, model, rules.Inactive, false) }
func (s *stage) after(d time.Duration) string    { s.now = s.now.Add(d); return s.decide() }

func (s *stage) want(got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("at %s: %q, want %q", s.now.Sub(start), got, want)
	}
}

func TestSilenceNeverMoves(t *testing.T) {
	s := newStage(t, func(p *Policy) { p.Dwell = time.Minute })
	s.want(s.fires("slow", "a"), "decision b@2")
	s.want(s.fires("slow", "b"), "held") // dwell
	s.want(s.word("slow", "b", rules.Firing, true), "held")
	s.want(s.after(time.Minute-1), "")
	if s.route().State.NoBackup != "" {
		t.Error("people are told of every pause")
	}
	s.want(s.after(1), "")
	if s.route().State.NoBackup == "" {
		t.Error("people are not told that the telemetry is quiet")
	}
	s.want(s.after(time.Hour), "")
	s.want(s.word("slow", "b", rules.Firing, false), "released, decision c@3")
	// a falls silent while it is unfit: it does not come back, ever.
	s.want(s.word("slow", "a", rules.Firing, true), "")
	s.want(s.after(100*time.Hour), "")
	// Fit, and then silent: the clock of its return starts anew.
	s.want(s.ends("slow", "a"), "")
	s.want(s.after(9*time.Minute), "")
	s.want(s.word("slow", "a", rules.Inactive, true), "")
	s.want(s.after(9*time.Hour), "")
	s.want(s.word("slow", "a", rules.Inactive, false), "")
	s.want(s.after(9*time.Minute), "")
	s.want(s.after(time.Minute), "decision a@4")
}

// A `missing` clause decides without a value: that is the rule's word, not silence.
func TestMissingClauseIsObeyed(t *testing.T) {
	s := newStage(t, nil)
	s.want(s.word("slow", "a", rules.Firing, true), "decision b@2")
	s.want(s.word("slow", "a", rules.Inactive, true), "")
	s.want(s.after(10*time.Minute), "decision a@3")
}

func TestPanicGuard(t *testing.T) {
	s := newStage(t, nil)
	s.fires("slow", "b")
	s.fires("slow", "c")
	s.want(s.fires("slow", "a"), "held")
	if !strings.Contains(s.route().State.NoBackup, "no other model is fit") {
		t.Error(s.route().State.NoBackup)
	}
	s.want(s.after(time.Hour), "")
	s.want(s.ends("slow", "c"), "released, decision c@2")
	if s.route().State.NoBackup != "" {
		t.Error("the alert does not end")
	}
}

func TestInstanceThatIsGoneIsNotFit(t *testing.T) {
	s := newStage(t, nil)
	s.fires("slow", "a")
	s.table.Evidence.Apply(rules.Transition{Rule: s.infos[0], Labels: labels.FromStrings("model", "a"), From: rules.Firing, To: rules.Inactive, Removed: true})
	s.want(s.after(100*time.Hour), "")
	if f := s.route().Fitness("a", s.table.Evidence); f.Fit() || !f.Unknown {
		t.Errorf("%+v", f)
	}
	// The rule itself is taken away: nobody speaks against the model any more.
	s.table.SetRules(s.now, []Policy{s.route().Policy}, s.infos[1:])
	s.want(s.decide(), "")
	s.want(s.after(10*time.Minute), "decision a@3")
}

func TestReturnThatFailsDoubles(t *testing.T) {
	s := newStage(t, func(p *Policy) { p.Dwell = time.Minute })
	s.fires("slow", "a")
	for n, wait := range []time.Duration{10, 20, 40, 80, 160, 320, 640, 1280} {
		s.ends("slow", "a")
		s.want(s.after(wait*time.Minute-1), "")
		s.want(s.after(1), fmt.Sprintf("decision a@%d", 3+2*n))
		s.want(s.after(time.Duration(1)<<min(n, 10)*time.Minute), "") // dwell
		if got := s.fires("slow", "a"); !strings.HasPrefix(got, "return_failed") {
			t.Fatalf("%d: %q", n, got)
		}
		s.after(s.route().Dwell())
		if model := s.route().State.Model; model != "b" {
			t.Fatalf("%d: serves %s", n, model)
		}
	}
	s.want(s.after(25*time.Hour), "") // a quiet day
	s.ends("slow", "a")
	s.want(s.after(10*time.Minute), "decision a@19")
}

func TestLimitThenManualMode(t *testing.T) {
	s := newStage(t, func(p *Policy) { p.MaxSwitches, p.MaxPer = 2, time.Hour })
	s.fires("slow", "a")
	s.fires("slow", "b")
	s.ends("slow", "b")
	s.want(s.fires("slow", "c"), "manual_mode b, proposal b, held")
	s.want(s.after(100*time.Hour), "")
	out, err := s.route().Approve(s.now, "eve", "", s.table.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	s.want(s.decide(out...), "operator b, decision b@4, released")
	s.want(s.fires("slow", "b"), "held") // automation is back, and there is nowhere to go
	s.want(s.ends("slow", "c"), "released, decision c@5")
}

func TestApproval(t *testing.T) {
	s := newStage(t, func(p *Policy) { p.Mode = rules.Approve })
	s.want(s.fires("slow", "a"), "proposal b, held")
	s.want(s.after(time.Hour), "")
	out, err := s.route().Reject(s.now, "eve", "not now", s.table.Evidence, false)
	if err != nil {
		t.Fatal(err)
	}
	s.want(s.decide(out...), "operator b, held")
	s.want(s.after(time.Hour), "")
	s.ends("slow", "a")
	s.now = s.now.Add(time.Second)
	s.want(s.fires("slow", "a"), "proposal b, held") // another cause
	s.want(s.fires("slow", "b"), "proposal_withdrawn b, proposal c, held")
	if out, err = s.route().Approve(s.now, "eve", "", s.table.Evidence); err != nil {
		t.Fatal(err)
	}
	s.want(s.decide(out...), "operator c, decision c@2, released")
	if o := out[1]; o.Who != "eve" || o.Action != "switch" || len(o.Causes) != 1 {
		t.Errorf("%+v", o)
	}
	s.ends("slow", "a")
	s.want(s.after(10*time.Minute), "proposal a, held")
	s.want(s.fires("slow", "a"), "proposal_withdrawn a, released")
	if _, err := s.route().Approve(s.now, "eve", "", s.table.Evidence); err == nil {
		t.Error("nothing was proposed")
	}
}

func TestRuleOfModeApproveAsks(t *testing.T) {
	s := newStage(t, nil)
	s.want(s.fires("asks", "a"), "proposal b, held")
	s.want(s.fires("slow", "a"), "released, decision b@2") // a rule that need not ask
}

func TestShadow(t *testing.T) {
	s := newStage(t, func(p *Policy) { p.Mode = rules.Shadow })
	s.want(s.fires("slow", "a"), "shadow b")
	s.want(s.fires("slow", "b"), "shadow c")
	if st := s.route().State; st.Model != "a" || st.Epoch != 1 || st.Shadow != "c" {
		t.Errorf("%+v", st)
	}
	s.ends("slow", "a")
	s.want(s.after(10*time.Minute), "shadow a")
	s = newStage(t, nil)
	s.want(s.fires("quiet", "a"), "shadow b")
	s.want(s.after(time.Hour), "")
	if st := s.route().State; st.Model != "a" || st.Epoch != 1 {
		t.Errorf("%+v", st)
	}
}

func TestShift(t *testing.T) {
	gradual := func(p *Policy) { p.ShiftPercents, p.ShiftEvery = []float64{10, 50, 100}, time.Minute }
	s := newStage(t, gradual)
	s.want(s.fires("slow", "a"), "decision b@2 10%")
	if w := s.route().State.Weights(); w["b"] != 0.1 || w["a"] != 0.9 || s.route().State.Applied.Model != "a" {
		t.Errorf("%v %+v", w, s.route().State.Applied)
	}
	s.want(s.after(time.Minute-1), "")
	s.want(s.after(1), "shift b@3 50%")
	s.want(s.after(time.Minute), "shift b@4")
	s.want(s.after(time.Hour), "")
	// Each step is checked: the model that gains becomes unfit, and the shift goes elsewhere, dwell or not.
	s = newStage(t, func(p *Policy) { gradual(p); p.Dwell = time.Hour })
	s.fires("slow", "a")
	s.after(time.Minute)
	s.want(s.fires("slow", "b"), "decision c@4 10%")
	if w := s.route().State.Weights(); w["c"] != 0.1 || w["b"] != 0.9 {
		t.Errorf("%v", w)
	}
	// The step before must have reached every target.
	s = newStage(t, gradual)
	s.loose = true
	s.fires("slow", "a")
	s.want(s.after(time.Hour), "")
	s.route().Confirm(s.now, 2)
	s.want(s.decide(), "shift b@3 50%")
	// Targets that cannot split traffic are switched at once.
	s = newStage(t, func(p *Policy) { gradual(p); p.CanWeigh = false })
	s.want(s.fires("slow", "a"), "decision b@2")
}

func TestProbes(t *testing.T) {
	probing := func(p *Policy) { p.ProbePass, p.ProbeTries, p.CanProbe = 2, 3, true }
	answer := func(s *stage, ok bool) string {
		s.t.Helper()
		model := s.route().NextProbe()
		if model != "a" || s.route().NextProbe() != "" {
			t.Fatalf("probe %q", model)
		}
		s.route().Probed(s.now, model, ok, s.table.Evidence)
		return s.decide()
	}
	s := newStage(t, probing)
	s.fires("slow", "a")
	if s.route().NextProbe() != "" {
		t.Error("probed too early")
	}
	s.ends("slow", "a")
	s.want(s.after(10*time.Minute), "held")
	s.want(answer(s, true), "")
	s.want(answer(s, false), "")
	s.want(answer(s, true), "released, decision a@3")
	// Two of three fail: the clock starts anew.
	s = newStage(t, probing)
	s.fires("slow", "a")
	s.ends("slow", "a")
	s.after(10 * time.Minute)
	answer(s, false)
	s.want(answer(s, false), "released")
	s.want(s.after(10*time.Minute-1), "")
	s.want(s.after(1), "held")
	// A dark primary comes back by probes alone; its rule's next word counts again.
	s = newStage(t, probing)
	s.fires("slow", "a")
	s.want(s.word("slow", "a", rules.Firing, true), "")
	s.want(s.after(10*time.Minute), "held")
	answer(s, true)
	s.want(answer(s, true), "released, decision a@3")
	s.want(s.word("slow", "a", rules.Firing, false), "return_failed, decision b@4")
	// What probes have shown is outdated once the model is unfit again.
	s = newStage(t, func(p *Policy) { probing(p); p.Dwell = time.Hour })
	s.fires("slow", "a")
	s.ends("slow", "a")
	s.after(10 * time.Minute)
	answer(s, true)
	s.want(answer(s, true), "held")
	s.fires("slow", "a")
	s.ends("slow", "a")
	s.want(s.after(2*time.Hour), "held")
	if s.route().NextProbe() != "a" {
		t.Error("an old trial counts")
	}
	// Nobody can probe: the route says so and stays.
	s = newStage(t, func(p *Policy) { probing(p); p.CanProbe = false })
	s.fires("slow", "a")
	s.ends("slow", "a")
	s.want(s.after(10*time.Minute), "held")
	if !strings.Contains(s.route().State.Held, "none of its connectors can probe") {
		t.Error(s.route().State.Held)
	}
}

func TestRefusedSwitchIsUndone(t *testing.T) {
	s := newStage(t, nil)
	s.loose = true
	s.want(s.fires("slow", "a"), "decision b@2")
	out := s.route().Refused(s.now, 2, "no such model")
	s.want(s.decide(out...), "compensation a@3, decision c@4") // b is barred, c is next
	s.route().Confirm(s.now, 4)
	s.want(s.fires("slow", "c"), "held")
	s.want(s.after(time.Minute-1), "")
	s.want(s.after(1), "released, decision b@5") // the bar is over
	s.want(s.decide(s.route().Refused(s.now, 5, "no such model")...), "compensation c@6, held")
	s.want(s.after(2*time.Minute), "released, decision b@7") // and doubled
	// An epoch that is not the present one, or is applied, cannot be refused.
	if out := s.route().Refused(s.now, 5, "late"); len(out) != 0 {
		t.Errorf("%+v", out)
	}
	s.route().Confirm(s.now, 7)
	if out := s.route().Refused(s.now, 7, "late"); len(out) != 0 {
		t.Errorf("%+v", out)
	}
}

func TestEpochsOfTargets(t *testing.T) {
	s := newStage(t, nil)
	r := s.route()
	if r.Adopt(s.now, 9, "stranger") || !r.Adopt(s.now, 9, "b") || r.State.Epoch != 9 || r.State.Model != "b" {
		t.Errorf("%+v", r.State)
	}
	if r.Adopt(s.now, 12, "c") {
		t.Error("adopted twice")
	}
	s.want(s.fires("slow", "b"), "decision a@10")
	if out := r.Raise(s.now, 9); out != nil {
		t.Errorf("%+v", out)
	}
	s.want(s.decide(r.Raise(s.now, 20)...), "epoch_raised a@21")
}

func TestReload(t *testing.T) {
	s := newStage(t, nil)
	s.fires("slow", "a")
	p := s.route().Policy
	p.Models = []string{"x", "c"}
	s.table.SetRules(s.now, []Policy{p}, s.infos)
	s.want(s.decide(), "decision x@3") // b is no longer a model of the route
	s.table.SetRules(s.now, nil, s.infos)
	if s.route() != nil {
		t.Error("the route is still there")
	}
	s.table.SetRules(s.now, []Policy{p}, s.infos)
	if st := s.route().State; st.Model != "x" || st.Epoch != 3 {
		t.Errorf("a route that was away forgot: %+v", st)
	}
}

func TestPausedAutomation(t *testing.T) {
	s := newStage(t, nil)
	s.table.Paused = true
	s.want(s.fires("slow", "a"), "held")
	out, err := s.route().Pin(s.now, "c", "eve", "", s.table.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	s.want(s.decide(out...), "operator c, released, decision c@2")
	s.table.Paused = false
	s.want(s.decide(), "")
}

func TestSuspendedCauseMovesNothing(t *testing.T) {
	s := newStage(t, nil)
	s.fires("slow", "b")
	s.table.Evidence.All()[0].Suspended = true
	s.want(s.fires("slow", "a"), "decision c@2")
	s.want(s.ends("slow", "a"), "")
	s.want(s.after(10*time.Minute), "decision a@3")
}
