package actions

import (
	"testing"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/rules"
)

// BenchmarkDecisionToWebhook is the way from the rules' word to the gateway: one transaction of the
// journal and one request on a warm connection.
func BenchmarkDecisionToWebhook(b *testing.B) {
	w := newWorld(b)
	gateway := newPeer(b, echo)
	w.connector("gateway", connector.Config{Type: "webhook", URL: gateway.URL})
	m, _ := w.run()
	slow, model := w.infos[0], "a"
	other := map[string]string{"a": "b", "b": "a"}
	for b.Loop() {
		now := w.advance(1)
		epoch, _ := m.Route("chat")
		m.Handle(now, []rules.Transition{ends(slow, other[model], now), fires(slow, model, now)})
		<-gateway.arrived
		b.StopTimer()
		model = other[model]
		serves(b, m, model, epoch.Epoch+1)
		b.StartTimer()
	}
}

// BenchmarkHandle is one transition that moves nothing.
func BenchmarkHandle(b *testing.B) {
	w := newWorld(b)
	m, _ := w.run()
	for b.Loop() {
		now := w.advance(1)
		m.Handle(now, []rules.Transition{says(w.infos[0], "a", rules.Inactive, rules.Pending, now)})
	}
}

// BenchmarkHandleMany is a thousand transitions of as many models in one call.
func BenchmarkHandleMany(b *testing.B) {
	w := newWorld(b)
	m, _ := w.run()
	for b.Loop() {
		now := w.advance(1)
		var ts []rules.Transition
		for range 1000 {
			ts = append(ts, says(w.infos[0], "a", rules.Inactive, rules.Pending, now))
		}
		m.Handle(now, ts)
	}
}
