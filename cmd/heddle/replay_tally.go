package main

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/prometheus/common/model"

	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/tsdb"
)

// replayTally sums up a replay.
type replayTally struct {
	samples                 int
	first, last             time.Time
	alerts, resolved, moves int
	flaps                   int
	lastMove                map[string]time.Time
}

func (t *replayTally) batch(b *tsdb.Batch) {
	for i := range b.Rows {
		t.samples += len(b.Rows[i].Series)
	}
	if t.first.IsZero() {
		t.first = b.Arrived
	}
	t.last = b.Arrived
}

// flapWithin is how soon a second move of a route makes a flap of the first.
const flapWithin = 10 * time.Minute

func (t *replayTally) event(e rules.Event) {
	switch e.Type {
	case "alert":
		t.alerts++
	case "resolve":
		t.resolved++
	case "switch":
		t.moves++
		if t.lastMove == nil {
			t.lastMove = map[string]time.Time{}
		}
		if last, ok := t.lastMove[e.Route]; ok && e.Time.Sub(last) < flapWithin {
			t.flaps++
		}
		t.lastMove[e.Route] = e.Time
	}
}

func (t *replayTally) String() string {
	if t.samples == 0 {
		return "no samples of the metrics that the rules look at"
	}
	span := t.last.Sub(t.first)
	text := fmt.Sprintf("%s over %s: %s, %d resolved; %s of routes, %d of them within %s of the one before",
		humanize.Comma(int64(t.samples))+" samples", span.Round(time.Second), count(t.alerts, "alert"), t.resolved, count(t.moves, "move"), t.flaps, model.Duration(flapWithin))
	if week := 7 * 24 * time.Hour; span > time.Hour {
		text += fmt.Sprintf("; %.1f alerts a week", float64(t.alerts)*float64(week)/float64(span))
	}
	return text
}
