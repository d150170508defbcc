package rules

import (
	"strings"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// TestCompileReportsEveryMistake: each line that has a mistake is named, all in one run.
func TestCompileReportsEveryMistake(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`metric latency = histogram "x"
rule a on model { when p95(latncy, 1m) > 2s }`, `x.rules:2:28: "latncy" is not a metric`},
		{`metric latency = histogram "x"
rule a on model { when p95(latncy, 1m) > 2s }`, `did you mean "latency"?`},
		{`metric g = gauge "x"
rule a on model { when rate(g, 1m) > 2 }`, `x.rules:2:29:`},
		{`metric g = gauge "x"
rule a on model { when nothing > 2 }`, `"nothing" is not declared`},
		{`metric g = gauge "x"
rule a on model { when nothing }`, `"nothing" is not declared`},
		{`metric g = gauge "x"
rule a on model { when ago(nothing, 1h) > 2 }`, `"nothing" is not declared`},
		{`metric g = gauge "x"
rule a on model { when ago(avg(h, 1m), 1h) > 2 }`, `"h" is not a metric`},
		{`use "nothing"`, `"nothing" is not a catalogue`},
		{`metric g = gauge "x"
rule a on model { when avg(g, 400d) > 2 }`, `more than the budget`},
		{`metric g = gauge "x"
rule a on model { when avg(g, 1m) > 2 summary "{avg(k, 1m)} {modell}" }`, `"k" is not a metric`},
		{`metric g = gauge "x"
rule a on model { when avg(g, 1m) > 2
  summary "{avg(g, 1m)} {modell}" }`, `"modell" is not a label`},
	} {
		file, errs := syntax.Parse("x.rules", c.source)
		_, more := Compile([]*syntax.File{file}, CompileOptions{})
		all := syntax.Join(errs, more).Error()
		if !strings.Contains(all, c.want) {
			t.Errorf("%s\nwant %s, got\n%s", c.source, c.want, all)
		}
	}
}

func TestCompileSharesWindows(t *testing.T) {
	p := compileSource(t, `
metric a = counter "x_total"
metric b = counter "x_total" where status = "500"
metric same = counter "x_total"
let share = ratio(b, a, 1m)
rule one on model { when share > 5% and rate(a, 1m) > 1 }
rule two on model { when share > 1% or rate(same, 1m) > 1 }
rule three on region { when share > 1% }
`)
	if len(p.metrics) != 2 || len(p.scopes) != 2 {
		t.Fatalf("%d metrics, %d scopes", len(p.metrics), len(p.scopes))
	}
	if n := len(p.scopes[0].terms); n != 3 {
		t.Errorf("%d terms on model, want ratio, rate(a) and rate(same) as written", n)
	}
	for _, m := range p.metrics {
		if len(m.specs) != 1 {
			t.Errorf("%s has the windows %v, want one that all share", m.name, m.specs)
		}
	}
}

func TestCompileRule(t *testing.T) {
	p := compileSource(t, `
metric latency = histogram "x"
metric requests = counter "y"
route chat { models "a", "b" guard dwell 5m, max 3 per 1h return after 20m, probe 4 of 5 apply file, "web-hook" }
route fixed { models "a" return never mode approve }
rule cause on model { when rate(requests, 1m) > 3 }
rule slow on model, region {
  when p95(latency, 1m) > 2s
  require increase(requests, 1m) >= 30
  for 3 of 5
  recover p95(latency, 5m) < 1.2s for 3m
  missing clear after 1m
  severity critical
  because cause
  dedup by model for 15m
  switch chat
  notify oncall
  mode shadow
}
`)
	chat, fixed := p.Routes()[0], p.Routes()[1]
	if chat.Dwell != 5*time.Minute || chat.MaxSwitches != 3 || chat.MaxPer != time.Hour || chat.ReturnAfter != 20*time.Minute ||
		chat.ProbePass != 4 || chat.ProbeTries != 5 || strings.Join(chat.Apply, " ") != "file web-hook" || strings.Join(chat.Models, " ") != "a b" {
		t.Errorf("%+v", chat)
	}
	if !fixed.ReturnNever || fixed.Mode != Approve || fixed.ReturnAfter != 10*time.Minute {
		t.Errorf("%+v", fixed)
	}
	r := p.rules[1]
	want := policy{n: 3, m: 5, ownRecover: true, recoverHold: 3 * time.Minute, missing: missingClear, missingAfter: time.Minute}
	if r.policy != want {
		t.Errorf("%+v", r.policy)
	}
	i := r.info
	if i.Severity != Critical || i.Mode != Shadow || i.DedupFor != 15*time.Minute || len(i.Hash) != 64 || i.Position != "test.rules:7" ||
		strings.Join(append(append(append(append(i.Because, i.DedupBy...), i.Switch...), i.Notify...), i.On...), " ") != "cause model chat oncall model region" {
		t.Errorf("%+v", i)
	}
}

// TestCompileSurvivesBrokenFiles: what could not be read is reported by Parse; Compile says what it
// can of the rest, and does not fall over what is missing.
func TestCompileSurvivesBrokenFiles(t *testing.T) {
	whole := chatRules + `
route chat { models "a", "b" guard dwell 5m, max 3 per 1h return after 20m, probe 4 of 5 }
test "x" { every 5s
  requests{model="a"} counts 10/s
  at 5m rule slow{model="a"} is firing
  at 5m route chat serves "a" }`
	for cut := range len(whole) {
		for _, source := range []string{whole[:cut], whole[cut:], whole[:cut] + "}" + whole[cut:], whole[:cut] + whole[min(cut+3, len(whole)):]} {
			file, errs := syntax.Parse("x.rules", source)
			p, more := Compile([]*syntax.File{file}, CompileOptions{})
			if p != nil && len(more) > 0 || p == nil && len(errs)+len(more) == 0 {
				t.Fatalf("%d: program %v, errors %v", cut, p, more)
			}
		}
	}
}
