package actions

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/neuroweaver/heddle/actions/alert"
	"github.com/neuroweaver/heddle/actions/journal"
	"github.com/neuroweaver/heddle/actions/route"
)

// The buckets of the journal's state, each with the key of its rows.
const (
	bucketInstance = "instance" // rule and labels
	bucketRoute    = "route"    // name
	bucketAlert    = "alert"    // ID
	bucketSilence  = "silence"  // ID
	bucketOutbox   = "outbox"   // order
	bucketDead     = "dead"     // order
	bucketMeta     = "meta"     // "manager"
)

// routeRow is a route as it is kept.
type routeRow struct {
	State  route.State `json:"state"`
	Flight *flight     `json:"flight"`
}

// metaRow is what is kept of the manager itself.
type metaRow struct {
	Paused bool   `json:"paused"`
	Rules  string `json:"rules"`
}

const metaKey = "manager"

// restore rebuilds everything from the journal.
func (m *Manager) restore(ctx context.Context) error {
	return firstError(
		func() error {
			return restore(ctx, m.journal, bucketMeta, func(row metaRow) error {
				m.table.Paused, m.rules = row.Paused, row.Rules
				return nil
			})
		},
		func() error {
			return restore(ctx, m.journal, bucketInstance, func(i *route.Instance) error {
				m.table.Evidence.Restore(i)
				return nil
			})
		},
		func() error {
			return restore(ctx, m.journal, bucketRoute, func(row routeRow) error {
				if row.Flight == nil {
					return fmt.Errorf("route %s has no flight", row.State.Name)
				}
				for _, target := range row.Flight.Targets {
					target.Disabled, target.Pending, target.Attempts = false, false, 0
				}
				m.table.Restore(row.State)
				m.flights[row.State.Name] = row.Flight
				return nil
			})
		},
		func() error {
			return restore(ctx, m.journal, bucketAlert, func(a *alert.Alert) error {
				m.book.Restore(a)
				m.restoreCondition(a)
				return nil
			})
		},
		func() error { return restore(ctx, m.journal, bucketSilence, m.book.RestoreSilence) },
		func() error { return restore(ctx, m.journal, bucketOutbox, m.outbox.restore) },
		func() error { return restore(ctx, m.journal, bucketDead, m.outbox.restoreDead) },
	)
}

// restore hands each row of a bucket to take.
func restore[T any](ctx context.Context, j *journal.Journal, bucket string, take func(T) error) error {
	for body, err := range j.Rows(ctx, bucket) {
		var row T
		if err == nil {
			err = json.Unmarshal([]byte(body), &row)
		}
		if err == nil {
			err = take(row)
		}
		if err != nil {
			return fmt.Errorf("the journal's state, bucket %s: %w", bucket, err)
		}
	}
	return nil
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
