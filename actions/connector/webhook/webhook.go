// Package webhook tells a gateway by signed webhook what a route is to serve. The gateway's answer
// {"epoch":7} is the read-back; a 2xx answer without it means that the gateway took the assignment and
// says no more.
package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/webhook"
)

// Connector posts to one gateway.
type Connector struct {
	post *webhook.Client
	get  *webhook.Client // nil: what the gateway holds cannot be read
	try  *webhook.Client // nil: models cannot be probed
	// step, in tests, is called before each step; its error ends the attempt as a crash would.
	step func(name string) error
}

// New takes a valid configuration of type webhook.
func New(config connector.Config) (*Connector, error) {
	timeout := config.Timeout
	if timeout == 0 {
		timeout = connector.DefaultTimeout
	}
	c := &Connector{step: func(string) error { return nil }}
	for _, part := range []struct {
		client  **webhook.Client
		address string
		key     string
	}{{&c.post, config.URL, "url"}, {&c.get, config.ReadURL, "read_url"}, {&c.try, config.ProbeURL, "probe_url"}} {
		if part.address == "" {
			continue
		}
		client, err := webhook.NewClient(part.address, config.SecretFile, timeout)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.key, err)
		}
		*part.client = client
	}
	return c, nil
}

// Close drops the connections.
func (c *Connector) Close() error {
	for _, client := range []*webhook.Client{c.post, c.get, c.try} {
		if client != nil {
			client.Close()
		}
	}
	return nil
}

// Capabilities: weights are in the message; the fence is the gateway's.
func (c *Connector) Capabilities() connector.Capabilities {
	return connector.Capabilities{ReadBack: c.get != nil, Weights: true}
}

// answer is what a gateway may say of a route.
type answer struct {
	Epoch   uint64 `json:"epoch"`
	Serving string `json:"serving"`
}

func (a answer) reading() connector.Reading {
	return connector.Reading{Epoch: a.Epoch, Model: a.Serving}
}

// Apply posts the assignment.
func (c *Connector) Apply(ctx context.Context, a connector.Assignment) (connector.Receipt, error) {
	data, err := json.Marshal(struct {
		Route   string             `json:"route"`
		Epoch   uint64             `json:"epoch"`
		Action  string             `json:"action"`
		From    string             `json:"from"`
		To      string             `json:"to"`
		Weights map[string]float64 `json:"weights"`
		Reason  string             `json:"reason"`
	}{a.Route, a.Epoch, a.Action, a.From, a.To, a.Weights, a.Reason})
	if err != nil {
		return connector.Receipt{}, &connector.RefusedError{Err: err}
	}
	if err := c.step("post"); err != nil {
		return connector.Receipt{}, err
	}
	reply, err := c.post.Post(ctx, webhook.Event{
		ID: eventID(a), Type: "heddle.route.switch", Subject: a.Route, Time: a.Decided, Data: data,
	}, time.Now())
	if err == nil {
		err = c.step("reply")
	}
	if err != nil {
		return connector.Receipt{}, fenced(err, a.Epoch)
	}
	var said answer
	if json.Unmarshal(reply, &said) != nil || said.Epoch == 0 {
		return c.readBack(ctx, a)
	}
	return judge(said.reading(), a)
}

// readBack asks the gateway what it holds after an answer that did not say, where it can be asked.
func (c *Connector) readBack(ctx context.Context, a connector.Assignment) (connector.Receipt, error) {
	if c.get == nil {
		return connector.Receipt{}, nil
	}
	holds, err := c.Read(ctx, a.Route)
	if err != nil {
		return connector.Receipt{}, err
	}
	return judge(holds, a)
}

// judge holds what was read back against what was told.
func judge(holds connector.Reading, a connector.Assignment) (connector.Receipt, error) {
	switch {
	case holds.Epoch > a.Epoch, holds.Epoch == a.Epoch && holds.Model != "" && holds.Model != a.Serving() && holds.Model != a.To:
		return connector.Receipt{}, &connector.FencedError{Holds: holds, Offered: a.Epoch}
	case holds.Epoch < a.Epoch:
		return connector.Receipt{}, &connector.UnverifiedError{Holds: holds, Offered: a.Epoch}
	}
	return connector.Receipt{Confirmed: true}, nil
}

// fenced recognises a gateway's 409 with {"epoch":9} as the refusal of an older epoch.
func fenced(err error, offered uint64) error {
	var status *webhook.StatusError
	if !errors.As(err, &status) || status.Status != http.StatusConflict {
		return err
	}
	var said answer
	if json.Unmarshal(status.Body, &said) != nil || said.Epoch < offered {
		return err
	}
	return &connector.FencedError{Holds: said.reading(), Offered: offered}
}

// Read asks the gateway's read_url.
func (c *Connector) Read(ctx context.Context, route string) (connector.Reading, error) {
	if c.get == nil {
		return connector.Reading{}, connector.ErrCannotRead
	}
	now := time.Now()
	reply, err := c.get.Get(ctx, requestID("read", route, now), url.Values{"route": {route}}, now)
	if err != nil {
		var status *webhook.StatusError
		if errors.As(err, &status) && status.Status == http.StatusNotFound {
			return connector.Reading{}, nil // it has never heard of the route
		}
		return connector.Reading{}, err
	}
	var said answer
	if err := json.Unmarshal(reply, &said); err != nil {
		return connector.Reading{}, fmt.Errorf(`read_url: the answer is not like {"epoch":7,"serving":"…"}: %w`, err)
	}
	return said.reading(), nil
}

// CanProbe reports whether there is a probe_url.
func (c *Connector) CanProbe() bool { return c.try != nil }

// Probe asks the gateway to send one synthetic request to the model.
func (c *Connector) Probe(ctx context.Context, route, model string) error {
	now := time.Now()
	data, err := json.Marshal(map[string]string{"route": route, "model": model})
	if err != nil {
		return err
	}
	_, err = c.try.Post(ctx, webhook.Event{
		ID: requestID("probe", route, now), Type: "heddle.route.probe", Subject: route, Time: now, Data: data,
	}, now)
	return err
}

// eventID names an assignment: the same in every attempt, even after a restart, and another for an
// epoch of the same number in another life of the journal.
func eventID(a connector.Assignment) string {
	return requestID(fmt.Sprint("switch ", a.Epoch), a.Route, a.Decided)
}

func requestID(what, route string, at time.Time) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", what, route, at.UnixNano()))
	return "hdl_" + hex.EncodeToString(sum[:12])
}
