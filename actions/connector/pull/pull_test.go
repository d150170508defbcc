package pull

import (
	"testing"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/connector/conformance"
)

// What a gateway holds is what it acknowledged last; it lives on when the server dies.
func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T) conformance.Target {
		gateway := map[string]connector.Reading{}
		models := map[string]string{}
		return conformance.Target{
			Open: func(func(string) error) connector.Connector { return New(0) },
			Acknowledge: func(c connector.Connector, route string, epoch uint64) {
				models[route] = c.(*Connector).routes[route].assignment.To
				gateway[route] = connector.Reading{Epoch: epoch, Model: models[route]}
				if err := c.(*Connector).Acknowledge(route, epoch, "gw"); err != nil {
					t.Error(err)
				}
			},
			Holds: func(route string) connector.Reading { return gateway[route] },
		}
	})
}

func TestSeveralGatewaysMustAcknowledge(t *testing.T) {
	c := New(2)
	a := conformance.Assignment("chat", 3, "m")
	f := func(confirmed bool) {
		t.Helper()
		if receipt, err := c.Apply(t.Context(), a); err != nil || receipt.Confirmed != confirmed || receipt.Pending == confirmed {
			t.Errorf("%+v %v", receipt, err)
		}
	}
	ack := func(ok bool, route string, epoch uint64, who string) {
		t.Helper()
		if err := c.Acknowledge(route, epoch, who); (err == nil) != ok {
			t.Error(err)
		}
	}
	ack(false, "chat", 3, "one")
	f(false)
	ack(true, "chat", 3, "one")
	ack(true, "chat", 3, "one")
	ack(true, "chat", 2, "two")
	f(false)
	ack(false, "chat", 4, "two")
	ack(false, "code", 3, "two")
	ack(true, "chat", 3, "two")
	f(true)
	a = conformance.Assignment("chat", 4, "n")
	f(false)
}
