package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules"
)

// shiftWithin is how far apart the same event of two sets of rules may be to count as one that moved:
// longer than most holds, shorter than most incidents.
const shiftWithin = 5 * time.Minute

// sameTime is how far apart two events may be and still be at one time, to a person: timers ring between
// the arrivals of samples.
const sameTime = time.Second

// compare prints what two sets of rules do differently on the same data.
func (c ReplayCmd) compare(env *Env, program *rules.Program) error {
	before, err := loadProgram(env, c.Compare)
	if err != nil {
		return err
	}
	replay := func(program *rules.Program) (events []rules.Event, tally replayTally, err error) {
		err = c.replay(env, program, &tally, func(e rules.Event) error {
			events = append(events, e)
			return nil
		})
		return events, tally, err
	}
	old, oldTally, err := replay(before)
	if err != nil {
		return err
	}
	fresh, freshTally, err := replay(program)
	if err != nil {
		return err
	}
	found := differences(old, fresh)
	for _, d := range found {
		if err := d.print(env.Stdout, c.JSON); err != nil {
			return err
		}
	}
	if c.Quiet || c.JSON {
		return nil
	}
	marks := map[string]int{}
	for _, d := range found {
		marks[d.mark()]++
	}
	_, err = fmt.Fprintf(env.Stdout, "old rules: %s\nnew rules: %s\n%d events with the old rules only, %d with the new rules only, %d at another time\n",
		&oldTally, &freshTally, marks["-"], marks["+"], marks["~"])
	return err
}

// difference is an event that one set of rules has, or that both have at different times.
type difference struct {
	old, fresh *rules.Event
}

// at is where the difference stands in a timeline.
func (d difference) at() time.Time {
	if d.fresh != nil {
		return d.fresh.Time
	}
	return d.old.Time
}

func (d difference) mark() string {
	switch {
	case d.fresh == nil:
		return "-"
	case d.old == nil:
		return "+"
	}
	return "~"
}

// differences pairs the events of two replays, each in the order of their times, by what happens: the
// values in their reasons do not matter.
func differences(old, fresh []rules.Event) (found []difference) {
	waiting := map[string][]*rules.Event{} // of the old ones, by what happens
	for i := range old {
		key := happening(&old[i])
		waiting[key] = append(waiting[key], &old[i])
	}
	for i := range fresh {
		e := &fresh[i]
		key := happening(e)
		list := waiting[key]
		for len(list) > 0 && list[0].Time.Before(e.Time.Add(-shiftWithin)) {
			found = append(found, difference{old: list[0]})
			list = list[1:]
		}
		switch {
		case len(list) == 0 || list[0].Time.After(e.Time.Add(shiftWithin)):
			found = append(found, difference{fresh: e})
		case e.Time.Sub(list[0].Time).Abs() < sameTime:
			list = list[1:]
		default:
			found = append(found, difference{list[0], e})
			list = list[1:]
		}
		waiting[key] = list
	}
	for _, list := range waiting {
		for _, e := range list {
			found = append(found, difference{old: e})
		}
	}
	slices.SortStableFunc(found, func(a, b difference) int { return a.at().Compare(b.at()) })
	return found
}

// happening tells events apart by what happens, without when and why.
func happening(e *rules.Event) string {
	if e.Type == "switch" {
		return fmt.Sprintf("%q %q %q %q", e.Route, e.Action, e.From, e.To)
	}
	return fmt.Sprintf("%s %s %q %s", e.Type, e.Severity, e.Rule, labels.FromMap(e.Labels))
}

func (d difference) print(w io.Writer, asJSON bool) error {
	e := d.fresh
	if e == nil {
		e = d.old
	}
	if asJSON {
		line, err := e.MarshalJSON()
		if err != nil {
			return err
		}
		with := map[string]string{"-": `"old"`, "+": `"new"`, "~": `"both"`}[d.mark()]
		if d.mark() == "~" {
			with += fmt.Sprintf(`,"old_ts_ms":%d`, d.old.Time.UnixMilli())
		}
		_, err = fmt.Fprintf(w, `{"with":%s,%s`, with, line[1:])
		return err
	}
	moved := ""
	if d.mark() == "~" {
		by, direction := d.fresh.Time.Sub(d.old.Time), "later"
		if by < 0 {
			by, direction = -by, "earlier"
		}
		moved = fmt.Sprintf("  (%s %s than with the old rules)", by.Round(time.Second), direction)
	}
	_, err := fmt.Fprintf(w, "%s %s  %s%s\n", d.mark(), replayTime(e.Time), e, moved)
	return err
}
