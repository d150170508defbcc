// Package receiver is how people are told: one interface, one small package for each kind below it.
package receiver

import (
	"context"
	"encoding/json"
	"time"
)

// Message is one notification. It is the same, byte for byte, in every attempt to deliver it.
type Message struct {
	// ID is stable over retries, so that a receiver can tell a repeat from news.
	ID string
	// Type is "heddle.alert.firing" or "heddle.alert.resolved".
	Type string
	// Subject is the rule.
	Subject string
	// Time is when it happened.
	Time time.Time
	// Data is the JSON object of the notification, in the form that docs/actions.md fixes.
	Data json.RawMessage
}

// Receiver delivers messages to one address. Deliver is called concurrently for different alerts;
// the messages of one alert come one after the other. The error is a *connector.RefusedError where
// trying again cannot help, a *connector.RetryError where the receiver named a pause, anything else
// where it may help.
type Receiver interface {
	Deliver(ctx context.Context, m Message) error
}
