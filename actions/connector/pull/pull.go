// Package pull is for gateways that come for the route themselves: they poll it, or hold its stream
// open, and acknowledge the epoch that they serve.
package pull

import (
	"context"
	"fmt"
	"sync"

	"github.com/neuroweaver/heddle/actions/connector"
)

// Connector remembers what was offered and who has it.
type Connector struct {
	acks int
	// mu guards routes.
	mu     sync.Mutex
	routes map[string]*offer
}

// offer is the newest assignment of a route and the gateways that hold it; at most acks of them.
type offer struct {
	assignment connector.Assignment
	holders    map[string]bool
}

// New needs the word of so many different gateways; 0 means 1.
func New(acks int) *Connector {
	return &Connector{acks: max(acks, 1), routes: map[string]*offer{}}
}

// Capabilities: gateways see weights and epochs, and never go back to an older epoch by themselves.
func (c *Connector) Capabilities() connector.Capabilities {
	return connector.Capabilities{ReadBack: true, Fence: true, Weights: true, Document: true, Acknowledges: true}
}

// Apply offers the assignment. The receipt is pending until enough gateways hold it; Apply is then
// called again.
func (c *Connector) Apply(_ context.Context, a connector.Assignment) (connector.Receipt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.routes[a.Route]
	if o == nil || o.assignment.Epoch < a.Epoch {
		o = &offer{assignment: a, holders: map[string]bool{}}
		c.routes[a.Route] = o
	}
	if o.assignment.Epoch > a.Epoch || o.assignment.To != a.To {
		return connector.Receipt{}, &connector.FencedError{Holds: o.reading(), Offered: a.Epoch}
	}
	held := len(o.holders) >= c.acks
	return connector.Receipt{Confirmed: held, Pending: !held}, nil
}

// Read says what is on offer. Nothing outlives the process: the journal knows who acknowledged.
func (c *Connector) Read(_ context.Context, route string) (connector.Reading, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o := c.routes[route]; o != nil {
		return o.reading(), nil
	}
	return connector.Reading{}, nil
}

func (o *offer) reading() connector.Reading {
	return connector.Reading{Epoch: o.assignment.Epoch, Model: o.assignment.Serving()}
}

// Acknowledge takes a gateway's word. An epoch that is no longer on offer is passed over: the gateway
// is on its way.
func (c *Connector) Acknowledge(route string, epoch uint64, who string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.routes[route]
	if o == nil || epoch > o.assignment.Epoch {
		return fmt.Errorf("epoch %d of route %q has not been offered", epoch, route)
	}
	if epoch == o.assignment.Epoch && len(o.holders) < c.acks {
		o.holders[who] = true
	}
	return nil
}
