package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Story is what happened in a demo.
type Story struct {
	Start, Degraded, Restored, End time.Time
	// Moves are the switches of the route as the journal has them.
	Moves []move
	// Broken is when the rule broke for the primary.
	Broken firing
	// Events is how many events the journal has; they were found whole.
	Events int
	// quality is the primary's share of right answers as the query endpoint has it, every chartStep.
	quality  []float64
	outcomes []outcome
}

// move is a switch in the journal.
type move struct {
	Time    time.Time `json:"time"`
	Action  string    `json:"action"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Epoch   uint64    `json:"epoch"`
	Reason  string    `json:"reason"`
	Decided time.Time `json:"decided_at"`
	Applied time.Time `json:"applied_at"`
}

// firing is the moment at which the rule broke, in the journal.
type firing struct {
	To string `json:"to"`
	// Arrived is when the request came in whose samples broke the rule.
	Arrived time.Time `json:"arrived"`
	Reason  string    `json:"reason"`
}

// collect asks the server for its side of the story, and checks that it is the story.
func (s *Story) collect(ctx context.Context, server string) error {
	var switches struct {
		Events []move `json:"events"`
	}
	if err := get(ctx, server+"/api/v1/journal?kind=switch&route="+routeName, &switches); err != nil {
		return err
	}
	s.Moves = switches.Events
	if len(s.Moves) != 2 || s.Moves[0].To != backup || s.Moves[1].To != primary {
		return fmt.Errorf("%w: the journal has the switches %+v", errNoStory, s.Moves)
	}
	var transitions struct {
		Events []firing `json:"events"`
	}
	if err := get(ctx, server+"/api/v1/journal?kind=transition&model="+primary, &transitions); err != nil {
		return err
	}
	broken := slices.IndexFunc(transitions.Events, func(f firing) bool { return f.To == "firing" })
	if broken < 0 {
		return fmt.Errorf("%w: the journal has a switch and no rule that fired", errNoStory)
	}
	s.Broken = transitions.Events[broken]
	var report struct {
		Events int              `json:"events"`
		Broken *json.RawMessage `json:"broken"`
	}
	if err := get(ctx, server+"/api/v1/journal/verify", &report); err != nil {
		return err
	}
	if report.Broken != nil {
		return fmt.Errorf("%w: the journal is broken: %s", errNoStory, *report.Broken)
	}
	s.Events = report.Events
	return s.askQuality(ctx, server)
}

const (
	// chartStep is the distance of two points of the chart.
	chartStep = 250 * time.Millisecond
	// chartLead is cut off the beginning, where there are too few answers for a share.
	chartLead = time.Second
)

// askQuality reads the primary's quality by PromQL: the same numbers that the rule saw.
func (s *Story) askQuality(ctx context.Context, server string) error {
	seconds := func(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }
	query := url.Values{
		"query": {fmt.Sprintf(`increase(heddle_score_sum{model=%[1]q}[3s]) / increase(heddle_score_count{model=%[1]q}[3s])`, primary)},
		"start": {seconds(s.Start.Add(chartLead))},
		"end":   {seconds(s.End)},
		"step":  {chartStep.String()},
	}
	var answer struct {
		Data struct {
			Result []struct {
				Values [][2]json.RawMessage `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := get(ctx, server+"/api/v1/query_range?"+query.Encode(), &answer); err != nil {
		return err
	}
	if len(answer.Data.Result) != 1 {
		return fmt.Errorf("the store has %d series of the quality of %s, not one", len(answer.Data.Result), primary)
	}
	for _, point := range answer.Data.Result[0].Values {
		var text string
		if err := json.Unmarshal(point[1], &text); err != nil {
			return err
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return err
		}
		s.quality = append(s.quality, value)
	}
	return nil
}

// get asks the server for JSON.
func get(ctx context.Context, url string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s: %s", url, response.Status, text)
	}
	return json.Unmarshal(text, into)
}

// between are the outcomes of requests that arrived in [from, to); outcomes are in the order of time.
func between(outcomes []outcome, from, to time.Time) []outcome {
	first, last := 0, len(outcomes)
	for first < last && outcomes[first].at.Before(from) {
		first++
	}
	for last > first && !outcomes[last-1].at.Before(to) {
		last--
	}
	return outcomes[first:last]
}

// shareRight is the share of right answers that users got.
func shareRight(outcomes []outcome) float64 {
	return share(outcomes, func(o outcome) bool { return o.correct })
}

// shareRightAlone is the share that they would have got from the primary.
func shareRightAlone(outcomes []outcome) float64 {
	return share(outcomes, func(o outcome) bool { return o.primaryCorrect })
}

func share(outcomes []outcome, counts func(outcome) bool) float64 {
	n := 0
	for _, o := range outcomes {
		if counts(o) {
			n++
		}
	}
	return float64(n) / float64(max(len(outcomes), 1))
}
