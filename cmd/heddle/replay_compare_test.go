package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/rules"
)

// TestDifferences: events are paired by what happens, however their reasons differ, and by their times.
func TestDifferences(t *testing.T) {
	at := func(seconds int, kind, model, reason string) rules.Event {
		return rules.Event{Time: time.Unix(int64(seconds), 0), Type: kind, Rule: "slow", Labels: map[string]string{"model": model}, Reason: reason}
	}
	moves := rules.Event{Time: time.Unix(100, 0), Type: "switch", Route: "chat", Action: "switch", From: "a", To: "b"}
	old := []rules.Event{
		at(100, "alert", "a", "3 > 2"), moves, at(200, "resolve", "a", ""), at(300, "alert", "a", ""), at(300, "alert", "b", ""), at(10000, "alert", "a", ""), at(20000, "alert", "a", ""),
	}
	fresh := []rules.Event{
		at(100, "alert", "a", "3 > 1"), moves, at(215, "resolve", "a", ""), at(10, "alert", "c", ""), at(290, "alert", "a", ""), at(9000, "alert", "a", ""), at(20000, "alert", "a", ""),
	}
	var b strings.Builder
	for _, d := range differences(old, fresh) {
		b.WriteString(d.mark())
		for _, e := range []*rules.Event{d.old, d.fresh} {
			if e != nil {
				fmt.Fprintf(&b, " %s %s %d", e.Type, e.Labels["model"], e.Time.Unix())
			}
		}
		b.WriteByte('\n')
	}
	const want = `+ alert c 10
~ resolve a 200 resolve a 215
~ alert a 300 alert a 290
- alert b 300
+ alert a 9000
- alert a 10000
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
