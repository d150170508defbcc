package syntax

import "strings"

// statements prints the statements of a test. In a paragraph, stimuli are lined up at their verbs
// and expectations behind their times.
func (p *printer) statements(statements []Statement) {
	for start := 0; start < len(statements); {
		end := start + 1
		for end < len(statements) && !startsParagraph(statements[end]) {
			end++
		}
		p.paragraph(statements[start:end])
		start = end
	}
}

func startsParagraph(s Statement) bool {
	leading := s.trivia().Leading
	return len(leading) > 0 && leading[0] == ""
}

func (p *printer) paragraph(statements []Statement) {
	seriesWidth, timeWidth := 0, 0
	for _, s := range statements {
		switch s := s.(type) {
		case *Stimulus:
			seriesWidth = max(seriesWidth, len([]rune(formatSeries(s.Metric, s.Matchers))))
		case *At:
			timeWidth = max(timeWidth, len(s.Time.Text))
		}
	}
	for _, s := range statements {
		p.comments(indentation, s.trivia().Leading)
		text := ""
		switch s := s.(type) {
		case *Every:
			text = "every " + s.Interval.Text
		case *Stimulus:
			segments := make([]string, len(s.Segments))
			for i, segment := range s.Segments {
				segments[i] = formatSegment(segment)
			}
			text = pad(formatSeries(s.Metric, s.Matchers), seriesWidth) + " " + s.Verb.Text + " " + join(segments)
		case *At:
			text = "at " + pad(s.Time.Text, timeWidth) + " " + formatExpectation(s)
		}
		p.line(indentation+text, s.trivia().Trailing)
	}
}

// formatSeries prints a name with its matchers as in PromQL: slow{model="gpt-4o"}.
func formatSeries(name Name, matchers []Matcher) string {
	if len(matchers) == 0 {
		return name.Text
	}
	return name.Text + "{" + joinMatchers(matchers, "") + "}"
}

func formatSegment(s Segment) string {
	text := ""
	switch s.Kind {
	case Nothing:
		text = "nothing"
	case Stale:
		text = "stale"
	case Reset:
		text = "reset"
	case Rate:
		text = s.From.Text + "/" + s.Per.Text
		if s.To != nil {
			text += " to " + s.To.Text + "/" + s.Per.Text
		}
	case Value:
		text = s.From.Text
		if s.To != nil {
			text += " to " + s.To.Text
		}
		if s.Observations != nil {
			text += " at " + s.Observations.Text + "/" + s.ObservationsPer.Text
		}
	}
	return text + formatOptional(" for ", s.For)
}

func formatExpectation(a *At) string {
	switch {
	case a.Rule != nil:
		return "rule " + formatSeries(a.Rule.Rule, a.Rule.Matchers) + " is " + a.Rule.State.Text
	case a.Route != nil:
		return "route " + a.Route.Route.Text + " serves " + quote(a.Route.Model.Value)
	case a.Alert.Not:
		return "alert " + formatSeries(a.Alert.Rule, a.Alert.Matchers) + " is not " + a.Alert.Outcome.Text
	default:
		return "alert " + formatSeries(a.Alert.Rule, a.Alert.Matchers) + " is " + a.Alert.Outcome.Text
	}
}

func join(texts []string) string { return strings.Join(texts, ", ") }
