package demo

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/guptarohit/asciigraph"
)

// Tell writes the story for somebody who sees Heddle for the first time.
func (s *Story) Tell(w io.Writer) error {
	out := &strings.Builder{}
	s.tellTimeline(out)
	s.tellChart(out)
	s.tellNumbers(out)
	_, err := io.WriteString(w, out.String())
	return err
}

// at is a moment as seconds since the start.
func (s *Story) at(t time.Time) string { return fmt.Sprintf("%5.1f s", t.Sub(s.Start).Seconds()) }

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

func (s *Story) tellTimeline(w io.Writer) {
	left, back := s.Moves[0], s.Moves[1]
	well := between(s.outcomes, s.Start, s.Degraded)
	bad := between(s.outcomes, s.Degraded, left.Applied)
	away := between(s.outcomes, left.Applied, back.Applied)
	again := between(s.outcomes, back.Applied, s.End)

	fmt.Fprint(w, "\nWhat happened\n\n")
	line := func(at time.Time, format string, args ...any) {
		fmt.Fprintf(w, "  %s  %s\n", s.at(at), strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "\n           "))
	}
	line(s.Start, "Users' requests arrive, %.0f a second. The route %q sends them to %s:\n%s of the answers are right.",
		float64(len(well))/s.Degraded.Sub(s.Start).Seconds(), routeName, primary, percent(shareRight(well)))
	line(s.Degraded, "Behind the name %s, the snapshot of March 2023 is replaced by that of June.\nNobody is told. From here on %s of the answers are right.",
		primary, percent(shareRight(bad)))
	line(left.Decided, "Heddle notices: %s.\nThe route goes to %s.", left.Reason, left.To)
	line(left.Applied, "From here on %s answers: %s right.", left.To, percent(shareRight(away)))
	line(s.Restored, "The snapshot of March comes back behind %s.", primary)
	line(back.Decided, "%s has been well for as long as the rules ask: %s.\nThe route returns to it.", primary, back.Reason)
	line(back.Applied, "%s answers again: %s right.", back.To, percent(shareRight(again)))
}

// chartWidth leaves room for the axis in 80 columns.
const chartWidth, chartHeight = 66, 8

func (s *Story) tellChart(w io.Writer) {
	fmt.Fprintf(w, "\nShare of right answers of %s over time, as `heddle query` shows it\n\n", primary)
	fmt.Fprintln(w, asciigraph.Plot(s.quality, asciigraph.Width(chartWidth), asciigraph.Height(chartHeight), asciigraph.Precision(2)))
	// The route under it, on the same scale.
	from := s.Start.Add(chartLead)
	column := func(t time.Time) int { return int(chartWidth * t.Sub(from) / s.End.Sub(from)) }
	left, back := column(s.Moves[0].Applied), column(s.Moves[1].Applied)
	segment := func(name string, width int) string {
		return "├" + name + strings.Repeat("─", max(0, width-len(name)-1))
	}
	fmt.Fprintf(w, "route %s%s%s┤\n", segment(primary, left), segment(backup, back-left), segment(primary, chartWidth-back))
}

func (s *Story) tellNumbers(out io.Writer) {
	left, back := s.Moves[0], s.Moves[1]
	trouble := between(s.outcomes, s.Degraded, s.Restored)

	fmt.Fprint(out, "\nThe numbers\n\n")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	row := func(what, format string, args ...any) {
		fmt.Fprintf(w, "  %s\t%s\n", what, fmt.Sprintf(format, args...))
	}
	row("model gets worse → route applied", "%.1f s, %d answers as evidence", left.Applied.Sub(s.Degraded).Seconds(), len(between(s.outcomes, s.Degraded, left.Decided)))
	row("rule broken → decided", "%s", ms(left.Decided.Sub(s.Broken.Arrived)))
	row("decided → applied and read back", "%s", ms(left.Applied.Sub(left.Decided)))
	row("model is well again → route returned", "%.1f s", back.Applied.Sub(s.Restored).Seconds())
	row("right answers while "+primary+" was bad", "%s, against %s had the route stayed", percent(shareRight(trouble)), percent(shareRightAlone(trouble)))
	row("journal", "%d events, checked: none changed, none missing", s.Events)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }
