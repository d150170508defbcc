package webhook

import (
	"encoding/json"
	"fmt"
	"time"
)

// Event is a CloudEvent 1.0. Its ID is also the webhook-id, and stays the same over retries.
type Event struct {
	ID, Type, Subject string
	Time              time.Time
	// Data is a JSON value.
	Data json.RawMessage
}

// maxBodyBytes bounds what goes out; the standard asks for less than 20 KiB as a rule, and a listing
// of fifty symptoms may exceed that.
const maxBodyBytes = 256 << 10

// body is the event in the JSON format of CloudEvents.
func (e Event) body() ([]byte, error) {
	body, err := json.Marshal(struct {
		SpecVersion string          `json:"specversion"`
		ID          string          `json:"id"`
		Source      string          `json:"source"`
		Type        string          `json:"type"`
		Subject     string          `json:"subject"`
		Time        string          `json:"time"`
		ContentType string          `json:"datacontenttype"`
		Data        json.RawMessage `json:"data"`
	}{"1.0", e.ID, "heddle", e.Type, e.Subject, e.Time.UTC().Format(timeFormat), "application/json", e.Data})
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", e.ID, err)
	}
	if len(body) > maxBodyBytes {
		return nil, fmt.Errorf("event %s has %d bytes, over the bound of %d", e.ID, len(body), maxBodyBytes)
	}
	return body, nil
}

// timeFormat is RFC 3339 with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"
