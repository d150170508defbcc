// Package webhook tells people's tools by signed webhook.
package webhook

import (
	"context"
	"time"

	"github.com/neuroweaver/heddle/actions/receiver"
	"github.com/neuroweaver/heddle/actions/webhook"
)

// Receiver posts to one address.
type Receiver struct{ client *webhook.Client }

// New checks the address and reads the secret.
func New(config receiver.Webhook) (*Receiver, error) {
	timeout := config.Timeout
	if timeout == 0 {
		timeout = receiver.DefaultTimeout
	}
	client, err := webhook.NewClient(config.URL, config.SecretFile, timeout)
	if err != nil {
		return nil, err
	}
	return &Receiver{client}, nil
}

// Deliver posts the message; its ID is the webhook-id.
func (r *Receiver) Deliver(ctx context.Context, m receiver.Message) error {
	_, err := r.client.Post(ctx, webhook.Event{ID: m.ID, Type: m.Type, Subject: m.Subject, Time: m.Time, Data: m.Data}, time.Now())
	return err
}

// Close drops the connections.
func (r *Receiver) Close() error { return r.client.Close() }
