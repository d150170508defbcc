package rules

import (
	"slices"
	"testing"
	"time"
)

// TestForget: what says nothing for a day is let go, with a word to the routes, and met anew when it
// comes again; what fires is kept, however long it is silent.
func TestForget(t *testing.T) {
	b := newBench(t, `
metric latency = gauge "latency_seconds"
route chat { models "a", "b" }
rule slow on model { when avg(latency, 10s) > 2s switch chat }
rule by on model, region { when avg(latency, 10s) > 2s }`)
	b.every(time.Second, 20*time.Second, `latency_seconds{model="a"}`, 0.5, `latency_seconds{model="b"}`, 5, `latency_seconds{model="c",region="eu"}`, 1)
	b.want("a:known b:pending c:known b:firing")
	b.wait(23 * time.Hour)
	b.told = nil
	b.wait(2 * time.Hour)
	var gone []string
	for _, tr := range b.told {
		if tr.Removed {
			gone = append(gone, tr.Labels.Get("model"))
		}
	}
	slices.Sort(gone)
	if !slices.Equal(gone, []string{"a", "c"}) {
		t.Errorf("forgotten: %v", gone)
	}
	if n := len(b.engine.Instances()); n != 1 {
		t.Errorf("%d instances are left", n)
	}
	if s := b.status("slow", "b"); s.State != Firing {
		t.Errorf("%+v", s)
	}
	b.told = nil
	b.every(time.Second, 20*time.Second, `latency_seconds{model="a"}`, 5)
	if s := b.status("slow", "a"); s.State != Firing {
		t.Errorf("%+v", s)
	}
}
