package actions

import (
	"context"
	"io"

	"github.com/neuroweaver/heddle/actions/journal"
)

// Journal returns the events that f selects.
func (m *Manager) Journal(ctx context.Context, f journal.Filter) ([]journal.Event, error) {
	return m.journal.Read(ctx, f)
}

// VerifyJournal checks the journal's chain and names its first broken link.
func (m *Manager) VerifyJournal(ctx context.Context) (journal.Report, error) {
	return m.journal.Verify(ctx)
}

// ExportJournal writes the events that f selects as one JSON object a line.
func (m *Manager) ExportJournal(ctx context.Context, w io.Writer, f journal.Filter) error {
	return m.journal.Export(ctx, w, f)
}

// Deliveries are what the journal has of the notifications of an alert, oldest first.
func (m *Manager) Deliveries(ctx context.Context, alertID string) ([]journal.Event, error) {
	return m.journal.Read(ctx, journal.Filter{Kinds: []string{"alert", "delivery", "dead_letter"}, Alert: alertID, Limit: journal.MaxLimit})
}

// durable waits for a ticket.
func (m *Manager) durable(t *journal.Ticket) error { return t.Wait(context.Background()) }
