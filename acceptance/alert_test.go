package acceptance

import (
	"encoding/json"
	"testing"
	"time"
)

// alertRules tells people only.
const alertRules = `
metric score = gauge "model_quality_score"

rule poor on model {
  when     last(score, 10s) < 70%
  for      0s
  severity critical
  summary  "{model} scores {last(score, 10s)}"
  notify   oncall
}
`

// alerted is the data of heddle.alert.firing and heddle.alert.resolved.
type alerted struct {
	Rule     string             `json:"rule"`
	Severity string             `json:"severity"`
	State    string             `json:"state"`
	Labels   map[string]string  `json:"labels"`
	Summary  string             `json:"summary"`
	Values   map[string]float64 `json:"values"`
	StartsAt time.Time          `json:"starts_at"`
	EndsAt   *time.Time         `json:"ends_at"`
}

// TestAlertWebhook follows one alert to a receiver that fails at first: every delivery is signed, a retry
// keeps its identifier, and firing and resolving are two events.
func TestAlertWebhook(t *testing.T) {
	t.Parallel()
	const refused = 2
	receiver := newReceiver(t, refused)
	files := storyFiles(receiver.URL)
	files["chat.rules"] = alertRules
	s := newServer(t, files)

	p := s.push(200*time.Millisecond, map[string]float64{"atlas": well})
	time.Sleep(time.Second)
	if n := len(receiver.taken("heddle.alert.firing")); n != 0 {
		t.Fatalf("%d alerts while all was well", n)
	}
	p.set <- map[string]float64{"atlas": poor}
	eventually(t, "the alert is delivered, after two refusals", func() bool {
		return len(receiver.taken("heddle.alert.firing")) > refused
	})
	p.set <- map[string]float64{"atlas": well}
	eventually(t, "the end of the alert is delivered", func() bool {
		return len(receiver.taken("heddle.alert.resolved")) > 0
	})
	p.stop()

	firing := receiver.taken("heddle.alert.firing")
	if len(firing) != refused+1 {
		t.Errorf("%d deliveries of the alert, want %d", len(firing), refused+1)
	}
	for i, d := range firing[1:] {
		if d.ID != firing[0].ID || string(d.Event.Data) != string(firing[0].Event.Data) {
			t.Errorf("retry %d has the identifier %s and the data %s, the first had %s and %s", i+1, d.ID, d.Event.Data, firing[0].ID, firing[0].Event.Data)
		}
		if d.Timestamp.Before(firing[i].Timestamp) {
			t.Errorf("retry %d is dated %v, before %v", i+1, d.Timestamp, firing[i].Timestamp)
		}
	}
	resolved := receiver.taken("heddle.alert.resolved")
	if resolved[0].ID == firing[0].ID {
		t.Error("firing and resolved have the same webhook-id")
	}

	var fired, ended alerted
	if err := json.Unmarshal(firing[0].Event.Data, &fired); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(resolved[0].Event.Data, &ended); err != nil {
		t.Fatal(err)
	}
	if fired.Rule != "poor" || firing[0].Event.Subject != "poor" || fired.Severity != "critical" || fired.State != "firing" ||
		fired.Labels["model"] != "atlas" || fired.Summary != "atlas scores 40%" || fired.Values["last(score, 10s)"] != poor ||
		fired.StartsAt.IsZero() {
		t.Errorf("the alert is %s", firing[0].Event.Data)
	}
	if ended.State != "resolved" || !ended.StartsAt.Equal(fired.StartsAt) || ended.EndsAt == nil || ended.EndsAt.Before(fired.StartsAt) {
		t.Errorf("its end is %s", resolved[0].Event.Data)
	}
}
